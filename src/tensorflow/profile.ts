/**
 * What the process spends its time on: operations of TensorFlow, as they pass through the binding, and the phases that they belong to. On the CPU an
 * operation is computed within its call, so its time is its own; on a GPU a call only starts it, and the time shows where something is read.
 */
import { watchPhases } from '../ops/phase.ts';
import { nodeBackend } from './backend.ts';

/** A stretch of time; microseconds since the recording began. */
export interface Span {
  readonly kind: 'op' | 'phase';
  readonly name: string;
  readonly start: number;
  readonly duration: number;
  /** The phases around it, outermost first. */
  readonly within: readonly string[];
  /** Of an operation's first output. */
  readonly shape: readonly number[] | null;
}

type Binding = Record<string, unknown>;
type Call = (...args: unknown[]) => unknown;

/** The binding's calls that compute or copy; of the first the operation's name is its first argument. */
const EXECUTE = 'executeOp';
const COPIES: Readonly<Record<string, string>> = {
  createTensor: 'to TensorFlow',
  tensorDataSync: 'from TensorFlow',
};

/**
 * Records operations and phases while `job` runs, in the order in which they end. The engine must be open. Nothing else may profile or replace the
 * binding's calls meanwhile.
 */
export function recordSpans(job: () => void): Span[] {
  const backend = nodeBackend() as unknown as { binding: Binding };
  const real = backend.binding;
  const spans: Span[] = [];
  const began = performance.now();
  const within: string[] = [];
  const timed = (call: Call, nameOf: (args: readonly unknown[]) => string): Call => {
    return (...args) => {
      const start = performance.now();
      const result = call(...args);
      const end = performance.now();
      const shape = shapeOf(result);
      const [from, duration] = [(start - began) * 1000, (end - start) * 1000];
      spans.push({ kind: 'op', name: nameOf(args), start: from, duration, within: [...within], shape });
      return result;
    };
  };
  // the binding is a native object whose calls ask for it as their `this`, and cannot be replaced on it
  const bound: Binding = {};
  for (const name of Object.getOwnPropertyNames(real)) {
    const value = real[name];
    bound[name] = typeof value === 'function' ? (value as Call).bind(real) : value;
  }
  bound[EXECUTE] = timed(bound[EXECUTE] as Call, (args) => String(args[0]));
  for (const [call, name] of Object.entries(COPIES)) bound[call] = timed(bound[call] as Call, () => name);
  backend.binding = bound;
  watchPhases((name) => {
    const around = [...within];
    within.push(name);
    const start = performance.now();
    return () => {
      const duration = (performance.now() - start) * 1000;
      within.pop();
      const from = (start - began) * 1000;
      spans.push({ kind: 'phase', name, start: from, duration, within: around, shape: null });
    };
  });
  try {
    job();
  } finally {
    watchPhases(null);
    backend.binding = real;
  }
  return spans;
}

function shapeOf(result: unknown): readonly number[] | null {
  const first: unknown = Array.isArray(result) ? result[0] : null;
  const { shape } = (first ?? {}) as { shape?: readonly number[] };
  return shape === undefined ? null : [...shape];
}
