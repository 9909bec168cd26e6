import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { compose } from '../../src/config/compose.ts';
import { openConfigFiles } from '../../src/config/config-files.ts';
import { plainValue } from '../../src/config/tree.ts';
import { checkPerturbed } from '../../src/game/perturbation.ts';
import { blur } from '../../src/generator/blur.ts';
import type { Perturbed, Turn, Victim } from '../../src/generator/generator.ts';
import { createRng } from '../../src/ops/random.ts';
import { onEachEngine } from '../support/engines.ts';
import { naiveBlur, type Shape4 } from '../support/naive-blur.ts';
import { lastTurn, shippedSettings, victimThatLoses } from '../support/players.ts';
import { bits, centralDifferences, expectClose, noise, noiseTensor } from '../support/tensors.ts';
import { counted, logisticVictim, lossesOf } from '../support/victims.ts';

type Settings = Parameters<typeof blur.create>[0];

const SHAPE: Shape4 = [2, 5, 6, 3];
const PIXELS = 60;
const BASE: Settings = {
  k: 5,
  sigma: 0.8,
  sigma_min: 0,
  sigma_max: 2,
  random_start: false,
  restarts: 1,
  steps: 1,
  step_size: 0.5,
  direction: 'raw',
  keep: 'last',
  goal: 'true-label',
};

