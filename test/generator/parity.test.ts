// FGSM and PGD against torchattacks, foolbox and the Adversarial Robustness Toolbox on the same weights.
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { fgsm } from '../../src/generator/fgsm.ts';
import type { Generator, LabelledImages, Victim } from '../../src/generator/generator.ts';
import { goalOf, type Goal } from '../../src/generator/goal.ts';
import { gradientAscent, ONE_ATTEMPT } from '../../src/generator/gradient-ascent.ts';
import type { Norm } from '../../src/generator/norm-ball.ts';
import { pgd } from '../../src/generator/pgd.ts';
import { onEachEngine } from '../support/engines.ts';
import { lastTurn } from '../support/players.ts';
import { expectClose } from '../support/tensors.ts';
import { lossesOf, victimBy } from '../support/victims.ts';

interface Layer {
  readonly shape: readonly number[];
  readonly kernel: string;
  readonly bias: string;
}

interface Clean {
  readonly images: string;
  readonly logits: readonly (readonly number[])[];
  readonly gradient: string;
}

interface Case {
  readonly library: string;
  readonly attack: string;
  readonly batch: 'edge' | 'inner';
  readonly norm: Norm;
  readonly eps: number;
  readonly alpha: number;
  readonly steps: number;
  readonly randomStart: boolean;
  readonly goal: Goal;
  readonly momentum: number;
  readonly losses: readonly number[];
  readonly images: string;
}

interface Fixture {
  readonly versions: Readonly<Record<string, string>>;
  readonly shape: [number, number, number, number];
  readonly labels: number[];
  readonly layers: readonly [Layer, Layer, Layer];
  readonly batches: Readonly<Record<'edge' | 'inner', Clean>>;
  readonly starts: Readonly<Record<Norm, string>>;
  readonly cases: readonly Case[];
}

const FIXTURE = JSON.parse(
  readFileSync(path.resolve(import.meta.dirname, '../fixtures/generator/attacks.json'), 'utf8'),
) as Fixture;
const [ROWS] = FIXTURE.shape;
const VALUES = FIXTURE.shape[1] * FIXTURE.shape[2] * FIXTURE.shape[3];

function floats(text: string): Float32Array {
  const bytes = Buffer.from(text, 'base64');
  return new Float32Array(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength));
}

function images(text: string): tf.Tensor4D {
  return tf.tensor4d(floats(text), FIXTURE.shape);
}

/** The fixture's network: conv, stride 2 – tanh – conv – tanh – mean – linear. */
function fixtureVictim(): Victim {
  const [first, second, last] = FIXTURE.layers.map(({ shape, kernel, bias }) => ({
    kernel: tf.tensor(floats(kernel), [...shape]),
    bias: tf.tensor1d(floats(bias)),
  }));
  const conv = (x: tf.Tensor4D, layer: typeof first, strides: number): tf.Tensor4D =>
    tf.tanh(tf.add(tf.conv2d(x, layer!.kernel as tf.Tensor4D, strides, 'valid'), layer!.bias));
  return victimBy((x) => {
    const features = tf.mean(conv(conv(x, first, 2), second, 1), [1, 2]) as tf.Tensor2D;
    return tf.add(tf.matMul(features, last!.kernel as tf.Tensor2D), last!.bias);
  });
}

/** Our opponent with a case's settings. */
function opponentOf({ norm, eps, alpha, steps, goal, momentum }: Case): Generator {
  const context = { imageSize: 9, seed: 1 };
  const shared = { eps, goal, random_start: false, eps_growth: 'constant', eps_growth_share: 1 } as const;
  return steps === 1
    ? fgsm.create({ ...shared, alpha: null }, context)
    : pgd.create({ ...shared, alpha, norm, steps, momentum, restarts: 1, keep: 'last' }, context);
}

