/** Several sides work in turns, so that whatever else the machine does meets all of them alike. */
import type { Contender, RoundTime } from './contender.ts';

/** Rounds of a side that are not counted: allocations, thread pools, first calls of libraries. */
export const WARM_UP = 2;

/** Between turns: the threads of a side that has finished may wait for work in a busy loop for a moment. */
const PAUSE_MS = 20;

/**
 * Warms up, then lets every side work `rounds` times. In each round all work once, one after the other, and who goes first changes from
 * round to round.
 *
 * @returns the times of each side by its place in `sides`; the i-th of all of them were measured next to one another
 */
export async function alternate(sides: readonly Contender[], rounds: number): Promise<RoundTime[][]> {
  const times: RoundTime[][] = sides.map(() => []);
  for (let round = 0; round < WARM_UP + rounds; round++) {
    for (const at of orderOf(sides.length, round)) {
      const time = await sides[at]!.round();
      if (round >= WARM_UP) times[at]!.push(time);
      await pause();
    }
  }
  return times;
}

/** Places 0 … n − 1, starting with another one each round and turned round each time through: 012, 210, 120, 021, 201, 102 for three. */
export function orderOf(n: number, round: number): number[] {
  const first = Math.floor(round / 2) % n;
  const order = Array.from({ length: n }, (_, i) => (first + i) % n);
  return round % 2 === 0 ? order : order.reverse();
}

function pause(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
}
