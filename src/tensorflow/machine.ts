/** What the machine's processor or GPU says of itself, as far as the choice of a precision asks. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';

/** Questions to a machine; a test answers them for machines that are not at hand. */
export interface Machine {
  /** `x64` or `arm64`, Node's names. */
  readonly arch: string;
  /** Whether TensorFlow may use oneDNN, which has the kernels for such instructions. */
  readonly oneDnn: boolean;
  /** Feature flags of the processor as Linux names them (`amx_bf16`, `avx512_bf16`, `bf16`); empty where none are told. */
  processorFlags(): ReadonlySet<string>;
  /** Compute capability of each NVIDIA GPU; null where the driver's nvidia-smi does not say. */
  computeCapabilities(): readonly number[] | null;
}

/** The machine that this process runs on. */
export const thisMachine: Machine = {
  arch: process.arch,
  get oneDnn() {
    return !['0', 'false'].includes((process.env['TF_ENABLE_ONEDNN_OPTS'] ?? '').toLowerCase());
  },
  processorFlags: () => {
    if (process.platform === 'darwin') {
      return new Set(answer('sysctl', ['-n', 'hw.optional.arm.FEAT_BF16'])?.trim() === '1' ? ['bf16'] : []);
    }
    const file = '/proc/cpuinfo';
    return existsSync(file) ? flagsOf(readFileSync(file, 'utf8')) : new Set();
  },
  computeCapabilities: () => {
    const lines = answer('nvidia-smi', ['--query-gpu=compute_cap', '--format=csv,noheader']);
    return lines === null ? null : capabilitiesOf(lines);
  },
};

/** Flags of the first processor in the text of /proc/cpuinfo: its line `flags` (x86) or `Features` (ARM). */
export function flagsOf(cpuinfo: string): ReadonlySet<string> {
  const line = /^(?:flags|Features)\s*:\s*(.*)$/m.exec(cpuinfo)?.[1] ?? '';
  return new Set(line.split(/\s+/).filter((flag) => flag !== ''));
}

/** Numbers such as 8.6, one a line of nvidia-smi's answer; null where a line is none. */
export function capabilitiesOf(lines: string): readonly number[] | null {
  const capabilities = lines.trim().split('\n').map(Number);
  return lines.trim() === '' || capabilities.some(Number.isNaN) ? null : capabilities;
}

/** What a program prints; null where there is no such program, or it fails. */
function answer(program: string, parameters: readonly string[]): string | null {
  try {
    return execFileSync(program, parameters, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'ignore'] });
  } catch {
    return null; // the caller says what it does without an answer
  }
}