/** Our images for a case; a random start is the fixture's, as it was for the library. */
function ours(given: Case, batch: LabelledImages, victim: Victim): tf.Tensor4D {
  const opponent = opponentOf(given);
  if (!given.randomStart) {
    return opponent.perturb(batch, victim, lastTurn()).images;
  }
  const start = tf.clipByValue(tf.add(batch.images, images(FIXTURE.starts[given.norm])), 0, 1);
  const problem = { ...opponent.ascent!(batch, lastTurn()), start: () => start as tf.Tensor4D };
  return gradientAscent(goalOf(given.goal, batch, victim), problem, { steps: given.steps, ...ONE_ATTEMPT });
}

onEachEngine('parity with other libraries', () => {
  const clean = (batch: Case['batch']): LabelledImages => ({
    images: images(FIXTURE.batches[batch].images),
    labels: tf.tensor1d(FIXTURE.labels, 'int32'),
  });

  it('starts from the same network: logits and input gradients are torch’s', () => {
    for (const name of ['edge', 'inner'] as const) {
      tf.tidy(() => {
        const victim = fixtureVictim();
        const batch = clean(name);
        const gradient = tf.grad((x) => tf.sum(victim.lossOf(x as tf.Tensor4D, batch.labels)))(batch.images);
        expectClose(gradient.dataSync(), floats(FIXTURE.batches[name].gradient), { absolute: 1e-6 });
        const [zero, one] = [0, 1].map((label) =>
          victim.lossOf(batch.images, tf.fill([ROWS], label, 'int32') as tf.Tensor1D).dataSync(),
        );
        // the difference of the cross-entropies is that of the logits
        const margins = FIXTURE.batches[name].logits.map(([real, fake]) => fake! - real!);
        expectClose(
          zero!.map((loss, i) => loss - one![i]!),
          margins,
          { absolute: 1e-5 },
        );
      });
    }
  });

  it('covers all three libraries, both norms, every goal of theirs, momentum and forced random starts', () => {
    const of = <K extends keyof Case>(key: K): Case[K][] => [
      ...new Set(FIXTURE.cases.map((one) => one[key])),
    ];
    expect(of('library')).to.have.members(Object.keys(FIXTURE.versions).filter((name) => name !== 'torch'));
    expect(of('norm')).to.have.members(['linf', 'l2']);
    expect(of('goal')).to.have.members(['true-label', 'other-label', 'real']);
    expect(of('randomStart')).to.have.members([true, false]);
    expect(of('momentum')).to.have.members([0, 0.9]);
  });

  for (const given of FIXTURE.cases) {
    it(`${given.attack} is that of ${given.library} ${FIXTURE.versions[given.library]}`, () => {
      tf.tidy(() => {
        const victim = fixtureVictim();
        const batch = clean(given.batch);
        const from = batch.images.dataSync();
        const perturbed = ours(given, batch, victim);
        const [values, expected] = [perturbed.dataSync(), floats(given.images)];
        expectClose(lossesOf(victim, perturbed, batch), given.losses, { absolute: 1e-4 });

        // where a gradient is next to nothing its sign is rounding's, so a few values may differ
        const slopes = floats(FIXTURE.batches[given.batch].gradient);
        const telling = [...slopes.keys()].filter((i) => Math.abs(slopes[i]!) > 1e-7);
        const alike = telling.filter((i) => Math.abs(values[i]! - expected[i]!) <= 1e-6);
        expect(telling.length).to.be.above(0.8 * values.length);
        expect(alike.length / telling.length).to.be.at.least(0.999);

        for (let row = 0; row < ROWS; row++) {
          const delta = [...values.slice(row * VALUES, (row + 1) * VALUES)].map(
            (value, i) => value - from[row * VALUES + i]!,
          );
          const size = given.norm === 'linf' ? Math.max(...delta.map(Math.abs)) : Math.hypot(...delta);
          expect(size).to.be.at.most(given.eps + 1e-6);
        }
        expect(values.every((value) => value >= 0 && value <= 1)).to.equal(true);
      });
    });
  }
});
