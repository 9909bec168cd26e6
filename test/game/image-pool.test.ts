import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import fc from 'fast-check';
import { createImagePool, exchangePlan } from '../../src/game/image-pool.ts';
import { createRng } from '../../src/ops/random.ts';
import { onEachEngine } from '../support/engines.ts';
import { bits, expectNoLeak } from '../support/tensors.ts';

describe('the plan of an exchange', () => {
  const KEEP = [0.9, 0];
  /** Exchanges with the given place of a pool of four. */
  const swap = (place: number): number[] => [0.1, place / 4];

  it('keeps and shows the first images of each class', () => {
    expect(exchangePlan([0, 1, 1], [...swap(0), ...swap(0), ...swap(0)], [0, 0], 4)).to.deep.equal({
      shown: [0, 1, 2],
      held: [0, 4, 5, 6, 1, 2, 9, 10],
      taken: [1, 2],
    });
  });

  it('exchanges with the drawn place of the image’s own class once that is full', () => {
    // rows 0-2; places of reals 3-6, of fakes 7-10
    expect(exchangePlan([1, 0, 1], [...swap(2), ...KEEP, ...swap(2)], [4, 4], 4)).to.deep.equal({
      // the last row meets the first one, which has just gone there
      shown: [9, 1, 0],
      held: [3, 4, 5, 6, 7, 8, 2, 10],
      taken: [4, 4],
    });
  });

  it('loses and doubles nothing, and never crosses the classes', () => {
    const batches = fc
      .tuple(
        fc.array(fc.integer({ min: 0, max: 1 }), { minLength: 1, maxLength: 12 }),
        fc.integer({ min: 1, max: 5 }),
      )
      .chain(([labels, size]) =>
        fc.record({
          labels: fc.constant(labels),
          size: fc.constant(size),
          taken: fc.tuple(fc.integer({ min: 0, max: size }), fc.integer({ min: 0, max: size })),
          draws: fc.array(fc.double({ min: 0, max: 0.999, noNaN: true }), {
            minLength: 2 * labels.length,
            maxLength: 2 * labels.length,
          }),
        }),
      );
    fc.assert(
      fc.property(batches, ({ labels, size, taken, draws }) => {
        const n = labels.length;
        const { shown, held } = exchangePlan(labels, draws, taken, size);
        const classOf = (row: number): number => (row < n ? labels[row]! : row < n + size ? 0 : 1);
        shown.forEach((row, place) => expect(classOf(row)).to.equal(labels[place]));
        held.forEach((row, place) => expect(classOf(row)).to.equal(place < size ? 0 : 1));
        // every image of before is shown or held, or both while a place is still free
        const after = new Set([...shown, ...held]);
        for (let row = 0; row < n; row++) expect(after.has(row)).to.equal(true);
        expect(new Set(held).size).to.equal(held.length);
        for (const row of shown) expect(shown.filter((other) => other === row).length).to.be.at.most(2);
      }),
    );
  });
});

onEachEngine('the image pool', () => {
  /** Images that say who they are: constant value, class in the sign of the row. */
  const batch = (values: readonly number[], labels: readonly number[]) => ({
    images: tf.tidy(() =>
      tf.tile(tf.tensor4d([...values], [values.length, 1, 1, 1]), [1, 2, 2, 3]),
    ) as tf.Tensor4D,
    labels: tf.tensor1d([...labels], 'int32'),
  });
  const shownBy = (
    pool: ReturnType<typeof createImagePool>,
    rng: ReturnType<typeof createRng>,
    given: ReturnType<typeof batch>,
  ): number[] => {
    const shown = pool.exchange(given, rng);
    const values = [...shown.dataSync()].filter((_, i) => i % 12 === 0);
    tf.dispose([shown, given.images, given.labels]);
    return values.map((value) => Math.round(value * 1000));
  };

  it('shows old images of the same class in about half of the places once it is full', () => {
    const pool = createImagePool(8, 2);
    const rng = createRng(1, 'pool');
    let old = 0;
    let total = 0;
    for (let round = 0; round < 40; round++) {
      const labels = Array.from({ length: 8 }, (_, i) => i % 2);
      // thousandths: the round and the class
      const values = labels.map((label) => round / 100 + label / 1000);
      const shown = shownBy(pool, rng, batch(values, labels));
      shown.forEach((value, i) => expect(value % 10).to.equal(labels[i]));
      if (round >= 4) {
        old += shown.filter((value) => Math.floor(value / 10) !== round).length;
        total += shown.length;
      }
    }
    expect(pool.taken).to.deep.equal([8, 8]);
    // an exchange may meet an image of its own batch, so a little less than half
    expect(old / total).to.be.within(0.35, 0.55);
    pool.dispose();
  });

  it('goes on from its state and counts as if it had never stopped', () => {
    const pools = [createImagePool(3, 2), createImagePool(3, 2)] as const;
    const rngs = [createRng(2, 'pool'), createRng(2, 'pool')] as const;
    const next = (round: number) => batch([round / 100, round / 100 + 0.001], [0, 1]);
    for (let round = 0; round < 5; round++) shownBy(pools[0], rngs[0], next(round));
    for (const [name, variable] of pools[0].state) pools[1].state.get(name)!.assign(variable);
    pools[1].seek(pools[0].taken);
    rngs[1].seek(rngs[0].counter);
    for (let round = 5; round < 9; round++) {
      expect(shownBy(pools[0], rngs[0], next(round))).to.deep.equal(shownBy(pools[1], rngs[1], next(round)));
    }
    for (const [name, variable] of pools[0].state) {
      expect(bits(variable.dataSync())).to.deep.equal(bits(pools[1].state.get(name)!.dataSync()));
    }
    pools.forEach((pool) => pool.dispose());
  });

  it('keeps no tensor but its own', () => {
    expectNoLeak(() => {
      const pool = createImagePool(2, 2);
      shownBy(pool, createRng(1, 'x'), batch([0.1, 0.2, 0.3], [0, 1, 1]));
      pool.dispose();
    });
  });
});
