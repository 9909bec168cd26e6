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

/** Trains, resumes and tests what is left; what is done is passed over. */
export async function executeRuns(runs: readonly FoundRun[], options: ExecuteOptions): Promise<Executed> {
  const { label, jobs, out, stop } = options;
  const left = runs.filter(({ state }) => state.kind !== 'done');
  const rounds = countRounds(left);
  let current = '';
  const line = openProgress({ label: () => `${label} ${current}`, unit: 'round', steps: rounds.total, out });
  const failed: { run: StudyRun; message: string }[] = [];
  let [next, interrupted] = [0, false];
  const work = async (): Promise<void> => {
    while (next < left.length && !stop.aborted) {
      const { run, state } = left[next++]!;
      const name = `run ${runs.findIndex((each) => each.run === run) + 1} of ${runs.length}: ${run.name}`;
      line.note(`${name}${STARTS[state.kind]}`);
      try {
        const ended = await startRun(orderOf(run, state), stop, (report) => {
          if (report.kind !== 'round') return;
          current = name;
          line.update(rounds.after(run, report.round), report.losses, report.images);
        });
        if (ended === 'interrupted') interrupted = true;
        else line.note(`${name}, done after ${readRunStatus(run.dir).minutes.toFixed(1)} minutes of training`);
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

const STARTS = { new: '', resume: ', gone on with', test: ', tested', done: '' } as const;

function orderOf(run: StudyRun, state: RunState): RunOrder {
  const { name, dir, config, yaml, on, overrides } = run;
  return {
    ...{ name, dir, config, yaml, command: trainCommand(overrides) },
    state: state.kind === 'done' ? 'test' : state.kind,
    on: state.kind === 'test' ? state.on : [null, ...on],
  };
}

/** Rounds of all runs together, those that resumed runs have behind them left out. */
function countRounds(left: readonly FoundRun[]): {
  readonly total: number;
  /** How many are behind after a run's round. */
  readonly after: (run: StudyRun, round: number) => number;
} {
  const starts = new Map(left.map(({ run, state }) => [run, firstRound(run, state)]));
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
function firstRound({ dir, config }: StudyRun, state: RunState): number {
  if (state.kind === 'new') return 0;
  if (state.kind !== 'resume') return config.game.rounds;
  const newest = listCheckpoints(path.join(dir, 'checkpoints')).at(-1)!;
  return Number(/\d+/.exec(path.basename(newest))![0]);
}
