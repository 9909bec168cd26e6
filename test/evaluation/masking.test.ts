import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { probeGradients } from '../../src/evaluation/robustness/gradient-probe.ts';
import {
  curveWarnings,
  probeWarnings,
  type MaskingFlag,
  type RobustCurve,
} from '../../src/evaluation/robustness/masking.ts';
import type { Victim } from '../../src/generator/generator.ts';
import { apgd } from '../../src/generator/apgd.ts';
import { square } from '../../src/generator/square.ts';
import { createRng, type Rng } from '../../src/ops/random.ts';
import { hashed } from '../bench/hashed.ts';
import { onTensorFlow } from '../support/engines.ts';
import { lastTurn, noiseBatch } from '../support/players.ts';
import { victimBy } from '../support/victims.ts';

const SIZE = 6;
const VALUES = SIZE * SIZE * 3;

/** The logits of a small network of one hidden layer, [N, 2]. */
function honestLogits(images: tf.Tensor4D): tf.Tensor2D {
  const weights = (tensor: number, shape: [number, number], spread: number): tf.Tensor2D =>
    tf.sub(tf.mul(tf.tensor2d(hashed(tensor, shape[0] * shape[1]), shape), 2 * spread), spread);
  const flat = tf.sub(tf.reshape(images, [images.shape[0], VALUES]), 0.5) as tf.Tensor2D;
  return tf.matMul(tf.tanh(tf.matMul(flat, weights(1, [VALUES, 8], 0.5))), weights(2, [8, 2], 3));
}

/** Half of the pixels dropped, others each time. */
function withDropout(rng: Rng): Victim {
  return victimBy((x) => honestLogits(tf.mul(x, tf.greater(rng.uniform(x.shape), 0.5)) as tf.Tensor4D));
}

/** What `forwards` makes of the images, `backwards` of their gradient. */
function between(
  forwards: (x: tf.Tensor4D) => tf.Tensor4D,
  backwards: (gradient: tf.Tensor) => tf.Tensor,
): (x: tf.Tensor4D) => tf.Tensor4D {
  return (x) =>
    tf.customGrad((given) => ({
      value: forwards(given as tf.Tensor4D),
      gradFunc: (gradient: tf.Tensor) => backwards(gradient),
    }))(x) as tf.Tensor4D;
}

const quantised = between(
  (x) => tf.div(tf.round(tf.mul(x, 8)), 8),
  (gradient) => tf.zerosLike(gradient),
);
const otherGradient = between(
  (x) => x.clone(),
  (gradient) => tf.reverse(gradient, 1),
);

