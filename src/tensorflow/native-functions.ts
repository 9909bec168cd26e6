/** The C functions of native/functions.cc, typed. */
import { createRequire } from 'node:module';
import type * as Koffi from 'koffi';
import { bindingFile } from './binding.ts';

const require = createRequire(import.meta.url);

export interface NativeFunctions {
  /** Whether TensorFlow's operations are to be remembered. */
  watch(wanted: boolean): void;
  /** What the last operation was told, defaults and inferred types included, as a NameAttrList message. */
  last(): Uint8Array;
  /** Makes an operation of a GraphDef, with inputs in0… and the outputs at these [node, output] places. Throws why not. */
  define(
    name: string,
    graph: Uint8Array,
    inputs: number,
    outputs: readonly (readonly [number, number])[],
  ): void;
  /** Forgets an operation that was defined. */
  remove(name: string): void;
  /** The OpDef message of an operation. Throws if there is none of this name. */
  definition(name: string): Uint8Array;
}

let loaded: NativeFunctions | undefined;

/** Finds the functions in the binding, which must be open. */
export function nativeFunctions(): NativeFunctions {
  return (loaded ??= load());
}

function load(): NativeFunctions {
  const koffi = require('koffi') as typeof Koffi;
  // The file is loaded already, so this opens the same library and not another.
  const library = koffi.load(bindingFile());
  const watch = library.func('void deepfake_game_watch(bool wanted)');
  const last = library.func('size_t deepfake_game_last(uint8_t* attributes, size_t capacity)');
  const define = library.func(
    'const char* deepfake_game_define(const char* name, const uint8_t* graph, size_t length, int32_t inputs, int32_t outputs, const int32_t* places)',
  );
  const remove = library.func('const char* deepfake_game_remove(const char* name)');
  const definition = library.func(
    'size_t deepfake_game_definition(const char* name, uint8_t* definition, size_t capacity)',
  );
  const check = (problem: string | null): void => {
    if (problem !== null) throw new Error(`TensorFlow refused a function: ${problem}`);
  };
  const room = new Uint8Array(1 << 16);
  return {
    watch: (wanted) => {
      watch(wanted);
    },
    last: () => {
      const length = last(room, room.length) as number;
      if (length > room.length)
        throw new Error(`an operation has ${length} bytes of attributes: more than foreseen`);
      return room.slice(0, length);
    },
    define: (name, graph, inputs, outputs) => {
      const places = Int32Array.from(outputs.flat());
      check(define(name, graph, graph.length, inputs, outputs.length, places) as string | null);
    },
    remove: (name) => {
      check(remove(name) as string | null);
    },
    definition: (name) => {
      const length = definition(name, room, room.length) as number;
      if (length === 0 || length > room.length) {
        throw new Error(`TensorFlow has no operation ${name}, or says too much of it (${length} bytes)`);
      }
      return room.slice(0, length);
    },
  };
}
