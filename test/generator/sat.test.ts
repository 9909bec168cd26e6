import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import type { LabelledImages, Perturbed, Turn, Victim } from '../../src/generator/generator.ts';
import { sat } from '../../src/generator/sat.ts';
import { flowSmoothness, flowWarp } from '../../src/ops/flow-warp.ts';
import { createRng } from '../../src/ops/random.ts';
import { onEachEngine, onTensorFlow } from '../support/engines.ts';
import type { Shape4 } from '../support/naive-blur.ts';
import {
  lastTurn,
  noiseBatch,
  settle,
  shippedSettings,
  tinyDetector,
  victim,
  victimThatLoses,
} from '../support/players.ts';
import { bits, expectClose, expectNoLeak, noise, noiseTensor } from '../support/tensors.ts';
import { lossesOf } from '../support/victims.ts';

type Settings = Parameters<typeof sat.create>[0];
type LossOf = (images: tf.Tensor4D) => tf.Tensor1D;

const BASE: Settings = {
  flow_max: 1,
  tau: 0,
  steps: 1,
  step_size: 0.5,
  direction: 'sign',
  random_start: false,
  keep: 'last',
  goal: 'true-label',
};
const DIRECTIONS = ['sign', 'unit', 'adam'] as const;

const turn = (seed = 1): Turn => lastTurn(createRng(seed, 'opponent'));
const generator = (settings: Partial<Settings>): ReturnType<typeof sat.create> =>
  sat.create({ ...BASE, ...settings }, { imageSize: 6, seed: 1 });
const batchOf = (images: tf.Tensor4D): LabelledImages => ({
  images,
  labels: tf.zeros([images.shape[0]], 'int32'),
});
const attack = (images: tf.Tensor4D, lossOf: LossOf, settings: Partial<Settings>, seed = 1): Perturbed =>
  generator(settings).perturb(batchOf(images), victimThatLoses(lossOf), turn(seed));

const SHAPE: Shape4 = [2, 5, 6, 3];
const PIXELS = 60;
const X = noise(1, PIXELS * 3);
const DY = noise(2, PIXELS * 3, -1, 1);
const images = (): tf.Tensor4D => tf.tensor4d(X, [...SHAPE]);
const linear: LossOf = (of) => tf.sum(tf.mul(of, tf.tensor4d(DY, [...SHAPE])), [1, 2, 3]);
const indifferent: LossOf = (of) => tf.mul(tf.sum(of, [1, 2, 3]), 0);

/** The longest vector of each flow. */
const longest = (flow: tf.Tensor4D): number =>
  tf.tidy(() => tf.max(tf.norm(flow, 'euclidean', 3)).dataSync()[0]!);

/** ∇_f of the linear loss at zero flow: the difference to the next pixel below and to the right, which at the border is none. */
function gradientAtZero(): number[] {
  const [, h, w, channels] = SHAPE;
  const gradient: number[] = [];
  for (let pixel = 0; pixel < PIXELS; pixel++) {
    const [i, j] = [Math.floor(pixel / w) % h, pixel % w];
    const along = (step: number, inside: boolean): number => {
      let sum = 0;
      for (let c = 0; inside && c < channels; c++) {
        sum += DY[pixel * channels + c]! * (X[(pixel + step) * channels + c]! - X[pixel * channels + c]!);
      }
      return sum;
    };
    gradient.push(along(w, i + 1 < h), along(1, j + 1 < w));
  }
  return gradient;
}

