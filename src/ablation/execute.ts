/** Makes the runs of a study that are not made yet, some beside each other; one that fails does not stop the others. */
import path from 'node:path';
import { listCheckpoints } from '../game/checkpoint.ts';
import { openProgress, type ProgressOptions } from '../reports/progress.ts';
import { readRunStatus } from '../reports/run-folder.ts';
import { trainCommand } from './commands.ts';
import type { RunState, StudyRun } from './run-state.ts';
import { startRun, type RunOrder } from './start-run.ts';

/** A run with what its folder holds. */
export interface FoundRun {
  readonly run: StudyRun;
  readonly state: RunState;
}

export interface ExecuteOptions {
  /** The study, for the progress line. */
  readonly label: string;
  readonly jobs: number;
  readonly out: ProgressOptions['out'];
  readonly stop: AbortSignal;
}

export interface Executed {
  readonly failed: readonly { readonly run: StudyRun; readonly message: string }[];
  /** Whether it was stopped with runs left. */
  readonly interrupted: boolean;
}

/**
 * Trains, resumes and tests what is left; what is done is passed over.
 *
 * @throws if another process is training one of the runs
 */
export async function executeRuns(runs: readonly FoundRun[], options: ExecuteOptions): Promise<Executed> {
  const { label, jobs, out, stop } = options;
  const left = runs.filter(isLeft);
  const rounds = countRounds(left);
  let current = '';
  const line = openProgress({ label: () => `${label} ${current}`, unit: 'round', steps: rounds.total, out });
  const failed: { run: StudyRun; message: string }[] = [];
  let [next, interrupted] = [0, false];
  const work = async (): Promise<void> => {
    while (next < left.length && !stop.aborted) {
      const one = left[next++]!;
      const { run, state } = one;
      const name = `run ${runs.findIndex((each) => each.run === run) + 1} of ${runs.length}: ${run.name}`;
      line.note(`${name}${STARTS[state.kind]}`);
      try {
        const ended = await startRun(orderOf(one), stop, (report) => {
          if (report.kind !== 'round') return;
          current = name;
          line.update(rounds.after(run, report.round), report.losses, report.images);
        });
        if (ended === 'interrupted') interrupted = true;
        else
          line.note(`${name}, done after ${readRunStatus(run.dir).minutes.toFixed(1)} minutes of training`);
      } catch (error) {
        const { message } = error as Error;
        failed.push({ run, message });
        line.note(`${name}, FAILED: ${message}`);
      }
    }
  };
  await Promise.all(Array.from({ length: Math.min(jobs, left.length) }, work)).finally(() => line.close());
  return { failed, interrupted: interrupted || (stop.aborted && next < left.length) };
}

const STARTS = { new: '', resume: ', gone on with', test: ', tested' } as const;

/** A run that there is something to do of. */
interface LeftRun {
  readonly run: StudyRun;
  readonly state: Exclude<RunState, { readonly kind: 'done' | 'busy' }>;
}

function isLeft(found: FoundRun): found is LeftRun {
  const { run, state } = found;
  if (state.kind === 'busy') {
    throw new Error(
      `${run.dir}: process ${state.pid} is training it. Wait for it or stop it; if ${state.pid} is another program's by now, write "interrupted" for "running" ` +
        'in its status.json',
    );
  }
  return state.kind !== 'done';
}

function orderOf({ run, state }: LeftRun): RunOrder {
  const { name, dir, config, yaml, on, overrides } = run;
  return {
    ...{ name, dir, config, yaml, command: trainCommand(overrides), state: state.kind },
    on: state.kind === 'test' ? state.on : [null, ...on],
  };
}

/** Rounds of all runs together, those that resumed runs have behind them left out. */
function countRounds(left: readonly LeftRun[]): {
  readonly total: number;
  /** How many are behind after a run's round. */
  readonly after: (run: StudyRun, round: number) => number;
} {
  const starts = new Map(left.map((one) => [one.run, firstRound(one)]));
  const done = new Map<StudyRun, number>();
  const sum = (values: Iterable<number>): number => [...values].reduce((total, value) => total + value, 0);
  return {
    total: sum(left.map(({ run }) => run.config.game.rounds - starts.get(run)!)),
    after: (run, round) => {
      done.set(run, round - starts.get(run)!);
      return sum(done.values());
    },
  };
}

/** How many rounds of a run are played. */
function firstRound({ run: { dir, config }, state }: LeftRun): number {
  if (state.kind === 'new') return 0;
  if (state.kind !== 'resume') return config.game.rounds;
  const newest = listCheckpoints(path.join(dir, 'checkpoints')).at(-1)!;
  return Number(/\d+/.exec(path.basename(newest))![0]);
}
