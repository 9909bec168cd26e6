import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import fc from 'fast-check';
import type { Discriminator } from '../../src/discriminator/discriminator.ts';
import { fgsm } from '../../src/generator/fgsm.ts';
import type { LabelledImages, Perturbed, Turn, Victim } from '../../src/generator/generator.ts';
import { pgd } from '../../src/generator/pgd.ts';
import { checkPerturbed } from '../../src/game/perturbation.ts';
import { createRng } from '../../src/ops/random.ts';
import { onEachEngine, onTensorFlow } from '../support/engines.ts';
import {
  lastTurn,
  noiseBatch,
  settle,
  shippedSettings,
  tinyDetector,
  victim as victimOf,
  victimThatLoses,
} from '../support/players.ts';
import { bits, expectClose, expectNoLeak, noise, noiseTensor } from '../support/tensors.ts';
import { counted, logisticVictim, lossesOf, victimBy } from '../support/victims.ts';

type Settings = Parameters<typeof pgd.create>[0];

const BASE: Settings = {
  norm: 'linf',
  eps: 0.05,
  alpha: null,
  steps: 5,
  random_start: false,
  restarts: 1,
  momentum: 0,
  keep: 'last',
  goal: 'true-label',
  eps_growth: 'constant',
  eps_growth_share: 0.3,
};
const NORMS = ['linf', 'l2'] as const;

function attack(
  batch: LabelledImages,
  victim: Victim,
  settings: Partial<Settings>,
  turn: Turn = lastTurn(createRng(3, 'opponent')),
): Perturbed {
  return pgd.create({ ...BASE, ...settings }, { imageSize: 4, seed: 1 }).perturb(batch, victim, turn);
}

function batchOf(images: tf.Tensor4D, labels: readonly number[]): LabelledImages {
  return { images, labels: tf.tensor1d([...labels], 'int32') };
}

function mean(values: readonly number[]): number {
  return values.reduce((a, b) => a + b, 0) / values.length;
}

/** The norm of each image's change. */
function sizes(norm: Settings['norm'], images: tf.Tensor4D, clean: tf.Tensor4D): number[] {
  return tf.tidy(() => {
    const delta = tf.sub(images, clean);
    const size =
      norm === 'linf' ? tf.max(tf.abs(delta), [1, 2, 3]) : tf.sqrt(tf.sum(tf.square(delta), [1, 2, 3]));
    return [...size.dataSync()];
  });
}

