/** One row of the table: our side, and where there is a peer its two recipes, in turns. */
import { availableParallelism } from 'node:os';
import path from 'node:path';
import { alternate } from './alternate.ts';
import { startContender, type About, type Contender, type RoundTime } from './contender.ts';
import { composeBench } from './our-work.ts';
import { overridesOf, type Row } from './rows.ts';

export interface MeasureOptions {
  readonly rounds: number;
  /** Images in a step. */
  readonly batch: number;
  /** Side of the images in pixels; the row's own unless told. */
  readonly size: number | undefined;
  /** A Python with what bench/peer/requirements.txt asks for; undefined for our side alone. */
  readonly peer: string | undefined;
  /** What the tuned recipe computes in; faster: whichever of the two is. */
  readonly precision: PeerPrecision;
  /** Overrides of our side's settings, in every row. */
  readonly overrides: readonly string[];
  readonly tell: (line: string) => void;
}

export type PeerPrecision = 'float32' | 'bfloat16' | 'faster';

export interface SideResult {
  readonly name: string;
  readonly about: About;
  readonly times: readonly RoundTime[];
  readonly peak_memory_mb: number;
}

export interface RowResult {
  readonly row: string;
  readonly size: number;
  readonly batch: number;
  readonly overrides: readonly string[];
  /** Ours first. */
  readonly sides: readonly SideResult[];
}

const PEER = path.join(import.meta.dirname, 'peer/serve.py');
const OURS = path.join(import.meta.dirname, 'our-side.ts');
/** Rounds of a trial after its first, which pays for first calls. */
const TRIAL_ROUNDS = 2;

/** Starts the sides of a row, lets them work in turns, and ends them. Throws what a side complains of. */
export async function measureRow(row: Row, options: MeasureOptions): Promise<RowResult> {
  const { batch, rounds, peer, tell } = options;
  const size = options.size ?? row.size;
  const overrides = overridesOf(row, batch, options.overrides);
  const kind = row.work === 'evaluate' ? 'evaluate' : 'step';
  const { runtime } = await composeBench(overrides);
  const running: Contender[] = [];
  try {
    if (peer !== undefined) {
      const common = peerArguments(row, batch, size, runtime.threads ?? availableParallelism());
      running.push(await startContender('reference', peer, [...common, '--recipe', 'reference']));
      running.push(await startTuned(peer, [...common, '--recipe', 'tuned'], options.precision, tell));
    }
    const ours = [...process.execArgv, OURS, kind, String(size), ...overrides];
    running.unshift(await startContender('ours', process.execPath, ours));
    const times = await alternate(running, rounds);
    const sides: SideResult[] = [];
    for (const [at, side] of running.entries()) {
      const { name, about } = side;
      sides.push({ name, about, times: times[at]!, ...(await side.end()) });
    }
    return { row: row.name, size, batch, overrides, sides };
  } catch (error) {
    running.forEach((side) => side.kill());
    throw error;
  }
}

function peerArguments(row: Row, batch: number, size: number, threads: number): string[] {
  const numbers = { batch, size, threads };
  return [
    PEER,
    ...['--work', row.work, '--network', row.network],
    ...Object.entries(numbers).flatMap(([name, value]) => [`--${name}`, String(value)]),
  ];
}

/** The hand-tuned recipe in the precision that was asked for, or in the one that a short trial finds faster. */
async function startTuned(
  peer: string,
  args: readonly string[],
  precision: PeerPrecision,
  tell: (line: string) => void,
): Promise<Contender> {
  const start = (chosen: string): Promise<Contender> =>
    startContender('tuned', peer, [...args, '--precision', chosen]);
  if (precision !== 'faster') return start(precision);
  const started: Contender[] = [];
  try {
    for (const each of ['float32', 'bfloat16']) started.push(await start(each));
    const [plain, mixed] = started as [Contender, Contender];
    const [plainMs, mixedMs] = await trial(plain, mixed);
    const [kept, left] = mixedMs < plainMs ? [mixed, plain] : [plain, mixed];
    left.kill();
    tell(
      `tuned: ${kept.about.precision} is the faster one here (float32 ${plainMs.toFixed(0)} ms, bfloat16 ${mixedMs.toFixed(0)} ms a round)`,
    );
    return kept;
  } catch (error) {
    started.forEach((side) => side.kill());
    throw error;
  }
}

/** The fewest milliseconds of each; a side whose first round took four times as long as the other's best gets no second one. */
async function trial(plain: Contender, mixed: Contender): Promise<[number, number]> {
  const bests: [number, number] = [Infinity, Infinity];
  for (let round = 0; round <= TRIAL_ROUNDS; round++) {
    bests[0] = Math.min(bests[0], (await plain.round()).ms);
    if (round > 0 && bests[1] > 4 * bests[0]) continue;
    bests[1] = Math.min(bests[1], (await mixed.round()).ms);
  }
  return bests;
}
