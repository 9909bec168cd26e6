/** Of several attacks on the same images, for each image the one that hurts the detector most. */
import type { ScoreRow } from '../scores.ts';

/**
 * The rows that are furthest on the wrong side: of a fake the lowest score, of a real the highest. At any threshold an image is right only
 * if it is under every attack, which is AutoAttack's robust accuracy.
 *
 * @param tables at least one, all of the same images in the same order
 * @throws if they are not
 */
export function worstCase(tables: readonly (readonly ScoreRow[])[]): ScoreRow[] {
  const [first, ...others] = tables;
  if (first === undefined) throw new Error('no attack was made, so there is no worst one');
  for (const table of others) {
    const stray = first.findIndex(({ id }, row) => table[row]?.id !== id);
    if (stray >= 0 || table.length !== first.length) {
      throw new Error(
        `the tables are not of the same images: row ${stray} is ${first[stray]?.id ?? 'missing'}`,
      );
    }
  }
  return first.map((row, i) => {
    const scores = tables.map((table) => table[i]!.score);
    return { ...row, score: row.label === 1 ? Math.min(...scores) : Math.max(...scores) };
  });
}