onEachEngine('PGD against closed forms', () => {
  const shape = [4, 4, 3];
  const w = noise(1, 48, -1, 1);
  const length = { linf: w.reduce((sum, v) => sum + Math.abs(v), 0), l2: Math.hypot(...w) };
  const slopes = (): tf.Tensor4D => tf.tensor4d(w, [1, 4, 4, 3]);
  const score = (x: tf.Tensor4D): tf.Tensor1D => tf.sum(tf.mul(x, slopes()), [1, 2, 3]);

  for (const norm of NORMS) {
    it(`${norm}: moves a linear loss by eps times the dual norm of its slope, the most that the ball allows`, () => {
      tf.tidy(() => {
        // far from 0 and 1, so that clipping to valid pixels takes nothing
        const batch = batchOf(noiseTensor(2, [3, 4, 4, 3], 0.4, 0.6), [0, 1, 1]);
        const linear = victimThatLoses(score);
        const before = lossesOf(linear, batch.images, batch);
        for (const settings of [{ steps: 1 }, {}, { steps: 20, alpha: 0.01 }, { momentum: 0.9 }] as const) {
          for (const eps of [0, 2 / 255, 0.1]) {
            const { images } = attack(batch, linear, { norm, eps, ...settings });
            const rises = lossesOf(linear, images, batch).map((loss, i) => loss - before[i]!);
            expectClose(
              rises,
              [1, 1, 1].map(() => eps * length[norm]),
              { absolute: 5e-6 },
            );
          }
        }
      });
    });

    it(`${norm}: is k steps along the weights of a logistic regression, until the ball ends`, () => {
      tf.tidy(() => {
        const labels = [0, 1, 0];
        const batch = batchOf(noiseTensor(3, [3, 4, 4, 3], 0.4, 0.6), labels);
        const middle = -mean([...w]) * 24;
        const victim = logisticVictim(w, shape, middle);
        const scores = [...score(batch.images).dataSync()];
        for (const steps of [1, 2, 3, 4, 7]) {
          const { images } = attack(batch, victim, { norm, eps: 0.05, alpha: 0.015, steps });
          const moved = Math.min(steps * 0.015, 0.05) * length[norm];
          const expected = scores.map((at, i) => {
            const sign = labels[i] === 1 ? -1 : 1;
            // the cross-entropy of logits [0, z] to class 1 is log(1 + e^−z), to class 0 log(1 + e^z)
            return Math.log1p(Math.exp(sign * (at + middle + sign * moved)));
          });
          expectClose(lossesOf(victim, images, batch), expected, { absolute: 5e-6 });
        }
      });
    });

    it(`${norm}: with a clipped pixel it still gains what the others can give`, () => {
      tf.tidy(() => {
        // the first value wants to rise and is at 1 already
        const batch = batchOf(tf.tensor4d([1, 0.5, 0.5], [1, 1, 1, 3]), [1]);
        const linear = victimThatLoses((x) =>
          tf.sum(tf.mul(x, tf.tensor4d([3, 4, 0], [1, 1, 1, 3])), [1, 2, 3]),
        );
        const { images } = attack(batch, linear, { norm, eps: 0.1, alpha: 0.01, steps: 60 });
        expectClose(images.dataSync(), [1, 0.6, 0.5], { absolute: 1e-3 });
        expect(images.dataSync()[2]).to.equal(0.5);
      });
    });
  }

  /** −|x − peak| summed: every value wants to be at `peak`. */
  const tent = (peak: number): Victim =>
    victimThatLoses((x) => tf.neg(tf.sum(tf.abs(tf.sub(x, peak)), [1, 2, 3])));
  const offsets = (from: number, settings: Partial<Settings>): number[] =>
    [1, 2, 3, 4, 5].map((steps) =>
      tf.tidy(() => {
        const batch = batchOf(tf.fill([1, 1, 1, 3], 0.5 + from * 0.01), [1]);
        const { images } = attack(batch, tent(0.5), { eps: 0.5, alpha: 0.01, steps, ...settings });
        return (images.dataSync()[0]! - 0.5) / 0.01;
      }),
    );

  it('momentum adds up gradients by their mean magnitude: it runs over a peak and comes back', () => {
    expectClose(offsets(-1.5, {}), [-0.5, 0.5, -0.5, 0.5, -0.5], { absolute: 1e-4 });
    // μ = 1: g = 1, 2, 1, 0, −1; the sign of 0 stays
    expectClose(offsets(-1.5, { momentum: 1 }), [-0.5, 0.5, 1.5, 1.5, 0.5], { absolute: 1e-4 });
    // μ = 0.5: g = 1, 1.5, −0.25, 0.875, −0.5625
    expectClose(offsets(-1.5, { momentum: 0.5 }), [-0.5, 0.5, -0.5, 0.5, -0.5], { absolute: 1e-4 });
  });

  it('keep best gives the best point met, not the last', () => {
    expectClose(offsets(-1.25, {}), [-0.25, 0.75, -0.25, 0.75, -0.25], { absolute: 1e-4 });
    expectClose(offsets(-1.25, { keep: 'best' }), [-0.25, -0.25, -0.25, -0.25, -0.25], { absolute: 1e-4 });
    // the start is a point too
    expectClose(offsets(0.25, { keep: 'best' }), [0.25, 0.25, 0.25, 0.25, 0.25], { absolute: 1e-4 });
  });

  it('keeps the best image by image, where one is better early and another late', () => {
    tf.tidy(() => {
      const batch = batchOf(
        tf.tensor4d(
          [-1.25, -1.75].flatMap((at) => Array.from({ length: 3 }, () => 0.5 + at * 0.01)),
          [2, 1, 1, 3],
        ),
        [1, 0],
      );
      const { images } = attack(batch, tent(0.5), { eps: 0.5, alpha: 0.01, steps: 2, keep: 'best' });
      const [first, second] = [images.dataSync()[0]!, images.dataSync()[3]!].map((at) => (at - 0.5) / 0.01);
      // after one step −0.25 and −0.75, after two 0.75 and 0.25
      expect(first).to.be.closeTo(-0.25, 1e-4);
      expect(second).to.be.closeTo(0.25, 1e-4);
    });
  });
});

