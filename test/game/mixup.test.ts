import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { createCriterion } from '../../src/game/criterion.ts';
import { createImageViews } from '../../src/game/image-views.ts';
import { createMixup, mixing } from '../../src/game/mixup.ts';
import { crossEntropy } from '../../src/game/objective.ts';
import { onEachEngine } from '../support/engines.ts';
import { expectClose, expectNoLeak, noiseTensor } from '../support/tensors.ts';

const SHARES = [1, 0.25, 0.5, 0];
const PARTNERS = [3, 2, 2, 1];
const LABELS = [0, 1, 0, 1];
const NO_CHANGE = {
  ...{ colour_probability: 0, brightness: 0, saturation: 0, contrast: 0 },
  ...{ translation_probability: 0, translation: 0, cutout_probability: 0, cutout: 0 },
};
/** A draw's λ and π, read off images of one pixel that are the rows' numbers, and of labels that are. */
function drawn(alpha: number, count: number, seed = 1): { shares: number[]; partners: number[] } {
  return tf.tidy(() => {
    const { judged } = createMixup({ alpha }, seed)!.draw(count);
    const rows = tf.range(0, count, 1, 'int32') as tf.Tensor1D;
    const logits = tf.zeros([count, 2]) as tf.Tensor2D;
    // a figure that is 1 at its own label alone, and one that is the label
    const own = judged((_, labels) => tf.cast(tf.equal(labels, rows), 'float32'))(logits, rows);
    const sums = judged((_, labels) => tf.cast(labels, 'float32'))(logits, rows).dataSync();
    const shares = [...own.dataSync()];
    const partners = shares.map((share, i) =>
      share === 1 ? i : Math.round((sums[i]! - share * i) / (1 - share)),
    );
    return { shares, partners };
  });
}

onEachEngine('mixup', () => {
  const view = () => mixing(tf.tensor1d(SHARES), tf.tensor1d(PARTNERS, 'int32'));

  it('shows λ x + (1 − λ) x_π', () => {
    tf.tidy(() => {
      const images = noiseTensor(1, [4, 3, 5, 3]);
      const [x, seen] = [images.arraySync(), view().images(images).arraySync()] as number[][][][][];
      seen!.forEach((image, i) => {
        const expected = image.flat(2).map((_, j) => {
          const [own, other] = [x![i]!.flat(2)[j]!, x![PARTNERS[i]!]!.flat(2)[j]!];
          return SHARES[i]! * own + (1 - SHARES[i]!) * other;
        });
        expectClose(image.flat(2), expected, { absolute: 1e-6 });
      });
    });
  });

  it('its gradient goes to both images by their shares', () => {
    tf.tidy(() => {
      const images = noiseTensor(1, [4, 1, 1, 3]);
      const upstream = tf.tensor4d([1, 10, 100, 1000], [4, 1, 1, 1]);
      const gradient = tf.grad((x) => tf.sum(tf.mul(view().images(x as tf.Tensor4D), upstream)))(images);
      // row 1 shows to itself by 1/4 and to row 3 wholly; row 2 to row 1 by 3/4, and to itself as partner too
      const expected = [1, 2.5 + 1000, 7.5 + 100, 0].flatMap((value) => [value, value, value]);
      expectClose(gradient.dataSync(), expected, { absolute: 1e-3 });
    });
  });

  it('costs λ L(z, y) + (1 − λ) L(z, y_π), for plain L the cross-entropy to the mixed label', () => {
    tf.tidy(() => {
      const logits = noiseTensor<tf.Tensor2D>(2, [4, 2], -2, 2);
      const labels = tf.tensor1d(LABELS, 'int32');
      const fake = LABELS.map((label, i) => SHARES[i]! * label + (1 - SHARES[i]!) * LABELS[PARTNERS[i]!]!);
      const logs = tf.logSoftmax(logits).arraySync() as number[][];
      const expected = logs.map(([real, isFake], i) => -(1 - fake[i]!) * real! - fake[i]! * isFake!);
      expectClose(view().judged(crossEntropy)(logits, labels).dataSync(), expected, { absolute: 1e-6 });
      const focal = createCriterion({ name: 'focal', gamma: 2, alpha: null, class_balance: null }, null);
      const [own, other] = [
        labels,
        tf.tensor1d(
          PARTNERS.map((row) => LABELS[row]!),
          'int32',
        ),
      ].map((of) => focal(logits, of).dataSync());
      expectClose(
        view().judged(focal)(logits, labels).dataSync(),
        SHARES.map((share, i) => share * own![i]! + (1 - share) * other![i]!),
        { absolute: 1e-6 },
      );
    });
  });

  it('draws λ from Beta(α, α): its mean is 1/2, its variance 1 / (4 (2α + 1))', () => {
    for (const alpha of [0.05, 0.2, 1, 4]) {
      const { shares } = drawn(alpha, 4000);
      const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
      const variance = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / shares.length;
      expect(mean, `mean at ${alpha}`).to.be.closeTo(0.5, 0.03);
      expect(variance * 4 * (2 * alpha + 1), `variance at ${alpha}`).to.be.closeTo(1, 0.06);
    }
    // Beta(1, 1) is uniform
    const { shares } = drawn(1, 4000);
    const below = (bound: number): number => shares.filter((share) => share < bound).length / 4000;
    for (const bound of [0.1, 0.3, 0.9]) expect(below(bound)).to.be.closeTo(bound, 0.025);
  });

  it('partners are a permutation, another each time, of a stream that can be taken up again', () => {
    const { partners } = drawn(1, 16);
    expect([...partners].sort((a, b) => a - b)).to.deep.equal(Array.from({ length: 16 }, (_, i) => i));
    tf.tidy(() => {
      const images = noiseTensor(1, [4, 2, 2, 3]);
      const [views, again] = [createMixup({ alpha: 1 }, 7)!, createMixup({ alpha: 1 }, 7)!];
      const draw = (from: typeof views): number[] => [...from.draw(4).images(images).dataSync()];
      const [first, second] = [draw(views), draw(views)];
      expect(second).to.not.deep.equal(first);
      expect(views.counter).to.equal(2);
      again.seek(1);
      expect(draw(again)).to.deep.equal(second);
      expect([draw(createMixup({ alpha: 1 }, 7)!), draw(createMixup({ alpha: 1 }, 8)!)]).to.not.deep.equal([
        first,
        first,
      ]);
      const both = views.draw(4);
      expect([...both.images(images).dataSync()]).to.deep.equal([...both.images(images).dataSync()]);
    });
  });

  it('is no view where α is 0, and keeps no tensor but its draw', () => {
    expect(createImageViews(NO_CHANGE, { alpha: 0 }, 1)).to.equal(null);
    const views = createImageViews({ ...NO_CHANGE, colour_probability: 1 }, { alpha: 1 }, 1)!;
    const images = noiseTensor(1, [4, 2, 2, 3]);
    expectNoLeak(() => {
      tf.tidy(() => {
        views.draw(4).images(images);
      });
    });
    images.dispose();
  });
});
