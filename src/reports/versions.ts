/** What a run was made with: enough to make it again. */
import { execFileSync } from 'node:child_process';
import { availableParallelism, cpus } from 'node:os';

/** What only the caller knows. */
export interface RunFacts {
  /** The command line that started the run. */
  readonly command: string;
  readonly seed: number;
  readonly tfjs: string;
  readonly tensorflow: string;
  /** Threads that TensorFlow computes on; results are only bit-equal for equal numbers. */
  readonly threads: number;
  /** In what networks computed, and why: `auto` chooses anew at each start. */
  readonly precision: string;
  readonly precisionReason: string;
}

export interface Versions extends RunFacts {
  readonly startedAt: string;
  readonly node: string;
  readonly platform: string;
  readonly cpu: string;
  readonly cpuThreads: number;
  /** The code's git commit, with `+changes` if the checkout differs from it; null outside a git checkout. */
  readonly commit: string | null;
}

/** Completes `facts` by what the machine and the checkout say. */
export function collectVersions(facts: RunFacts): Versions {
  return {
    startedAt: new Date().toISOString(),
    ...facts,
    node: process.version,
    platform: `${process.platform} ${process.arch}`,
    cpu: cpus()[0]?.model ?? 'unknown',
    cpuThreads: availableParallelism(),
    commit: gitCommit(import.meta.dirname),
  };
}

/** Commit of the checkout that holds `folder`; null if there is none, or no git. */
export function gitCommit(folder: string): string | null {
  const git = (...parameters: string[]): string =>
    execFileSync('git', parameters, {
      cwd: folder,
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'ignore'],
    }).trim();
  try {
    return (
      git('rev-parse', 'HEAD') +
      (git('status', '--porcelain', '--untracked-files=no') === '' ? '' : '+changes')
    );
  } catch {
    return null; // not a checkout, or git is not installed: a run needs neither
  }
}