onEachEngine('SAT', () => {
  const flowOf = (settings: Partial<Settings>, lossOf = linear, seed = 1): Float32Array =>
    tf.tidy(() => attack(images(), lossOf, settings, seed).maps['flow']!.dataSync<'float32'>());

  describe('the first step from zero flow', () => {
    const gradient = gradientAtZero();

    it('sign: down and right by one step each, along the gradient towards larger coordinates', () => {
      expectClose(
        flowOf({ step_size: 0.25 }),
        gradient.map((g) => 0.25 * Math.sign(g)),
        { absolute: 1e-6 },
      );
    });

    it('unit: each pixel by one step along its gradient', () => {
      const lengths = gradient.map((_, i) => Math.hypot(gradient[i - (i % 2)]!, gradient[i - (i % 2) + 1]!));
      const expected = gradient.map((g, i) => (lengths[i] === 0 ? 0 : (0.25 * g) / lengths[i]!));
      expectClose(flowOf({ direction: 'unit', step_size: 0.25 }), expected, { absolute: 3e-5 });
    });

    it('adam: down and right by one step each', () => {
      const expected = gradient.map((g) => (0.25 * g) / (Math.abs(g) + 1e-8));
      expectClose(flowOf({ direction: 'adam', step_size: 0.25 }), expected, { absolute: 1e-5 });
    });
  });

  it('takes steps of 2.5 · flow_max / steps unless told', () => {
    const given = flowOf({ flow_max: 0.8, steps: 4, step_size: 0.5 });
    expect(bits(flowOf({ flow_max: 0.8, steps: 4, step_size: null }))).to.deep.equal(bits(given));
  });

  for (const direction of DIRECTIONS) {
    it(`keeps every pixel within flow_max after any number of steps: ${direction}`, () => {
      tf.tidy(() => {
        for (const random_start of [false, true]) {
          for (const steps of [1, 2, 3, 5, 8]) {
            const { maps, bounds } = attack(images(), linear, {
              direction,
              random_start,
              steps,
              step_size: 0.4,
              flow_max: 0.7,
            });
            expect(bounds).to.deep.equal({ flow: { norm: 'pixel', limit: 0.7 } });
            expect(longest(maps['flow']!)).to.be.at.most(0.7 * (1 + 1e-6));
            if (steps > 2) expect(longest(maps['flow']!)).to.be.above(0.69);
          }
        }
      });
    });
  }

  it('gives the images that its flow stands for', () => {
    tf.tidy(() => {
      const { images: moved, maps } = attack(images(), linear, { steps: 3, random_start: true });
      expect(maps['flow']!.shape).to.deep.equal([2, 5, 6, 2]);
      const expected = flowWarp(images(), maps['flow']!).dataSync();
      expect(bits(moved.dataSync())).to.deep.equal(bits(expected));
    });
  });

  it('gives the images back bit for bit when nothing may move', () => {
    tf.tidy(() => {
      for (const direction of DIRECTIONS) {
        for (const random_start of [false, true]) {
          const moved = attack(images(), linear, { flow_max: 0, direction, random_start, tau: 1, steps: 2 });
          expect(bits(moved.images.dataSync())).to.deep.equal(bits(X));
        }
      }
    });
  });

  it('leaves a flow on which nothing depends where it started, without NaN', () => {
    for (const direction of DIRECTIONS) {
      expect(flowOf({ direction, steps: 3 }, indifferent).every((f) => f === 0)).to.equal(true);
      const started = flowOf({ direction, random_start: true, steps: 1 }, indifferent);
      expect(bits(flowOf({ direction, random_start: true, steps: 4 }, indifferent))).to.deep.equal(
        bits(started),
      );
    }
  });

  it('climbs further with more steps', () => {
    tf.tidy(() => {
      for (const direction of DIRECTIONS) {
        const reached = [1, 4, 16].map((steps) => {
          const moved = attack(images(), linear, { steps, direction, step_size: 0.1, flow_max: 1.5 });
          return tf.sum(linear(moved.images)).dataSync()[0]!;
        });
        expect(reached[0], direction).to.be.above(tf.sum(linear(images())).dataSync()[0]!);
        expect(reached[1], direction).to.be.above(reached[0]!);
        expect(reached[2], direction).to.be.above(reached[1]!);
      }
    });
  });

  it('draws its random start uniformly from the disc', () => {
    const flow = tf.tidy(() =>
      attack(noiseTensor(1, [2, 40, 50, 1]), indifferent, {
        random_start: true,
        flow_max: 2,
      }).maps['flow']!.dataSync<'float32'>(),
    );
    const lengths = Array.from({ length: 4000 }, (_, p) => Math.hypot(flow[2 * p]!, flow[2 * p + 1]!));
    const share = (count: number): number => count / 4000;
    expect(Math.max(...lengths)).to.be.within(1.99, 2.000001);
    // half of the area lies within 1/√2 of the radius, a quarter in each quadrant; 4 standard errors
    expect(share(lengths.filter((l) => l < Math.SQRT2).length)).to.be.closeTo(0.5, 0.032);
    for (const [down, right] of [
      [1, 1],
      [1, -1],
      [-1, 1],
      [-1, -1],
    ] as const) {
      const inQuadrant = lengths.filter((_, p) => flow[2 * p]! * down > 0 && flow[2 * p + 1]! * right > 0);
      expect(share(inQuadrant.length)).to.be.closeTo(0.25, 0.028);
    }
  });

  it('repeats bit for bit from the same seed, and starts elsewhere from another', () => {
    const settings = { random_start: true, steps: 2, tau: 0.5 } as const;
    expect(bits(flowOf(settings))).to.deep.equal(bits(flowOf(settings)));
    expect(bits(flowOf(settings, linear, 2))).not.to.deep.equal(bits(flowOf(settings)));
  });

  describe('tau', () => {
    const smoothness = (flow: Float32Array): number =>
      tf.tidy(() => tf.sum(flowSmoothness(tf.tensor4d(flow, [2, 5, 6, 2]))).dataSync()[0]!);

    it('charges the mean over pixels of their distances to their neighbours', () => {
      tf.tidy(() => {
        const flow = noiseTensor(3, [2, 5, 6, 2], -1, 1);
        const { penalty } = generator({ tau: 0.3 }).ascent!(batchOf(images()), turn());
        const expected = tf.div(tf.mul(flowSmoothness(flow), 0.3), 30).dataSync();
        expectClose(penalty!(flow).dataSync(), expected, { relative: 1e-6 });
        expect(generator({ tau: 0 }).ascent!(batchOf(images()), turn())).not.to.have.property('penalty');
      });
    });

    it('costs two images of different size but alike in texture alike', () => {
      tf.tidy(() => {
        const costs = [8, 32].map((size) => {
          const flow = noiseTensor(4, [1, size, size, 2], -1, 1);
          const batch = batchOf(tf.zeros([1, size, size, 3]));
          return generator({ tau: 1 }).ascent!(batch, turn()).penalty!(flow).dataSync()[0]!;
        });
        // the smaller has more border, where neighbours lack: 4 · (1 − 1/size) of them on average
        expect(costs[0]! / costs[1]!).to.be.closeTo((1 - 1 / 8) / (1 - 1 / 32), 0.08);
      });
    });

    it('smooths the flow, the more the larger it is', () => {
      for (const direction of ['unit', 'adam'] as const) {
        const [none, some, much] = [0, 3, 1000].map((tau) =>
          smoothness(flowOf({ tau, direction, steps: 40, step_size: 0.04 })),
        );
        expect(some, direction).to.be.below(none! * 0.9);
        expect(much, direction).to.be.below(none! * 0.25);
      }
    });

    it('beyond all gain leaves the flow constant, if the best point is kept', () => {
      for (const direction of DIRECTIONS) {
        const flow = flowOf({ tau: 1e6, direction, steps: 5, step_size: 0.3, keep: 'best' });
        expect(flow.every((f) => f === 0)).to.equal(true);
      }
    });

    it('smooths a rough start on which the loss does not depend', () => {
      const settings = { random_start: true, direction: 'adam', tau: 1 } as const;
      const before = smoothness(flowOf({ ...settings, steps: 1, step_size: 1e-9 }, indifferent));
      const after = smoothness(flowOf({ ...settings, steps: 40, step_size: 0.04 }, indifferent));
      expect(after).to.be.below(before * 0.25);
    });

    it('treats each image for itself', () => {
      tf.tidy(() => {
        const lossOf: LossOf = (of) => tf.sum(tf.square(of), [1, 2, 3]);
        const settings = { tau: 2, steps: 4, step_size: 0.2, direction: 'unit' } as const;
        const together = attack(images(), lossOf, settings).images.dataSync<'float32'>();
        for (const row of [0, 1]) {
          const alone = attack(images().slice([row], [1]), lossOf, settings).images.dataSync();
          expectClose(alone, together.subarray(row * 90, (row + 1) * 90), { absolute: 1e-5 });
        }
      });
    });
  });

  it('draws stripes apart under a detector that looks for them', () => {
    tf.tidy(() => {
      const stripes = tf.tensor4d(
        Float32Array.from({ length: 12 * 12 * 3 }, (_, i) => (Math.floor(i / 3) % 2 === 0 ? 1 : -1)),
        [1, 12, 12, 3],
      );
      const striped = tf.add(noiseTensor(6, [2, 12, 12, 3], 0.45, 0.55), tf.mul(stripes, 0.2));
      const strength = (of: tf.Tensor4D): tf.Tensor1D => tf.mean(tf.mul(of, stripes), [1, 2, 3]);
      const lossOf: LossOf = (of) => tf.neg(strength(of));
      const before = strength(striped as tf.Tensor4D).dataSync();
      const settings = { steps: 5, step_size: 0.25, flow_max: 1 } as const;
      const after = strength(attack(striped as tf.Tensor4D, lossOf, settings).images).dataSync();
      // a pixel aside the stripe is of the other colour; what the noise makes of down and up takes its share of flow_max
      before.forEach((clean, row) => expect(after[row]).to.be.below(-0.3 * clean));
    });
  });

  it('keeps no tensor', () => {
    const x = noiseTensor(1, [...SHAPE]);
    const labels = tf.zeros([2], 'int32') as tf.Tensor1D;
    const loser = victimThatLoses((of) => tf.tidy(() => tf.sum(tf.square(of), [1, 2, 3]) as tf.Tensor1D));
    for (const direction of DIRECTIONS) {
      for (const keep of ['last', 'best'] as const) {
        expectNoLeak(() => {
          const opponent = generator({ direction, keep, steps: 3, tau: 1, random_start: true });
          const { images: moved, maps } = opponent.perturb({ images: x, labels }, loser, turn());
          tf.dispose([moved, ...Object.values(maps)]);
        });
      }
    }
    tf.dispose([x, labels]);
  });
});

