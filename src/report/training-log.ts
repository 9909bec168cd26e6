/** What a report tells of a training: its curves, and what it cost. */
import type { MetricLine } from '../reports/metrics-log.ts';
import type { Line } from './run-test.ts';

export interface TrainingLog {
  /** Curves by tag: losses and the AUC on val. */
  readonly curves: ReadonlyMap<string, Line>;
  /** Tags with values that are no finite numbers, and in how many of how many lines. */
  readonly broken: readonly { readonly tag: string; readonly lines: number; readonly of: number }[];
  /** Medians over the logged rounds; null where the log does not tell. */
  readonly msPerRound: number | null;
  /** The largest that was logged. */
  readonly residentMb: number | null;
  /** Of the processor while the run was training; null where its counters could not be read. */
  readonly joules: number | null;
}

/** Points that a curve is drawn with at most. */
const POINTS = 120;

/** Sums up a run's metrics.jsonl. */
export function trainingLogOf(lines: readonly MetricLine[]): TrainingLog {
  const byTag = new Map<string, MetricLine[]>();
  for (const line of lines) {
    const own = byTag.get(line.tag);
    if (own === undefined) byTag.set(line.tag, [line]);
    else own.push(line);
  }
  const finite = (tag: string): number[] =>
    (byTag.get(tag) ?? []).flatMap(({ value }) => (typeof value === 'number' ? [value] : []));
  const drawn = [...byTag].filter(([tag]) => tag === 'val/auc' || tag.startsWith('train/loss'));
  const memory = finite('memory/resident_mb');
  return {
    curves: new Map(drawn.map(([tag, own]) => [tag, lineOf(own)])),
    broken: drawn
      .map(([tag, own]) => ({
        tag,
        lines: own.filter(({ value }) => typeof value !== 'number').length,
        of: own.length,
      }))
      .filter((each) => each.lines > 0),
    msPerRound: median(finite('speed/ms_per_round')),
    joules: usedOf(finite('speed/joules')),
    residentMb: memory.length === 0 ? null : memory.reduce((most, each) => Math.max(most, each)),
  };
}

/** A resumed run counts from zero again. */
function usedOf(counted: readonly number[]): number | null {
  if (counted.length === 0) return null;
  return counted.reduce(
    (sum, value, i) => sum + value - (i > 0 && counted[i - 1]! <= value ? counted[i - 1]! : 0),
    0,
  );
}

/** Means over as many equal stretches as are drawn; values that are no numbers are left out. */
function lineOf(lines: readonly MetricLine[]): Line {
  const points = lines.flatMap(({ step, value }) => (typeof value === 'number' ? [{ step, value }] : []));
  const stretch = Math.ceil(points.length / POINTS);
  const [x, y]: [number[], number[]] = [[], []];
  for (let at = 0; at < points.length; at += stretch) {
    const part = points.slice(at, at + stretch);
    x.push(part.at(-1)!.step);
    y.push(part.reduce((sum, { value }) => sum + value, 0) / part.length);
  }
  return { x, y };
}

function median(values: readonly number[]): number | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