/** A detector that bends: two classes, waves of the pixels in between. */
function wavyVictim(seed: number, size: number): Victim {
  const w = noise(seed, size * 2, -1, 1);
  return victimBy((x) => {
    const flat = tf.reshape(x, [x.shape[0], size]);
    return tf.mul(tf.matMul(tf.sin(tf.mul(flat, 9)), tf.tensor2d(w, [size, 2])), 0.5) as tf.Tensor2D;
  });
}

onTensorFlow('PGD keeps its budget', () => {
  const situations = fc.record({
    seed: fc.integer({ min: 1, max: 1e6 }),
    labels: fc.array(fc.constantFrom(0, 1), { minLength: 1, maxLength: 5 }),
    height: fc.integer({ min: 1, max: 5 }),
    width: fc.integer({ min: 1, max: 5 }),
    settings: fc.record({
      norm: fc.constantFrom(...NORMS),
      eps: fc.oneof(fc.constantFrom(0, 1 / 255, 1), fc.double({ min: 1e-4, max: 1, noNaN: true })),
      alpha: fc.oneof(fc.constant(null), fc.double({ min: 1e-4, max: 2, noNaN: true })),
      steps: fc.integer({ min: 1, max: 6 }),
      random_start: fc.boolean(),
      restarts: fc.integer({ min: 1, max: 2 }),
      momentum: fc.constantFrom(0, 0.9),
      keep: fc.constantFrom('last', 'best'),
      goal: fc.constantFrom('true-label', 'predicted-label', 'other-label', 'real', 'fake'),
    }),
  });

  it('every image stays around ITS clean image and in [0, 1], whatever the settings, for unequal counts of real and fake', () => {
    fc.assert(
      fc.property(situations, ({ seed, labels, height, width, settings }) => {
        tf.tidy(() => {
          const shape = [labels.length, height, width, 3];
          // many values at exactly 0 and 1
          const clean = tf.clipByValue(noiseTensor(seed, shape, -0.5, 1.5), 0, 1) as tf.Tensor4D;
          const batch = batchOf(clean, labels);
          const perturbed = attack(batch, wavyVictim(seed, height * width * 3), settings as Settings);
          const values = perturbed.images.dataSync();
          expect(values.every((value) => value >= 0 && value <= 1)).to.equal(true);
          for (const size of sizes(settings.norm, perturbed.images, clean)) {
            expect(size).to.be.at.most(settings.eps + 1e-6);
          }
          expect(perturbed.bounds).to.deep.equal({ pixels: { norm: settings.norm, limit: settings.eps } });
          if (settings.eps === 0) expect(bits(values)).to.deep.equal(bits(clean.dataSync()));
        });
      }),
      { numRuns: 150 },
    );
  });

  it('every iterate stays in the ball, and projected around the clean image, not the last iterate: k steps gain no more than eps', () => {
    tf.tidy(() => {
      const clean = tf.clipByValue(noiseTensor(5, [5, 4, 4, 3], -0.2, 1.2), 0, 1) as tf.Tensor4D;
      const batch = batchOf(clean, [1, 0, 0, 0, 1]);
      for (const norm of NORMS) {
        for (const steps of [1, 2, 3, 5, 10, 30]) {
          const { images } = attack(batch, wavyVictim(4, 48), { norm, eps: 0.1, alpha: 0.07, steps });
          for (const size of sizes(norm, images, clean)) expect(size).to.be.within(0.02, 0.1 + 1e-6);
        }
      }
    });
  });

  it('grows its budget and its step over training, and promises what it has at the moment', () => {
    tf.tidy(() => {
      const clean = noiseTensor(6, [2, 4, 4, 3], 0.4, 0.6);
      const linear = victimThatLoses((x) => tf.sum(x, [1, 2, 3]));
      const growing = { eps: 0.1, eps_growth: 'cosine', eps_growth_share: 0.5 } as const;
      for (const [progress, factor] of [
        [0, 0],
        [0.25, 0.5],
        [0.5, 1],
        [0.9, 1],
      ] as const) {
        const turn = { rng: createRng(1, 'x'), progress };
        const whole = attack(batchOf(clean, [0, 1]), linear, growing, turn);
        expect(whole.bounds['pixels']!.limit).to.be.closeTo(0.1 * factor, 1e-12);
        for (const size of sizes('linf', whole.images, clean)) expect(size).to.be.closeTo(0.1 * factor, 1e-6);
        const oneStep = { ...growing, steps: 1, alpha: 0.04 };
        const step = attack(batchOf(clean, [0, 1]), linear, oneStep, turn).images;
        for (const size of sizes('linf', step, clean)) expect(size).to.be.closeTo(0.04 * factor, 1e-6);
      }
    });
  });

  it('a budget that has only begun to grow passes the game’s own check of what was promised', () => {
    tf.tidy(() => {
      const clean = tf.clipByValue(noiseTensor(7, [4, 16, 16, 3], -0.2, 1.2), 0, 1) as tf.Tensor4D;
      for (const norm of NORMS) {
        for (const progress of [0, 1e-5, 1e-3, 0.1, 1]) {
          const settings = { norm, eps: 0.00784, eps_growth: 'linear', random_start: true } as const;
          const turn = { rng: createRng(1, 'x'), progress };
          const perturbed = attack(batchOf(clean, [0, 1, 1, 0]), wavyVictim(4, 768), settings, turn);
          checkPerturbed('pgd', clean, perturbed);
        }
      }
    });
  });
});