onTensorFlow('SAT against a detector', () => {
  it('raises every image’s loss from zero flow, in every direction', () => {
    const detector = tinyDetector();
    const batch = noiseBatch([1, 0, 0, 1, 1, 0], 16);
    settle(detector, batch.images);
    tf.tidy(() => {
      const losses = (of: tf.Tensor4D): number[] => lossesOf(victim(detector), of, batch);
      const clean = losses(batch.images);
      for (const direction of DIRECTIONS) {
        for (const keep of ['last', 'best'] as const) {
          const opponent = generator({ direction, keep, steps: 5, step_size: 0.3 });
          const moved = opponent.perturb(batch, victim(detector), turn());
          losses(moved.images).forEach((loss, row) =>
            expect(loss, `${direction}, ${keep}`).to.be.above(clean[row]!),
          );
        }
      }
    });
    detector.dispose();
    tf.dispose([batch.images, batch.labels]);
  });

  it('leaves the class that it is told to leave', () => {
    tf.tidy(() => {
      // the loss of class 1 grows with the brightness, that of class 0 falls with it
      const lossOf: Victim['lossOf'] = (of, labels) =>
        tf.mul(tf.mean(of, [1, 2, 3]), tf.sub(tf.mul(tf.cast(labels, 'float32'), 2), 1));
      const batch = batchOf(images());
      const brightness = (goal: Settings['goal']): Float32Array =>
        tf
          .mean(
            generator({ goal, steps: 4 }).perturb(batch, { ...victimThatLoses(linear), lossOf }, turn())
              .images,
            [1, 2, 3],
          )
          .dataSync<'float32'>();
      const clean = tf.mean(batch.images, [1, 2, 3]).dataSync();
      clean.forEach((mean, row) => {
        expect(brightness('true-label')[row]).to.be.below(mean);
        expect(brightness('real')[row]).to.be.above(mean);
        expect(brightness('other-label')[row]).to.be.below(mean);
        expect(brightness('fake')[row]).to.be.below(mean);
      });
    });
  });
});

