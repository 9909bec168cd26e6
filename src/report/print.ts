/** Numbers as a report writes them. */
import type { OverSeeds } from '../evaluation/seeds.ts';
import type { Cell } from '../reports/tables.ts';
import type { SeedFigures } from './figures.ts';

/** `+0.012`, `−0.004`. */
export function signed(value: number, digits = 3): string {
  return (value < 0 ? '−' : '+') + Math.abs(value).toFixed(digits);
}

/** `0.912 ± 0.011`, the standard deviation over seeds; of one seed the figure alone. */
export function meanAndSd({ mean, sd }: OverSeeds, digits = 3): string {
  return sd === null ? mean.toFixed(digits) : `${mean.toFixed(digits)} ± ${sd.toFixed(digits)}`;
}

/** A cell of a figure over seeds; a dash where it has no mean. */
export function seedCell({ over, interval }: SeedFigures): Cell {
  if (over === null) return '–';
  return over.seeds === 1 ? { value: over.mean, interval } : meanAndSd(over);
}

/** A probability: two digits, and no more than the resamples can tell. */
export function printP(p: number): string {
  return p >= 0.01 ? p.toFixed(2) : p.toPrecision(1);
}

/** `1, 2 and 3`. */
export function listed(items: readonly (string | number)[]): string {
  if (items.length < 2) return items.join('');
  return `${items.slice(0, -1).join(', ')} and ${items.at(-1)}`;
}
