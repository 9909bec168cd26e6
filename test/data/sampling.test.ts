import { createHash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import { PLAIN_BATCHES, type BatchSettings } from '../../src/data/batch-settings.ts';
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

  it('the plain settings give the batches that there always were', () => {
    const hashes = [paired, unpaired, [...paired, ...unpaired]].map((all) => {
      const plan = planBatches(all, 12, 5, PLAIN_BATCHES);
      const hash = createHash('sha256');
      for (let n = 0; n < 50; n++)
        hash.update(
          `${plan(n)
            .map(({ id }) => id)
            .join()};`,
        );
      return hash.digest('hex').slice(0, 16);
    });
    expect(hashes).to.deep.equal(['a803d1e447ccc287', '67953f18fd9ce240', 'e5d53cfe5095f82b']);
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

describe('data/sampling by the settings', () => {
  const planned = (all: readonly Sample[], count: number, settings: Partial<BatchSettings>): Sample[] => {
    const plan = planBatches(all, 4, 3, { ...PLAIN_BATCHES, ...settings });
    return Array.from({ length: count }, (_, n) => plan(n)).flat();
  };
  const fakesOf = (seen: readonly Sample[]): Sample[] => seen.filter(({ label }) => label === 1);
  const realsOf = (seen: readonly Sample[]): Sample[] => seen.filter(({ label }) => label === 0);
  const ids = (seen: readonly Sample[]): string[] => seen.map(({ id }) => id);

  /** Videos of the given numbers of frames, each a real and its fakes of two manipulations, frame by frame. */
  const films = (lengths: readonly number[]): Sample[] =>
    lengths.flatMap((length, video) =>
      samples(`v${video}/`, length, ['real', 'a', 'b']).map((frame) => ({ ...frame, videoId: `v${video}` })),
    );

  it('batch n is a function of n, with any settings', () => {
    fc.assert(
      fc.property(
        fc.boolean(),
        fc.constantFrom('manipulation', 'video', 'none'),
        fc.constantFrom(null, 1, 3),
        fc.array(fc.integer({ min: 0, max: 500 }), { maxLength: 6 }),
        (inPairs, balance, frames_per_video, order) => {
          const settings = { paired: inPairs, balance, frames_per_video } as const;
          const all = [...films([5, 2, 9]), ...unpaired];
          const plan = planBatches(all, 6, 4, settings);
          for (const n of order) {
            expect(ids(plan(n))).to.deep.equal(ids(planBatches(all, 6, 4, settings)(n)));
            expect(plan(n).map(({ label }) => label)).to.deep.equal([0, 1, 0, 1, 0, 1]);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it('not paired: each list without replacement, and a fake beside its own real no oftener than by chance', () => {
    const seen = planned(paired, 900, { paired: false }); // 1800 slots: 600 a manipulation, 20 times each fake
    expect(new Set(tally(ids(fakesOf(seen))))).to.deep.equal(new Set([20]));
    expect(new Set(tally(ids(realsOf(seen))))).to.deep.equal(new Set([60]));
    const together = seen.filter(({ label, pair }, i) => label === 0 && seen[i + 1]?.pair === pair).length;
    // 1800 meetings, 1 in 30 by chance: 60, standard deviation below 8
    expect(together).to.be.within(28, 92);
  });

  it('balance none: manipulations by their number of images, pairs kept', () => {
    const all = paired.filter(({ manipulation, pair }) => manipulation !== 'a' || pair < 'p15'); // fewer of a
    const fakes = all.filter(({ label }) => label === 1);
    const seen = planned(all, fakes.length, { balance: 'none' }); // twice as many slots as fakes
    expect(tally(ids(fakesOf(seen)))).to.deep.equal(Array(fakes.length).fill(2));
    for (let i = 0; i < seen.length; i += 2) expect(seen[i]?.pair).to.equal(seen[i + 1]?.pair);
  });

  it('balance video: every video of a manipulation equally often, however long, pairs kept', () => {
    const seen = planned(films([1, 2, 40]), 60, { balance: 'video' }); // 120 slots, 6 videos
    const fakes = fakesOf(seen);
    expect(tally(fakes.map(({ manipulation, videoId }) => manipulation + videoId))).to.deep.equal(
      Array(6).fill(20),
    );
    for (let i = 0; i < seen.length; i += 2) expect(seen[i]?.pair).to.equal(seen[i + 1]?.pair);
  });

  it('frames_per_video: an epoch has that many of each video, drawn anew for each, short videos whole', () => {
    const settings = { balance: 'none', frames_per_video: 3 } as const;
    // an epoch: 2 manipulations × (1 + 2 + 3 + 3) = 18 fakes, 9 batches of 4
    const epochs = [0, 1, 2].map((epoch) =>
      planned(films([1, 2, 9, 40]), 27, settings).slice(36 * epoch, 36 * epoch + 36),
    );
    for (const epoch of epochs) {
      const fakes = fakesOf(epoch);
      expect(new Set(ids(fakes)).size).to.equal(18);
      const counts = ['v0', 'v1', 'v2', 'v3'].map(
        (video) => fakes.filter(({ videoId }) => videoId === video).length,
      );
      expect(counts).to.deep.equal([2, 4, 6, 6]);
    }
    const [first, second, third] = epochs.map((epoch) => ids(fakesOf(epoch)).sort().join());
    expect(new Set([first, second, third]).size).to.equal(3);
  });

  it('frames_per_video with balance video: a short video repeats its frames to count the same', () => {
    const settings = { balance: 'video', frames_per_video: 4 } as const;
    const fakes = fakesOf(planned(films([1, 3, 9]), 12, settings)); // 2 × 3 × 4 = 24 fakes, 12 batches
    const of = (video: string): number[] => tally(ids(fakes.filter(({ videoId }) => videoId === video)));
    expect(of('v0')).to.deep.equal([4, 4]);
    expect(of('v1').sort()).to.deep.equal([1, 1, 1, 1, 2, 2]);
    expect(of('v2')).to.deep.equal(Array(8).fill(1));
  });

  it('frames_per_video holds for reals that are in no pair too', () => {
    const reals = films([9, 9]).filter(({ label }) => label === 0);
    const fakes = samples('x', 6, ['a']);
    const seen = realsOf(planned([...reals, ...fakes], 2, { frames_per_video: 2 })); // 4 slots, an epoch of reals
    expect(tally(seen.map(({ videoId }) => videoId))).to.deep.equal([2, 2]);
  });
});
