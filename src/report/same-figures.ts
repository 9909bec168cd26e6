/** Whether figures that a file holds are those of the scores beside it. */

/** Sums of other orders differ by less, other scores by more. */
const TOLERANCE = 1e-9;

/**
 * The place of the first stored value that is not the computed one, such as `overall.auc.value is 0.91, the scores give 0.9`; null if there is none. Intervals are
 * not computed again: that they hold two finite numbers in order is all that is asked.
 */
export function firstDifference(computed: unknown, stored: unknown, place = ''): string | null {
  if (typeof computed === 'number') {
    const same =
      typeof stored === 'number' &&
      (stored === computed || Math.abs(stored - computed) <= TOLERANCE * Math.max(1, Math.abs(computed)));
    return same ? null : `${place} is ${String(stored)}, the scores give ${computed}`;
  }
  if (typeof computed !== 'object' || computed === null) {
    return stored === computed ? null : `${place} is ${String(stored)}, the scores give ${String(computed)}`;
  }
  if (typeof stored !== 'object' || stored === null) return `${place} is missing`;
  for (const [key, value] of Object.entries(computed)) {
    if (key === 'redrawn') continue; // of the interval
    const there = (stored as Readonly<Record<string, unknown>>)[key];
    const at = place === '' ? key : `${place}.${key}`;
    const difference = key === 'interval' ? wrongInterval(there, at) : firstDifference(value, there, at);
    if (difference !== null) return difference;
  }
  return null;
}

function wrongInterval(interval: unknown, place: string): string | null {
  if (interval === null) return null;
  const { low, high } = (interval ?? {}) as { readonly low?: unknown; readonly high?: unknown };
  return Number.isFinite(low) && Number.isFinite(high) && (low as number) <= (high as number)
    ? null
    : `${place} is ${JSON.stringify(interval)}, no two numbers in order`;
}