onTensorFlow('PGD against a detector', () => {
  const LABELS = [1, 0, 0, 1, 1, 0, 1, 0];
  let detectors: Discriminator[];
  let batch: LabelledImages;
  let victim: Victim;

  before(() => {
    batch = noiseBatch(LABELS, 16);
    detectors = [1, 2].map((seed) => tinyDetector({ imageSize: 16, seed }));
    detectors.forEach((detector) => settle(detector, batch.images));
    victim = victimOf(detectors[0]!);
  });
  after(() => {
    detectors.forEach((detector) => detector.dispose());
    tf.dispose([batch.images, batch.labels]);
  });

  const losses = (settings: Partial<Settings>, on = batch, against = victim): number[] =>
    tf.tidy(() => lossesOf(against, attack(on, against, settings).images, on));
  const neverFalls = (ladder: readonly number[][]): void => {
    ladder.slice(1).forEach((stronger, i) => {
      stronger.forEach((loss, row) => expect(loss).to.be.at.least(ladder[i]![row]!));
    });
    expect(mean(ladder.at(-1)!)).to.be.above(mean(ladder[0]!));
  };

  for (const norm of NORMS) {
    const eps = norm === 'linf' ? 0.03 : 0.6;
    const alpha = eps / 4;

    it(`${norm}: more steps are never weaker where the best is kept`, () => {
      const settings = { norm, eps, alpha, keep: 'best' } as const;
      neverFalls([1, 2, 4, 8, 16].map((steps) => losses({ ...settings, steps })));
    });

    it(`${norm}: more restarts are never weaker`, () => {
      const settings = { norm, eps, alpha, steps: 3, random_start: true } as const;
      for (const keep of ['last', 'best'] as const) {
        neverFalls([1, 2, 4].map((restarts) => losses({ ...settings, keep, restarts })));
      }
    });

    it(`${norm}: the loss rises with eps, and every image loses more than clean`, () => {
      const clean = tf.tidy(() => lossesOf(victim, batch.images, batch));
      const radii = [0.1, 0.3, 1, 3].map((factor) => factor * eps);
      const ladder = [clean, ...radii.map((radius) => losses({ norm, eps: radius, steps: 8, keep: 'best' }))];
      ladder.slice(1).forEach((stronger, i) => expect(mean(stronger)).to.be.above(mean(ladder[i]!)));
      for (const stronger of ladder.slice(1)) {
        stronger.forEach((loss, row) => expect(loss).to.be.above(clean[row]!));
      }
    });

    it(`${norm}: a gradient followed beats the same ball drawn from at random`, () => {
      const followed = losses({ norm, eps, random_start: true });
      const blind = losses({ norm, eps, random_start: true, alpha: 1e-9 });
      followed.forEach((loss, row) => expect(loss).to.be.above(blind[row]!));
    });

    it(`${norm}: is stronger against the detector that it sees than one made for another`, () => {
      tf.tidy(() => {
        const other = victimOf(detectors[1]!);
        const settings = { norm, eps, steps: 8 };
        const transferred = lossesOf(victim, attack(batch, other, settings).images, batch);
        expect(mean(losses(settings))).to.be.above(mean(transferred));
      });
    });

    it(`${norm}: treats each image for itself, so that steps do not depend on the batch`, () => {
      tf.tidy(() => {
        const settings = { norm, eps, alpha, momentum: 0.9, keep: 'best' } as const;
        const together = attack(batch, victim, settings).images;
        LABELS.forEach((label, row) => {
          const alone = batchOf(tf.slice(batch.images, [row], [1]), [label]);
          const { images } = attack(alone, victim, settings);
          expectClose(images.dataSync(), tf.slice(together, [row], [1]).dataSync(), { absolute: 1e-5 });
        });
      });
    });

    it(`${norm}: repeats bit for bit from the same seed, and draws anew from another`, () => {
      tf.tidy(() => {
        const settings = { norm, eps, random_start: true, restarts: 2, keep: 'best' } as const;
        const values = (seed: number): number[] =>
          bits(attack(batch, victim, settings, lastTurn(createRng(seed, 'x'))).images.dataSync());
        expect(values(1)).to.deep.equal(values(1));
        expect(values(2)).not.to.deep.equal(values(1));
      });
    });
  }

  it('is at least as strong as FGSM of the same budget', () => {
    tf.tidy(() => {
      const shared = { eps: 0.03, alpha: null, random_start: false, goal: 'true-label' } as const;
      const growth = { eps_growth: 'constant', eps_growth_share: 1 } as const;
      const opponent = fgsm.create({ ...shared, ...growth }, { imageSize: 16, seed: 1 });
      const single = lossesOf(victim, opponent.perturb(batch, victim, lastTurn()).images, batch);
      const many = losses({ eps: 0.03, steps: 20, alpha: 0.005, keep: 'best' });
      expect(mean(many)).to.be.above(mean(single));
      expect(many.filter((loss, row) => loss >= single[row]! - 1e-4).length).to.be.at.least(
        LABELS.length - 1,
      );
    });
  });

  it('leaves a detector nothing right once eps is the whole range', () => {
    tf.tidy(() => {
      // a detector that is right everywhere: what it says is the truth
      const on = { images: batch.images, labels: victim.predict(batch.images) };
      const { images } = attack(on, victim, { eps: 1, steps: 40, keep: 'best' });
      const right = tf.sum(tf.cast(tf.equal(victim.predict(images), on.labels), 'int32')).dataSync()[0];
      expect(right).to.equal(0);
    });
  });

  it('leaves what the detector says alone, when that is the goal: the true labels change nothing', () => {
    tf.tidy(() => {
      const flipped = batchOf(
        batch.images,
        LABELS.map((label) => 1 - label),
      );
      const from = (on: LabelledImages, goal: Settings['goal']): number[] =>
        bits(attack(on, victim, { goal }).images.dataSync());
      for (const goal of ['predicted-label', 'real', 'fake'] as const) {
        expect(from(flipped, goal)).to.deep.equal(from(batch, goal));
      }
      expect(from(flipped, 'true-label')).not.to.deep.equal(from(batch, 'true-label'));
    });
  });

  it('goes where its goal says: away from a label, or towards a class', () => {
    tf.tidy(() => {
      const ones = tf.ones([LABELS.length], 'int32') as tf.Tensor1D;
      const lossAs = (labels: tf.Tensor1D, images: tf.Tensor4D): number[] => [
        ...victim.lossOf(images, labels).dataSync(),
      ];
      const rises = (labels: tf.Tensor1D, goal: Settings['goal']): number[] => {
        const after = lossAs(labels, attack(batch, victim, { goal }).images);
        return lossAs(labels, batch.images).map((loss, row) => after[row]! - loss);
      };
      const all = (values: number[], rising: boolean): void => {
        values.forEach((rise) => expect(rise > 0).to.equal(rising));
      };
      all(rises(batch.labels, 'true-label'), true);
      all(rises(batch.labels, 'other-label'), true);
      all(rises(victim.predict(batch.images), 'predicted-label'), true);
      all(rises(ones, 'fake'), false);
      all(rises(ones, 'real'), true);
    });
  });

  it('asks the detector for a gradient a step, for one value more where the best is wanted, and for its own label once', () => {
    tf.tidy(() => {
      const cost = (settings: Partial<Settings>): { lossOf: number; predict: number } => {
        const watched = counted(victim);
        attack(batch, watched.victim, settings);
        return watched.calls;
      };
      expect(cost({ steps: 4 })).to.deep.equal({ lossOf: 4, predict: 0 });
      expect(cost({ steps: 4, keep: 'best' })).to.deep.equal({ lossOf: 5, predict: 0 });
      expect(cost({ steps: 4, random_start: true, restarts: 3 })).to.deep.equal({ lossOf: 15, predict: 0 });
      expect(cost({ steps: 4, goal: 'predicted-label' })).to.deep.equal({ lossOf: 4, predict: 1 });
    });
  });

  it('can be replayed step by step only where it climbs the loss that the detector trains on', () => {
    const context = { imageSize: 16, seed: 1 };
    expect(pgd.create(BASE, context).ascent).to.be.a('function');
    for (const goal of ['predicted-label', 'other-label', 'real', 'fake'] as const) {
      expect(pgd.create({ ...BASE, goal }, context).ascent).to.equal(undefined);
    }
  });

  it('keeps no tensor but its result', () => {
    const busy = {
      random_start: true,
      restarts: 2,
      keep: 'best',
      momentum: 0.9,
      goal: 'predicted-label',
    } as const;
    for (const norm of NORMS) {
      expectNoLeak(() => attack(batch, victim, { norm, ...busy }).images.dispose());
    }
  });
});

