import { expect } from 'chai';
import { alternate, orderOf, WARM_UP } from '../../bench/alternate.ts';
import type { Contender } from '../../bench/contender.ts';

describe('bench: turns', () => {
  for (const n of [1, 2, 3, 4]) {
    it(`${n} sides: each is in every place equally often`, () => {
      const places = Array.from({ length: n }, () => new Array<number>(n).fill(0));
      for (let round = 0; round < 2 * n; round++) {
        const order = orderOf(n, round);
        expect(order.toSorted()).to.deep.equal(Array.from({ length: n }, (_, i) => i));
        order.forEach((side, place) => places[side]![place]!++);
      }
      expect(places.flat()).to.deep.equal(new Array(n * n).fill(2));
    });
  }

  it('keeps the times of a round at one place for all sides, without the warm-up', async () => {
    let clock = 0;
    const side = (name: string): Contender => ({
      name,
      about: { framework: name, precision: 'float32', threads: 1 },
      round: () => Promise.resolve({ ms: ++clock, cpu_ms: 0 }),
      end: () => Promise.resolve({ peak_memory_mb: 1 }),
      kill: () => undefined,
    });
    const [first, second] = await alternate([side('first'), side('second')], 4);
    const rounds = first!.map(({ ms }, i) => [ms, second![i]!.ms].sort((a, b) => a - b));
    expect(rounds).to.deep.equal([0, 1, 2, 3].map((i) => [2 * (WARM_UP + i) + 1, 2 * (WARM_UP + i) + 2]));
  });
});