describe('settings of SAT', () => {
  const problems = (settings: Partial<Settings>): string[] =>
    sat.check!({ ...BASE, ...settings }, { imageSize: null }).map(({ key, problem }) => `${key}: ${problem}`);

  it('are refused where the steps end before flow_max', () => {
    expect(problems({ steps: 3, step_size: 0.1, direction: 'unit' })).to.deep.equal([
      'step_size: 3 steps of 0.1 pixels cannot reach flow_max = 1: set step_size to 0.333 or more, or to null, or steps to 10 or more',
    ]);
    // the diagonal of sign and adam is √2 steps
    for (const direction of ['sign', 'adam'] as const) {
      expect(problems({ steps: 1, step_size: 0.7, direction })).to.deep.equal([
        'step_size: a step of 0.7 pixels cannot reach flow_max = 1: set step_size to 0.707 or more, or to null, or steps to 2 or more',
      ]);
      expect(problems({ steps: 1, step_size: 0.7072, direction })).to.deep.equal([]);
    }
  });

  it('are taken where they suffice, and where there is nothing to reach', () => {
    expect(problems({ steps: 3, step_size: 0.333333, direction: 'unit' })).to.deep.equal([]);
    expect(problems({ flow_max: 0, step_size: 0.001 })).to.deep.equal([]);
    expect(problems({ steps: 1, step_size: null })).to.deep.equal([]);
  });

  it('as they ship have no problem', () => {
    const { name, ...shipped } = shippedSettings('generator', 'sat');
    expect(name).to.equal('sat');
    expect(problems(shipped)).to.deep.equal([]);
  });
});