onTensorFlow('signs of masked gradients', () => {
  const toys: Readonly<Record<string, { readonly victim: () => Victim; readonly flags: MaskingFlag[] }>> = {
    'an honest detector': { victim: () => victimBy(honestLogits), flags: [] },
    'dropout at test': { victim: () => withDropout(createRng(1, 'dropout')), flags: ['randomised'] },
    'a softmax for logits': {
      victim: () => victimBy((x) => tf.softmax(honestLogits(x))),
      flags: ['probabilities'],
    },
    'saturated logits': { victim: () => victimBy((x) => tf.mul(honestLogits(x), 1e4)), flags: ['saturated'] },
    'a quantiser': { victim: () => victimBy((x) => honestLogits(quantised(x))), flags: ['zero_gradients'] },
    'a gradient that is of something else': {
      victim: () => victimBy((x) => honestLogits(otherGradient(x))),
      flags: ['wrong_gradients'],
    },
  };
  for (const [name, { victim, flags }] of Object.entries(toys)) {
    it(`${name}: ${flags.join(', ') || 'none'}`, () => {
      const images = noiseBatch([0, 1, 0, 1, 0, 1, 0, 1], SIZE, 7);
      tf.tidy(() => {
        // the labels are what the honest network says, so that saturated logits lose nothing
        const labels = tf.argMax(honestLogits(images.images), 1) as tf.Tensor1D;
        const probe = probeGradients(victim(), { images: images.images, labels });
        expect(probeWarnings(probe).map(({ flag }) => flag)).to.deep.equal(flags);
      });
      tf.dispose([images.images, images.labels]);
    });
  }

  it('a quantiser is beaten by Square and not by APGD, an honest detector by APGD', () => {
    tf.tidy(() => {
      const { images } = noiseBatch(
        Array.from({ length: 12 }, () => 0),
        SIZE,
        9,
      );
      const labels = tf.argMax(honestLogits(images), 1) as tf.Tensor1D;
      const context = { imageSize: SIZE, seed: 1 };
      const common = { goal: 'true-label', eps_growth: 'constant', eps_growth_share: 1 } as const;
      const flagsOf = (victim: Victim): MaskingFlag[] => {
        const right = (changed: tf.Tensor4D): number =>
          tf.mean(tf.cast(tf.equal(victim.predict(changed), labels), 'float32')).dataSync()[0]!;
        const points = (attack: (eps: number) => tf.Tensor4D) =>
          [0.1, 0.2].map((limit) => ({ limit, accuracy: right(attack(limit)) }));
        const batch = { images, labels };
        const white = points(
          (eps) =>
            apgd
              .create({ ...common, norm: 'linf', eps, steps: 10, restarts: 1 }, context)
              .perturb(batch, victim, lastTurn()).images,
        );
        const black = points(
          (eps) =>
            square.create({ ...common, eps, queries: 40, p: 0.8 }, context).perturb(batch, victim, lastTurn())
              .images,
        );
        return curveWarnings([
          { opponent: 'apgd', blackBox: false, steps: 10, points: white },
          { opponent: 'square', blackBox: true, steps: 1, points: black },
        ]).map(({ flag }) => flag);
      };
      expect(flagsOf(victimBy((x) => honestLogits(quantised(x))))).to.include('black_box_stronger');
      expect(flagsOf(victimBy(honestLogits))).to.deep.equal([]);
    });
  });
});

describe('signs of masked gradients in curves', () => {
  const curve = (opponent: string, accuracies: number[], more: Partial<RobustCurve> = {}): RobustCurve => ({
    ...{ opponent, blackBox: false, steps: 1 },
    points: accuracies.map((accuracy, i) => ({ limit: i + 1, accuracy })),
    ...more,
  });
  const flags = (...curves: RobustCurve[]): string[] => curveWarnings(curves).map(({ flag }) => flag);

  it('none where many steps do more than one, gradients more than none, and more budget more', () => {
    const many = curve('apgd', [0.4, 0.1, 0], { steps: 10 });
    const black = curve('square', [0.401, 0.2, 0], { blackBox: true });
    expect(flags(curve('fgsm', [0.5, 0.2, 0.1]), many, black)).to.deep.equal([]);
  });

  it('a black box that does more, by over .2 points', () => {
    const many = curve('apgd', [0.4, 0.1], { steps: 10 });
    expect(flags(many, curve('square', [0.399, 0.1], { blackBox: true }))).to.deep.equal([]);
    expect(flags(many, curve('square', [0.4, 0.097], { blackBox: true }))).to.deep.equal([
      'black_box_stronger',
    ]);
  });

  it('one step that does more than many', () => {
    const pgd = curve('pgd', [0.5, 0.3], { steps: 10 });
    expect(flags(curve('fgsm', [0.5, 0.29]), pgd)).to.deep.equal(['more_steps_weaker']);
    // another attack of many steps does what PGD does not
    const apgd = curve('apgd', [0.4, 0.2], { steps: 10 });
    expect(flags(curve('fgsm', [0.5, 0.29]), pgd, apgd)).to.deep.equal([]);
  });

  it('a larger budget that leaves more right', () => {
    expect(flags(curve('fgsm', [0.5, 0.2, 0.3]))).to.deep.equal(['larger_budget_weaker']);
    // FGSM overshoots, as it does on any detector; PGD finds what it misses
    expect(flags(curve('fgsm', [0.5, 0.2, 0.3]), curve('pgd', [0.4, 0.2, 0.1], { steps: 10 }))).to.deep.equal(
      [],
    );
  });
});
