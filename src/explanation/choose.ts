/** Which images of a scored split are worth a picture. */
import type { ScoreRow } from '../evaluation/scores.ts';

/** Images shown together. */
export interface Group {
  /** `real`, a manipulation, `false-alarms` or `misses`. */
  readonly name: string;
  readonly rows: readonly ScoreRow[];
}

/**
 * Of the reals and of each manipulation `count` images spread evenly over the order of their scores, the least to the most suspicious; then the reals
 * that are taken for fakes with the highest scores, and the fakes that are passed as real with the lowest, where there are any.
 *
 * @param threshold a score at or above it means fake
 */
export function chooseImages(rows: readonly ScoreRow[], threshold: number, count: number): readonly Group[] {
  const order = [...rows].sort((a, b) => a.score - b.score || (a.id < b.id ? -1 : 1));
  const kinds = [...new Set(rows.map(({ manipulation }) => manipulation))].sort(
    (a, b) => Number(b === 'real') - Number(a === 'real') || (a < b ? -1 : 1),
  );
  const alarms = order.filter(({ label, score }) => label === 0 && score >= threshold).reverse();
  const misses = order.filter(({ label, score }) => label === 1 && score < threshold);
  return [
    ...kinds.map((kind) => ({
      name: kind,
      rows: spread(
        order.filter(({ manipulation }) => manipulation === kind),
        count,
      ),
    })),
    { name: 'false-alarms', rows: alarms.slice(0, count) },
    { name: 'misses', rows: misses.slice(0, count) },
  ].filter((group) => group.rows.length > 0);
}

/** `count` of the items at even distances, both ends among them; all if there are fewer. */
function spread<T>(items: readonly T[], count: number): T[] {
  if (items.length <= count) return [...items];
  if (count === 1) return [items[items.length >> 1]!];
  return Array.from({ length: count }, (_, i) => items[Math.round((i * (items.length - 1)) / (count - 1))]!);
}
