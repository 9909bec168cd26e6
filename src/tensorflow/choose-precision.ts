/** In which precision networks compute: as asked for, or by what the machine has hardware for. Either way it is said, with the reason. */
import type { Precision } from '../ops/precision.ts';
import { thisMachine, type Machine } from './machine.ts';

export interface ChosenPrecision {
  readonly precision: Precision;
  /** Why, as the end of a sentence. */
  readonly reason: string;
  /** What speaks against it on this machine; null for nothing. */
  readonly warning: string | null;
}

/** Flags of x86 processors with instructions for bfloat16 that TensorFlow's convolutions use (through oneDNN). */
const BFLOAT16_FLAGS = ['amx_bf16', 'avx512_bf16'] as const;

/** For which narrow types TensorFlow's convolutions on a device are made: fast, and adding up in float32. */
export function nativeConvolutions(
  device: 'cpu' | 'gpu',
  machine: Machine = thisMachine,
): Readonly<Record<'bfloat16' | 'float16', boolean>> {
  // cuDNN has both, or says which it lacks
  if (device === 'gpu') return { bfloat16: true, float16: true };
  const flags = machine.processorFlags();
  return { bfloat16: machine.oneDnn && BFLOAT16_FLAGS.some((flag) => flags.has(flag)), float16: false };
}

/**
 * The precision that a setting means on a machine.
 *
 * `auto` takes bfloat16 where a processor of x86 has AMX or AVX512 for it or the GPU has compute capability 8, float16 on a GPU of
 * capability 7, and float32 elsewhere. On ARM processors, with the feature or without, what bfloat16 gains has not been measured, so
 * `auto` leaves it alone there. Of several GPUs the weakest decides.
 */
export function choosePrecision(
  setting: Precision | 'auto',
  device: 'cpu' | 'gpu',
  machine: Machine = thisMachine,
): ChosenPrecision {
  const best = device === 'gpu' ? bestOnGpu(machine) : bestOnProcessor(machine);
  if (setting === 'auto') return { precision: best.precision, reason: best.reason, warning: null };
  const slow = setting !== 'float32' && !best.fast.includes(setting);
  return {
    precision: setting,
    reason: 'runtime.precision asks for it',
    warning: slow
      ? `${setting} gains nothing here, for ${best.reason}: it is computed in float32 and rounded. runtime.precision=auto takes what is fast`
      : null,
  };
}

/** One line for the log, or null where there is nothing to tell: float32 because it was asked for. */
export function tellPrecision(
  setting: Precision | 'auto',
  { precision, reason, warning }: ChosenPrecision,
): string | null {
  if (warning !== null) return `warning: ${warning}`;
  return setting === 'float32' ? null : `networks compute in ${precision}: ${reason}`;
}

interface Best {
  readonly precision: Precision;
  readonly reason: string;
  /** Narrow types that are no slower than float32. */
  readonly fast: readonly Precision[];
}

function bestOnProcessor(machine: Machine): Best {
  const flags = machine.processorFlags();
  const found = BFLOAT16_FLAGS.find((flag) => flags.has(flag));
  if (found !== undefined && machine.oneDnn) {
    return { precision: 'bfloat16', reason: `the processor has ${found}`, fast: ['bfloat16'] };
  }
  if (found !== undefined) {
    const reason = `TF_ENABLE_ONEDNN_OPTS=0 keeps TensorFlow from the processor’s ${found}`;
    return { precision: 'float32', reason, fast: [] };
  }
  if (machine.arch === 'arm64' && flags.has('bf16')) {
    const reason = 'the processor has ARM’s bf16, but what that gains with TensorFlow was never measured';
    return { precision: 'float32', reason, fast: [] };
  }
  return {
    precision: 'float32',
    reason: `the processor has none of ${BFLOAT16_FLAGS.join(', ')}`,
    fast: [],
  };
}

function bestOnGpu(machine: Machine): Best {
  const capabilities = machine.computeCapabilities();
  if (capabilities === null) {
    return { precision: 'float32', reason: 'nvidia-smi does not tell what the GPU can do', fast: [] };
  }
  const capability = Math.min(...capabilities);
  const reason = `the GPU has compute capability ${capability.toFixed(1)}`;
  if (capability >= 8) return { precision: 'bfloat16', reason, fast: ['bfloat16', 'float16'] };
  if (capability >= 7) return { precision: 'float16', reason, fast: ['float16'] };
  return { precision: 'float32', reason, fast: [] };
}
