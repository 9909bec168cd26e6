import { expect } from 'chai';
import fc from 'fast-check';
import type { Sample } from '../../src/data/dataset.ts';
import { rngFor } from '../../src/data/rng.ts';
import { planBatches } from '../../src/data/sampling.ts';

/** A sample of the train split: `pair` and manipulation say it all. */
function sample(pair: string, manipulation: string): Sample {
  const id = `${manipulation}/${pair}`;
  return {
    id,
    file: id,
    split: 'train',
    label: manipulation === 'real' ? 0 : 1,
    manipulation,
    videoId: pair,
    pair,
  };
}

function samples(prefix: string, count: number, kinds: readonly string[]): Sample[] {
  return Array.from({ length: count }, (_, i) => kinds.map((kind) => sample(`${prefix}${i}`, kind))).flat();
}

const paired = samples('p', 30, ['real', 'a', 'b', 'c']);
const unpaired = [...samples('r', 20, ['real']), ...samples('x', 12, ['a']), ...samples('y', 30, ['b'])];

const batches = (all: readonly Sample[], size: number, count: number, seed = 1): (readonly Sample[])[] => {
  const plan = planBatches(all, size, seed);
  return Array.from({ length: count }, (_, n) => plan(n));
};
const tally = (ids: readonly string[]): number[] => {
  const counts = new Map<string, number>();
  for (const id of ids) counts.set(id, (counts.get(id) ?? 0) + 1);
  return [...counts.values()];
};

describe('data/sampling', () => {
  it('batch n is a function of n: asked in any order, by another plan, it is the same', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 5000 }), { maxLength: 8 }),
        fc.boolean(),
        (order, mixed) => {
          const all = mixed ? [...paired, ...unpaired] : paired;
          const plan = planBatches(all, 8, 4);
          for (const n of order) expect(plan(n)).to.deep.equal(planBatches(all, 8, 4)(n));
        },
      ),
      { numRuns: 20 },
    );
  });

  it('rows alternate between real and fake, for any data', () => {
    for (const all of [paired, unpaired, [...paired, ...unpaired]]) {
      for (const batch of batches(all, 12, 40)) {
        expect(batch.map(({ label }) => label)).to.deep.equal([0, 1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1]);
      }
    }
  });

  it('each fake comes with the real of its pair, manipulations equally often in every batch', () => {
    for (const batch of batches(paired, 12, 100)) {
      for (let i = 0; i < 12; i += 2) expect(batch[i]?.pair).to.equal(batch[i + 1]?.pair);
      expect(
        tally(batch.filter(({ label }) => label === 1).map(({ manipulation }) => manipulation)),
      ).to.deep.equal([2, 2, 2]);
    }
  });

  it('without replacement: after k epochs each sample was seen k times, reals once per manipulation', () => {
    // 30 pairs × 3 manipulations = 90 slots an epoch of the fakes, 6 slots a batch; decks start at other places of an epoch,
    // so the counts of fakes differ by one at most.
    const seen = batches(paired, 12, (90 / 6) * 4).flat();
    const fakes = tally(seen.filter(({ label }) => label === 1).map(({ id }) => id));
    expect(fakes).to.have.length(90);
    expect([Math.min(...fakes), Math.max(...fakes)].every((count) => Math.abs(count - 4) <= 1)).to.equal(
      true,
    );
    const first = batches(paired, 12, 5).flat(); // 30 slots: a third of an epoch of each manipulation, all reals once
    expect(tally(first.filter(({ label }) => label === 0).map(({ id }) => id))).to.deep.equal(
      Array(30).fill(1),
    );
  });

  it('no pairs: reals and fakes independently, each without replacement', () => {
    const seen = batches(unpaired, 4, 60).flat(); // 120 slots: 60 of a (5 × 12), 60 of b (2 × 30), 120 reals (6 × 20)
    const of = (kind: string): number[] =>
      tally(seen.filter(({ manipulation }) => manipulation === kind).map(({ id }) => id));
    expect([of('a'), of('b'), of('real')]).to.deep.equal([
      Array(12).fill(5),
      Array(30).fill(2),
      Array(20).fill(6),
    ]);
  });

  it('pairs and others together: everybody is seen', () => {
    const all = [...paired, ...unpaired];
    const seen = batches(all, 16, 200).flat();
    expect(new Set(seen.map(({ id }) => id)).size).to.equal(all.length);
  });

  it('epochs and seeds differ in order', () => {
    const order = (from: number, seed: number): string =>
      Array.from({ length: 15 }, (_, n) => planBatches(paired, 12, seed)(from + n))
        .flat()
        .map(({ id }) => id)
        .join();
    expect(new Set([order(0, 1), order(15, 1), order(0, 2)]).size).to.equal(3);
  });

  it('the order is that of the names, shuffled by the epoch: two fakes of a pair one after the other, its reals in turns', () => {
    const of = (pair: string, kind: string, take: string): Sample => ({
      ...sample(pair, kind),
      id: `${kind}/${pair}/${take}`,
    });
    const names = ['p10', 'p9', 'p2', 'q', 'a'];
    const all = names.flatMap((name) => [
      ...[of(name, 'x', '1'), of(name, 'real', '1')],
      ...[of(name, 'real', '2'), of(name, 'x', '2')],
    ]);
    for (const epoch of [0, 1, 2]) {
      const expected = rngFor(5, 'epoch', epoch)
        .shuffle([...names].sort())
        .flatMap((name) => [1, 2].map((take) => [`real/${name}/${1 + (epoch % 2)}`, `x/${name}/${take}`]));
      const seen = Array.from({ length: 10 }, (_, i) => planBatches(all, 2, 5)(10 * epoch + i));
      expect(seen.map((batch) => batch.map(({ id }) => id))).to.deep.equal(expected);
    }
  });

  it('refuses odd batches, one class, and a number that is none', () => {
    expect(() => planBatches(paired, 7, 1)).to.throw(
      'must be an even number, half real and half fake; it is 7',
    );
    expect(() =>
      planBatches(
        paired.filter(({ label }) => label === 1),
        8,
        1,
      ),
    ).to.throw('has no real sample (90 in all)');
    expect(() => planBatches(paired, 8, 1)(-1)).to.throw('got -1');
  });
});
