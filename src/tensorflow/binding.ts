/**
 * Opens TensorFlow in this process, once: environment first, then the native binding, then a look at its device.
 * Only train.ts, evaluate.ts and reports/ (and scripts that measure) need it; everything else works on tfjs's engine.
 */
import { existsSync, realpathSync } from 'node:fs';
import { createRequire } from 'node:module';
import { totalmem } from 'node:os';
import path from 'node:path';
import type * as tfjsNode from '@tensorflow/tfjs-node';
import type { NodeBackend } from './backend.ts';
import { withoutGreeting } from './native-log.ts';

const require = createRequire(import.meta.url);

export type TensorFlow = typeof tfjsNode;

export interface EngineOptions {
  /** `gpu` is an error where TensorFlow finds none; `cpu` leaves a GPU alone that is there. */
  readonly device: 'cpu' | 'gpu';
  /** Threads that one operation is spread over; default: one for each core. */
  readonly threads?: number;
}

let opened: { readonly tf: TensorFlow; readonly options: EngineOptions } | undefined;

/**
 * TensorFlow's own engine under TensorFlow.js: the namespace of `@tensorflow/tfjs-node`, with its backend current.
 * Further calls return the same. Throws if the binding is not there, if `gpu` is asked for and TensorFlow finds none,
 * or if other threads or another device are asked for than those that the process was opened with.
 */
export function openTensorFlow(options: EngineOptions): TensorFlow {
  if (opened === undefined) {
    const { threads } = options;
    if (threads !== undefined && !(Number.isInteger(threads) && threads > 0)) {
      throw new Error(`threads must be a whole number above 0, not ${threads}`);
    }
    const binding = bindingFile();
    prepareEnvironment(options);
    keepFreedMemory();
    restoreRemovedUtilities();
    const tf = withoutGreeting(() => require('@tensorflow/tfjs-node') as TensorFlow);
    if (options.device === 'gpu') requireGpu(tf, binding);
    opened = { tf, options };
  }
  for (const key of ['device', 'threads'] as const) {
    if (options[key] !== undefined && options[key] !== opened.options[key]) {
      throw new Error(
        `TensorFlow is open with ${key} ${opened.options[key] ?? 'by default'} in this process and cannot change to ${options[key]}: start another process`,
      );
    }
  }
  return opened.tf;
}

/** Where set-up links the compiled binding; the real file behind the link. */
export function bindingFile(): string {
  const folder = path.dirname(require.resolve('@tensorflow/tfjs-node/package.json'));
  const file = path.join(folder, 'lib/napi-v8/tfjs_binding.node');
  if (!existsSync(file)) throw new Error(`TensorFlow's binding is missing (${file}): run \`npm run setup\``);
  return realpathSync(file);
}

/** TensorFlow reads these when its library is loaded and its context made, never again. */
function prepareEnvironment({ device, threads }: EngineOptions): void {
  // 2 = errors only; otherwise every start tells about oneDNN and instruction sets.
  process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
  if (threads !== undefined) {
    process.env['TF_NUM_INTRAOP_THREADS'] = String(threads);
    process.env['OMP_NUM_THREADS'] = String(threads);
  }
  // The binding takes a GPU whenever it sees one.
  if (device === 'cpu') process.env['CUDA_VISIBLE_DEVICES'] = '-1';
}

/**
 * Makes TensorFlow keep what is freed, in an allocator of its own (best fit with coalescing, the one it has for GPUs). A training step
 * frees and asks again for the same hundreds of megabytes: glibc would give blocks that large back to the kernel and fault them
 * in again, up to a third of a step's time, or, told to keep them, scatter small blocks between them, so that memory grows for many steps.
 * The price: memory once used stays with the process.
 */
function keepFreedMemory(): void {
  process.env['TF_CPU_ALLOCATOR_USE_BFC'] ??= '1';
  // its own limit of 64 GB would be an error on machines that have more
  process.env['TF_CPU_BFC_MEM_LIMIT_IN_MB'] ??= String(Math.ceil(totalmem() / 2 ** 20));
}

/** Node 23 removed two functions that tfjs-node 4.22 calls with every operation. */
function restoreRemovedUtilities(): void {
  const util = require('node:util') as Record<string, unknown>;
  util['isNullOrUndefined'] ??= (value: unknown) => value === null || value === undefined;
  util['isArray'] ??= Array.isArray;
}

function requireGpu(tf: TensorFlow, binding: string): void {
  if ((tf.backend() as unknown as NodeBackend).isUsingGpuDevice) return;
  throw new Error(
    /-gpu-/.test(path.basename(path.dirname(binding)))
      ? 'a GPU was asked for and TensorFlow finds none: see what `nvidia-smi` says, and what TensorFlow says with ' +
          'TF_CPP_MIN_LOG_LEVEL=0 in the environment; or use runtime=cpu'
      : 'a GPU was asked for and TensorFlow is installed for the CPU: run `npm run setup -- --gpu`, or use runtime=cpu',
  );
}
