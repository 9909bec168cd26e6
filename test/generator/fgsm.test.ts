import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { fgsm } from '../../src/generator/fgsm.ts';
import type { Perturbed, Victim } from '../../src/generator/generator.ts';
import { pgd } from '../../src/generator/pgd.ts';
import { createRng } from '../../src/ops/random.ts';
import { onEachEngine } from '../support/engines.ts';
import { lastTurn, victimThatLoses } from '../support/players.ts';
import { bits, expectClose, noise, noiseTensor } from '../support/tensors.ts';
import { logisticVictim, lossesOf } from '../support/victims.ts';

const SHAPE = [4, 4, 3];
const PIXELS = 4 * 4 * 3;

type Settings = Parameters<typeof fgsm.create>[0];

const BASE: Settings = {
  eps: 0.05,
  alpha: null,
  random_start: false,
  goal: 'true-label',
  eps_growth: 'constant',
  eps_growth_share: 0.3,
};

onEachEngine('FGSM against known answers', () => {
  const attack = (
    images: tf.Tensor4D,
    labels: readonly number[],
    victim: Victim,
    settings: Partial<Settings>,
    turn = lastTurn(),
  ): Perturbed =>
    fgsm
      .create({ ...BASE, ...settings }, { imageSize: 4, seed: 1 })
      .perturb({ images, labels: tf.tensor1d([...labels], 'int32') }, victim, turn);
  const w = noise(1, PIXELS, -1, 1);
  const linear = victimThatLoses((x) => tf.sum(tf.mul(x, tf.tensor4d(w, [1, 4, 4, 3])), [1, 2, 3]));
  const norm = w.reduce((sum, v) => sum + Math.abs(v), 0);

  it('moves the loss of a linear model by eps · ‖w‖₁, the most that its ball allows', () => {
    tf.tidy(() => {
      // far from 0 and 1, so that clipping to valid pixels takes nothing
      const images = noiseTensor(2, [3, 4, 4, 3], 0.3, 0.7);
      const labels = tf.tensor1d([0, 1, 1], 'int32');
      for (const eps of [0, 1 / 255, 0.1]) {
        const perturbed = attack(images, [0, 1, 1], linear, { eps }).images;
        const rise = tf.sub(linear.lossOf(perturbed, labels), linear.lossOf(images, labels));
        expectClose(rise.dataSync(), new Array(3).fill(eps * norm), { absolute: 3e-6 });
      }
    });
  });

  it('leaves the TRUE label, for real and fake images alike, unless another goal is set', () => {
    tf.tidy(() => {
      const images = noiseTensor(4, [4, 4, 4, 3], 0.3, 0.7);
      const labels = [0, 1, 1, 0];
      const middle = -w.reduce((sum, v) => sum + v) / 2;
      // it calls every image fake, though its loss is of the images' own logits: far from 0, float32 would lose the gradient
      const victim: Victim = {
        ...logisticVictim(w, SHAPE, middle),
        predict: (x) => tf.ones([x.shape[0]], 'int32'),
      };
      const score = (x: tf.Tensor4D): tf.Tensor => tf.sum(tf.mul(x, tf.tensor4d(w, [1, 4, 4, 3])), [1, 2, 3]);
      /** +1 where an attack must make the image look more fake. */
      const wanted = {
        'true-label': labels.map((label) => (label === 1 ? -1 : 1)),
        'other-label': labels.map((label) => (label === 1 ? -1 : 1)),
        'predicted-label': [-1, -1, -1, -1],
        real: [-1, -1, -1, -1],
        fake: [1, 1, 1, 1],
      } as const;
      for (const [goal, signs] of Object.entries(wanted)) {
        const changed = attack(images, labels, victim, { goal: goal as Settings['goal'] }).images;
        const change = tf.sub(score(changed), score(images)).dataSync();
        const expected = signs.map((sign) => sign * 0.05 * norm);
        expectClose(change, expected, { absolute: 3e-6 });
      }
    });
  });

  it('clips to valid pixels after the ball, and leaves pixels without gradient alone', () => {
    tf.tidy(() => {
      const images = tf.tensor4d([0, 0.02, 0.5, 0.98, 1, 0.3], [1, 1, 2, 3]);
      const slopes = tf.tensor4d([-1, -1, 1, 1, 1, 0], [1, 1, 2, 3]);
      const victim = victimThatLoses((x) => tf.sum(tf.mul(x, slopes), [1, 2, 3]));
      const values = attack(images, [1], victim, { eps: 0.1 }).images.dataSync();
      expectClose(values, [0, 0, 0.6, 1, 1, 0.3], { absolute: 1e-7 });
      expect(values[5]).to.equal(Math.fround(0.3));
    });
  });

  it('is PGD of one step, bit for bit, and so is its random start', () => {
    tf.tidy(() => {
      const images = tf.clipByValue(noiseTensor(5, [3, 4, 4, 3], -0.5, 1.5), 0, 1) as tf.Tensor4D;
      const labels = [1, 0, 1];
      const victim = logisticVictim(w, SHAPE);
      const oneStep = (settings: Partial<Parameters<typeof pgd.create>[0]>): number[] => {
        const opponent = pgd.create(
          { ...BASE, norm: 'linf', steps: 1, restarts: 1, momentum: 0, keep: 'last', ...settings },
          { imageSize: 4, seed: 1 },
        );
        const batch = { images, labels: tf.tensor1d(labels, 'int32') };
        return bits(opponent.perturb(batch, victim, lastTurn(createRng(1, 'x'))).images.dataSync());
      };
      const single = (settings: Partial<Settings>): number[] =>
        bits(attack(images, labels, victim, settings, lastTurn(createRng(1, 'x'))).images.dataSync());
      for (const eps of [0, 2 / 255, 0.05, 0.3, 1]) {
        expect(single({ eps })).to.deep.equal(oneStep({ eps, alpha: eps }));
        const random = { eps, random_start: true };
        expect(single(random)).to.deep.equal(oneStep({ ...random, alpha: 1.25 * eps }));
        expect(single({ ...random, alpha: 2 * eps })).to.deep.equal(oneStep({ ...random, alpha: 2 * eps }));
      }
      expect(single({ random_start: true })).not.to.deep.equal(single({}));
    });
  });

  it('from a random start stays in its ball and climbs, and draws anew for each batch', () => {
    tf.tidy(() => {
      const images = tf.clipByValue(noiseTensor(6, [4, 4, 4, 3], -0.2, 1.2), 0, 1) as tf.Tensor4D;
      const labels = [0, 1, 1, 1];
      const batch = { images, labels: tf.tensor1d(labels, 'int32') };
      const victim = logisticVictim(w, SHAPE);
      const turn = lastTurn(createRng(2, 'x'));
      const [first, second] = [1, 2].map(
        () => attack(images, labels, victim, { random_start: true }, turn).images,
      );
      expect(tf.max(tf.abs(tf.sub(first!, images))).dataSync()[0]).to.be.at.most(0.05 + 1e-6);
      const clean = lossesOf(victim, images, batch);
      lossesOf(victim, first!, batch).forEach((loss, i) => expect(loss).to.be.above(clean[i]!));
      expect(bits(first!.dataSync())).not.to.deep.equal(bits(second!.dataSync()));
    });
  });

  it('promises the budget of the moment, and takes it from nothing to the whole as eps grows', () => {
    tf.tidy(() => {
      const images = noiseTensor(7, [2, 4, 4, 3], 0.3, 0.7);
      const growing = { eps: 0.1, eps_growth: 'linear', eps_growth_share: 0.5 } as const;
      for (const [progress, eps] of [
        [0, 0],
        [0.25, 0.05],
        [0.5, 0.1],
        [1, 0.1],
      ] as const) {
        const turn = { rng: createRng(1, 'x'), progress };
        const perturbed = attack(images, [0, 1], linear, growing, turn);
        expect(perturbed.bounds).to.deep.equal({ pixels: { norm: 'linf', limit: eps } });
        const used = tf.max(tf.abs(tf.sub(perturbed.images, images))).dataSync()[0]!;
        expect(used).to.be.closeTo(eps, 1e-7);
      }
    });
  });
});

describe('settings of FGSM together', () => {
  const problems = (settings: Partial<Settings>): unknown =>
    fgsm.check!({ ...BASE, ...settings }, { imageSize: null });

  it('a step that cannot reach eps is refused, with the key and the remedy', () => {
    expect(problems({ eps: 0.03, alpha: 0.01 })).to.deep.equal([
      {
        key: 'alpha',
        problem: 'a step of 0.01 cannot reach eps = 0.03: set alpha to 0.03 or more, or alpha to null',
      },
    ]);
  });

  it('steps that reach eps are accepted, and every eps with the step that follows it, 0 too', () => {
    for (const fine of [{ eps: 0 }, { eps: 1 }, { alpha: 0.05 }, { alpha: 1 }, { eps: 0, alpha: 0.1 }]) {
      expect(problems(fine)).to.deep.equal([]);
    }
  });
});
