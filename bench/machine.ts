/** Where something was measured. */
import { availableParallelism, cpus, release, type } from 'node:os';
import { gitCommit } from '../src/reports/versions.ts';

export interface Machine {
  readonly cpu: string;
  readonly cores: number;
  readonly system: string;
  readonly node: string;
  /** The code's git commit, with `+changes` where the checkout differs from it; null outside a git checkout. */
  readonly commit: string | null;
}

/** The machine and the code that this process runs on. */
export function machineOf(): Machine {
  return {
    cpu: cpus()[0]?.model.trim() ?? 'unknown',
    cores: availableParallelism(),
    system: `${type()} ${release()}`,
    node: process.version,
    commit: gitCommit(import.meta.dirname),
  };
}