onEachEngine('blur attack', () => {
  const attack = (
    images: tf.Tensor4D,
    victim: Victim,
    settings: Partial<Settings>,
    turn: Turn = lastTurn(),
    labels: tf.Tensor1D = tf.zeros([images.shape[0]], 'int32'),
  ): Perturbed =>
    blur
      .create({ ...BASE, ...settings }, { imageSize: 6, seed: 1 })
      .perturb({ images, labels }, victim, turn);
  const x = noise(1, PIXELS * 3);
  const dy = noise(2, PIXELS * 3, -1, 1);
  const linear = victimThatLoses((images) => tf.sum(tf.mul(images, tf.tensor4d(dy, [...SHAPE])), [1, 2, 3]));
  const sigmaOf = (settings: Partial<Settings>): Float32Array =>
    tf.tidy(() => attack(tf.tensor4d(x, [...SHAPE]), linear, settings).maps['sigma']!.dataSync<'float32'>());
  /** ∇_σ of the linear loss, from the blur's equation in float64. */
  const gradientAt = (sigma: readonly number[], k: number = BASE.k): number[] =>
    centralDifferences(
      (values) => naiveBlur(x, SHAPE, values, k).reduce((sum, y, i) => sum + y * dy[i]!, 0),
      sigma,
    );
  const start = new Array<number>(PIXELS).fill(BASE.sigma);
  const gradient = gradientAt(start);
  const perImage = <T>(of: (values: readonly number[]) => T): T[] => [
    of(gradient.slice(0, PIXELS / 2)),
    of(gradient.slice(PIXELS / 2)),
  ];
  const clipped = (value: number): number => Math.min(BASE.sigma_max, Math.max(0, value));

  for (const k of [3, 5, 7, 9] as const) {
    it(`raw: σ_adv = σ + step · ∇_σ L, the paper’s step, k = ${k}`, () => {
      const expected = gradientAt(start, k).map((g) => clipped(0.8 + 0.5 * g));
      expectClose(sigmaOf({ k }), expected, { absolute: 3e-6 });
    });
  }

  it('rms: the gradient by its root mean square, image by image', () => {
    const roots = perImage((values) => Math.sqrt(values.reduce((s, g) => s + g * g, 0) / values.length));
    const expected = gradient.map((g, i) => clipped(0.8 + (0.1 * g) / roots[Math.floor(i / 30)]!));
    expectClose(sigmaOf({ direction: 'rms', step_size: 0.1 }), expected, { absolute: 3e-6 });
  });

  it('unit: the gradient by its Euclidean length, image by image', () => {
    const lengths = perImage((values) => Math.hypot(...values));
    const expected = gradient.map((g, i) => clipped(0.8 + (0.6 * g) / lengths[Math.floor(i / 30)]!));
    expectClose(sigmaOf({ direction: 'unit', step_size: 0.6 }), expected, { absolute: 3e-6 });
  });

  it('sign: every σ by one step', () => {
    const expected = gradient.map((g) => 0.8 + 0.25 * Math.sign(g));
    expectClose(sigmaOf({ direction: 'sign', step_size: 0.25 }), expected, { absolute: 1e-6 });
  });

  it('takes each step from where the last one ended, along the gradient there', () => {
    let sigma = start;
    for (let step = 0; step < 3; step++) {
      const ahead = gradientAt(sigma);
      sigma = sigma.map((s, i) => clipped(s + 0.5 * ahead[i]!));
    }
    const reached = sigmaOf({ steps: 3 });
    expectClose(reached, sigma, { absolute: 2e-5 });
    // starting again from the start each time would end after one step
    const once = sigmaOf({ steps: 1 });
    expect(Math.max(...reached.map((s, i) => Math.abs(s - once[i]!)))).to.be.above(0.1);
  });

  it('keeps σ in [sigma_min, sigma_max] and gives the images that its map stands for', () => {
    tf.tidy(() => {
      const clean = tf.tensor4d(x, [...SHAPE]);
      const perturbed = attack(clean, linear, {
        direction: 'sign',
        step_size: 0.7,
        steps: 5,
        sigma_min: 0.2,
        sigma_max: 1.3,
      });
      expect(perturbed.bounds).to.deep.equal({ sigma: { norm: 'pixel', limit: 1.3 } });
      checkPerturbed('blur', clean, perturbed);
      const sigma = perturbed.maps['sigma']!.dataSync();
      const [smallest, largest] = [Math.fround(0.2), Math.fround(1.3)];
      expect(sigma.every((s) => s >= smallest && s <= largest)).to.equal(true);
      expect([...sigma])
        .to.include(smallest)
        .and.to.include(largest);
      expectClose(perturbed.images.dataSync(), naiveBlur(x, SHAPE, sigma, 5), { absolute: 1e-6 });
    });
  });

  it('climbs further with more steps', () => {
    tf.tidy(() => {
      const images = tf.tensor4d(x, [...SHAPE]);
      const labels = tf.zeros([2], 'int32') as tf.Tensor1D;
      const reached = [1, 3, 9].map((steps) => {
        const { images: blurred } = attack(images, linear, { steps, direction: 'rms', step_size: 0.1 });
        return tf.sum(linear.lossOf(blurred, labels)).dataSync()[0]!;
      });
      expect(reached[1]).to.be.above(reached[0]!);
      expect(reached[2]).to.be.above(reached[1]!);
    });
  });

  it('does to an image what it does to it alone, raw gradients too, whatever else is in the batch', () => {
    tf.tidy(() => {
      const images = noiseTensor(11, [5, 6, 6, 3]);
      const labels = tf.tensor1d([0, 1, 1, 0, 1], 'int32');
      const victim = logisticVictim(noise(12, 6 * 6 * 3, -1, 1), [6, 6, 3]);
      for (const direction of ['raw', 'rms', 'sign', 'unit'] as const) {
        const settings = { direction, steps: 2, step_size: direction === 'raw' ? 3 : 0.1 };
        const together = attack(images, victim, settings, lastTurn(), labels).maps['sigma']!;
        for (const row of [0, 3]) {
          const alone = attack(
            images.slice([row], [1]),
            victim,
            settings,
            lastTurn(),
            labels.slice([row], [1]),
          );
          const inBatch = together.slice([row], [1]).dataSync();
          expectClose(alone.maps['sigma']!.dataSync(), inBatch, { absolute: 2e-6 });
        }
      }
    });
  });

  it('best is never weaker than the start or the last point, image by image, and is stronger after steps that overshoot', () => {
    tf.tidy(() => {
      const images = noiseTensor(13, [6, 6, 6, 3]);
      const batch = { images, labels: tf.tensor1d([0, 1, 1, 0, 1, 0], 'int32') };
      const victim = logisticVictim(noise(14, 6 * 6 * 3, -3, 3), [6, 6, 3]);
      // strides across the whole range: they jump over the top
      const steps = { steps: 4, direction: 'rms', step_size: 1.5 } as const;
      const losses = (settings: Partial<Settings>): number[] =>
        lossesOf(victim, attack(images, victim, settings, lastTurn(), batch.labels).images, batch);
      const best = losses({ ...steps, keep: 'best' });
      const last = losses({ ...steps, keep: 'last' });
      const unmoved = losses({ step_size: 0 });
      best.forEach((loss, i) => {
        expect(loss).to.be.at.least(last[i]! - 1e-6);
        expect(loss).to.be.at.least(unmoved[i]! - 1e-6);
      });
      expect(best.some((loss, i) => loss > last[i]! + 1e-3)).to.equal(true);
    });
  });

  it('starts at random all over [sigma_min, sigma_max], each pixel for itself, and repeats from the same stream', () => {
    tf.tidy(() => {
      const images = noiseTensor(15, [4, 12, 12, 3]);
      const settings = { random_start: true, step_size: 0, sigma_min: 0.5, sigma_max: 1.5 };
      const drawn = (turn: Turn): Float32Array =>
        attack(images, victimThatLoses(nothing), settings, turn).maps['sigma']!.dataSync<'float32'>();
      const rng = createRng(3, 'opponent');
      const [first, second] = [drawn(lastTurn(rng)), drawn(lastTurn(rng))];
      expect(Math.min(...first)).to.be.within(0.5, 0.51);
      expect(Math.max(...first)).to.be.within(1.49, 1.5);
      expect(first.reduce((a, b) => a + b) / first.length).to.be.closeTo(1, 0.05);
      expect(bits(second)).to.not.deep.equal(bits(first));
      expect(bits(drawn(lastTurn(createRng(3, 'opponent'))))).to.deep.equal(bits(first));
    });
  });

  it('keeps the best of several attempts', () => {
    tf.tidy(() => {
      const images = noiseTensor(16, [6, 6, 6, 3]);
      const batch = { images, labels: tf.tensor1d([0, 1, 1, 0, 1, 0], 'int32') };
      const victim = logisticVictim(noise(14, 6 * 6 * 3, -3, 3), [6, 6, 3]);
      const losses = (restarts: number): number[] =>
        lossesOf(
          victim,
          attack(
            images,
            victim,
            { random_start: true, restarts, direction: 'rms', step_size: 0.1 },
            lastTurn(createRng(4, 'x')),
            batch.labels,
          ).images,
          batch,
        );
      const [once, often] = [losses(1), losses(6)];
      often.forEach((loss, i) => expect(loss).to.be.at.least(once[i]! - 1e-6));
      expect(often.some((loss, i) => loss > once[i]! + 1e-3)).to.equal(true);
    });
  });

  it('aims where its goal says', () => {
    tf.tidy(() => {
      const images = noiseTensor(17, [4, 6, 6, 3]);
      const labels = tf.tensor1d([0, 1, 0, 1], 'int32');
      const { victim, calls } = counted(logisticVictim(noise(18, 6 * 6 * 3, -1, 1), [6, 6, 3]));
      const rise = (goal: Settings['goal'], to: tf.Tensor1D): number => {
        const settings = { goal, direction: 'rms', step_size: 0.1 } as const;
        const at = ({ images: of }: Perturbed): number => tf.sum(victim.lossOf(of, to)).dataSync()[0]!;
        return (
          at(attack(images, victim, settings, lastTurn(), labels)) -
          at(attack(images, victim, { ...settings, step_size: 0 }, lastTurn(), labels))
        );
      };
      expect(rise('true-label', labels)).to.be.above(0.01);
      expect(calls.predict).to.equal(0);
      expect(rise('predicted-label', victim.predict(images))).to.be.above(0.01);
      expect(rise('other-label', tf.sub(1, labels).cast('int32') as tf.Tensor1D)).to.be.below(-0.01);
      expect(rise('real', tf.zerosLike(labels))).to.be.below(-0.01);
      expect(rise('fake', tf.onesLike(labels))).to.be.below(-0.01);
    });
  });

  it('looks at the detector once a step, and once more to know whether the last point is the best', () => {
    tf.tidy(() => {
      const images = tf.tensor4d(x, [...SHAPE]);
      for (const { keep, looks } of [
        { keep: 'last', looks: 3 },
        { keep: 'best', looks: 4 },
      ] as const) {
        const { victim, calls } = counted(linear);
        attack(images, victim, { steps: 3, keep });
        expect(calls).to.deep.equal({ lossOf: looks, predict: 0 });
      }
    });
  });

  it('leaves an image whose loss does not depend on σ where it started, without NaN', () => {
    tf.tidy(() => {
      const flat = tf.fill([...SHAPE], 0.5) as tf.Tensor4D;
      for (const direction of ['raw', 'rms', 'sign', 'unit'] as const) {
        const sigma = attack(flat, victimThatLoses(nothing), { direction }).maps['sigma']!.dataSync();
        expectClose(sigma, new Float32Array(PIXELS).fill(0.8), { absolute: 1e-7 });
      }
    });
  });

  it('takes a checkerboard from a detector that looks for one', () => {
    tf.tidy(() => {
      const size = 12;
      const board = tf.tensor4d(
        Float32Array.from({ length: size * size * 3 }, (_, i) => {
          const pixel = Math.floor(i / 3);
          return (Math.floor(pixel / size) + pixel) % 2 === 0 ? 1 : -1;
        }),
        [1, size, size, 3],
      );
      const images = tf.clipByValue(
        tf.add(noiseTensor(6, [2, size, size, 3], 0.4, 0.6), tf.mul(board, 0.1)),
        0,
        1,
      ) as tf.Tensor4D;
      const strength = (of: tf.Tensor4D): Float32Array =>
        tf.mean(tf.mul(of, board), [1, 2, 3]).dataSync<'float32'>();
      // it loses where it does not see the board
      const victim = victimThatLoses((of) => tf.neg(tf.mean(tf.mul(of, board), [1, 2, 3])));
      const settings = { sigma: 0.3, direction: 'sign', step_size: 0.2, steps: 5 } as const;
      const before = strength(images);
      const after = strength(attack(images, victim, settings).images);
      before.forEach((clean, i) => expect(after[i]).to.be.below(clean * 0.1));
    });
  });
});