describe('settings of PGD together', () => {
  const problems = (settings: Partial<Settings>): readonly { key: string; problem: string }[] =>
    pgd.check!({ ...BASE, ...settings }, { imageSize: null });

  it('steps that cannot reach eps are refused, with the key and the remedy', () => {
    expect(problems({ eps: 0.03, alpha: 0.002, steps: 10 })).to.deep.equal([
      {
        key: 'alpha',
        problem:
          '10 steps of 0.002 cannot reach eps = 0.03: set alpha to 0.003 or more, or steps to 15 or more, or alpha to null',
      },
    ]);
    expect(problems({ eps: 0.03, alpha: 0.003, steps: 10 })).to.deep.equal([]);
  });

  it('a step that is eps / steps rounded to three digits reaches', () => {
    expect(problems({ eps: 0.00784, alpha: 0.00112, steps: 7 })).to.deep.equal([]);
  });

  it('refuses restarts that would all be the same, and an L∞ budget on the 0 … 255 scale', () => {
    expect(problems({ restarts: 3 }).map(({ key }) => key)).to.deep.equal(['restarts']);
    expect(problems({ restarts: 3, random_start: true })).to.deep.equal([]);
    const [wrong] = problems({ eps: 8 });
    expect(wrong).to.deep.include({ key: 'eps' });
    expect(wrong!.problem).to.include('8/255 is 0.0314');
    expect(problems({ norm: 'l2', eps: 8 })).to.deep.equal([]);
  });

  it('accepts eps = 0, which changes nothing, with any step', () => {
    expect(problems({ eps: 0 })).to.deep.equal([]);
    expect(problems({ eps: 0, alpha: 0.001, steps: 1 })).to.deep.equal([]);
  });

  it('what ships is accepted, in both norms', () => {
    const linf = shippedSettings('generator', 'pgd');
    const l2 = { ...linf, ...shippedSettings('generator', 'pgd-l2') };
    for (const [norm, shipped] of Object.entries({ linf, l2 })) {
      expect(shipped['norm']).to.equal(norm);
      expect(problems(shipped)).to.deep.equal([]);
    }
  });
});