/** A loss that no image changes, and that has a gradient nevertheless: zero. */
function nothing(images: tf.Tensor4D): tf.Tensor1D {
  return tf.mul(tf.sum(images, [1, 2, 3]), 0);
}

describe('settings of the blur attack', () => {
  const problems = (settings: Partial<Settings>, imageSize: number | null = null): string[] =>
    blur.check!({ ...BASE, ...settings }, { imageSize }).map(({ key, problem }) => `${key} ${problem}`);

  it('are refused by key where they contradict each other', () => {
    const cases: readonly (readonly [Partial<Settings>, RegExp])[] = [
      [{ sigma: 2.5 }, /^sigma is 2.5, outside \[sigma_min, sigma_max\] = \[0, 2\]/],
      [{ sigma: 0.2, sigma_min: 0.3 }, /^sigma is 0.2, outside .* = \[0.3, 2\]/],
      [{ sigma_min: 3 }, /^sigma_min is 3, above sigma_max = 2/],
      [{ sigma: 0 }, /^sigma is 0, where the blur is the identity and its gradient 0/],
      [{ sigma: 0.8, sigma_min: 0.8, sigma_max: 0.8 }, /^step_size is 0.5, but sigma_min = sigma_max = 0.8/],
      [{ restarts: 2 }, /^restarts is 2, but every attempt from one sigma is the same/],
    ];
    for (const [settings, expected] of cases) {
      const found = problems(settings);
      expect(found, JSON.stringify(settings)).to.have.length(1);
      expect(found[0]).to.match(expected);
    }
    expect(problems({ k: 9 }, 4)).to.deep.equal([
      'k is 9, but a window of 9 needs images of more than 4 pixels, not 4',
    ]);
    expect(problems({ k: 9 }, 5)).to.deep.equal([]);
  });

  it('are accepted for a fixed blur, none at all, and a random start anywhere', () => {
    expect(problems({})).to.deep.equal([]);
    expect(problems({ step_size: 0, direction: 'sign', steps: 3 })).to.deep.equal([]);
    expect(problems({ sigma: 0, step_size: 0 })).to.deep.equal([]);
    expect(problems({ sigma: 1, sigma_min: 1, sigma_max: 1, step_size: 0 })).to.deep.equal([]);
    expect(problems({ sigma: 0, random_start: true, restarts: 3 })).to.deep.equal([]);
  });

  it('where no step would move σ are all that the check of sigma names', () => {
    tf.tidy(() => {
      const images = noiseTensor(1, [1, 6, 6, 3]);
      const labels = tf.zeros([1], 'int32') as tf.Tensor1D;
      const bright = victimThatLoses((of) => tf.sum(tf.square(of), [1, 2, 3]));
      for (const [sigma, moves] of [
        [0.06, false],
        [0.08, true],
      ] as const) {
        const settings = { ...BASE, sigma, direction: 'sign', step_size: 0.1 } as const;
        const { maps } = blur
          .create(settings, { imageSize: 6, seed: 1 })
          .perturb({ images, labels }, bright, lastTurn());
        const moved = tf.max(tf.abs(tf.sub(maps['sigma']!, sigma))).dataSync()[0]! > 0.01;
        expect(moved, String(sigma)).to.equal(moves);
        expect(problems({ sigma }).length === 0, String(sigma)).to.equal(moves);
      }
    });
  });

  it('as shipped: two opponents, one with the paper’s step', () => {
    expect(
      blur.check!(shippedSettings('generator', 'blur') as unknown as Settings, { imageSize: 96 }),
    ).to.deep.equal([]);
    const configs = openConfigFiles(new URL('../../configs', import.meta.url).pathname);
    const { config } = compose({
      configs,
      configName: 'train',
      overrides: ['generator=blur-paper'],
      context: { env: {}, now: new Date(0), hydra: {} },
    });
    const { generator } = plainValue(config) as { generator: Settings & { name: string } };
    expect(generator.name).to.equal('blur');
    expect(generator.direction).to.equal('raw');
    expect(generator.steps).to.equal(1);
    expect(blur.check!(generator, { imageSize: 96 })).to.deep.equal([]);
  });
});
