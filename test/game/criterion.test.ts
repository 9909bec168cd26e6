import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { classBalancedWeights, createCriterion, type CriterionSettings } from '../../src/game/criterion.ts';
import { crossEntropy } from '../../src/game/objective.ts';
import { onEachEngine } from '../support/engines.ts';
import { bits, centralDifferences, expectClose, expectNoLeak, noise } from '../support/tensors.ts';

interface Fixture {
  readonly logits: number[][];
  readonly labels: number[];
  readonly counts: [number, number];
  readonly cases: readonly {
    readonly settings: CriterionSettings;
    readonly losses: number[];
    readonly gradient: number[][];
  }[];
}

const FIXTURE = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '../fixtures/game/criterion.json'), 'utf8'),
) as Fixture;
const PLAIN = { name: 'cross-entropy', label_smoothing: 0, class_balance: null } as const;
const FOCAL = { name: 'focal', gamma: 2, alpha: null, class_balance: null } as const;

/** L of rows of logits, and its gradient of their sum. */
function lossesOf(settings: CriterionSettings, logits: number[][], labels: number[]) {
  return tf.tidy(() => {
    const criterion = createCriterion(settings, FIXTURE.counts);
    const given = tf.tensor1d(labels, 'int32');
    const { value, grad } = tf.valueAndGrad((z) => criterion(z as tf.Tensor2D, given))(tf.tensor2d(logits));
    return { losses: value.dataSync<'float32'>(), gradient: grad.dataSync<'float32'>() };
  });
}

onEachEngine('criterion', () => {
  for (const { settings, losses, gradient } of FIXTURE.cases) {
    it(`is PyTorch's loss with its gradient: ${JSON.stringify(settings)}`, () => {
      const ours = lossesOf(settings, FIXTURE.logits, FIXTURE.labels);
      expectClose(ours.losses, losses, { absolute: 1e-6, relative: 2e-6 });
      expectClose(ours.gradient, gradient.flat(), { absolute: 1e-6, relative: 1e-5 });
    });
  }

  it('its gradients are those of its formulas by central differences', () => {
    const [epsilon, gamma, alpha] = [0.2, 1.5, 0.3];
    const [weightReal, weightFake] = classBalancedWeights(0.99, FIXTURE.counts);
    const p = (z: readonly number[], row: number, label: number): number =>
      1 / (1 + Math.exp(z[2 * row + 1 - label]! - z[2 * row + label]!));
    const values = noise(3, 12, -4, 4);
    const labels = [0, 1, 1, 0, 1, 0];
    const formulas: readonly (readonly [CriterionSettings, (z: readonly number[], row: number) => number])[] =
      [
        [
          { ...PLAIN, label_smoothing: epsilon, class_balance: 0.99 },
          (z, i) =>
            -(labels[i] === 1 ? weightFake : weightReal) *
            ((1 - epsilon / 2) * Math.log(p(z, i, labels[i]!)) +
              (epsilon / 2) * Math.log(p(z, i, 1 - labels[i]!))),
        ],
        [
          { ...FOCAL, gamma, alpha },
          (z, i) =>
            -(labels[i] === 1 ? alpha : 1 - alpha) *
            (1 - p(z, i, labels[i]!)) ** gamma *
            Math.log(p(z, i, labels[i]!)),
        ],
      ];
    for (const [settings, formula] of formulas) {
      const rows = labels.map((_, i) => [...values.slice(2 * i, 2 * i + 2)]);
      const expected = centralDifferences((z) => labels.reduce((s, _, i) => s + formula(z, i), 0), values);
      expectClose(lossesOf(settings, rows, labels).gradient, expected, { absolute: 2e-6, relative: 1e-5 });
    }
  });

  it('is cross-entropy itself by default, and focal without γ the same bits', () => {
    expect(createCriterion(PLAIN, null)).to.equal(crossEntropy);
    const plain = lossesOf(PLAIN, FIXTURE.logits, FIXTURE.labels);
    const focal = lossesOf({ ...FOCAL, gamma: 0 }, FIXTURE.logits, FIXTURE.labels);
    expect(bits(focal.losses)).to.deep.equal(bits(plain.losses));
    expect(bits(focal.gradient)).to.deep.equal(bits(plain.gradient));
  });

  it('stays finite, and so does its gradient, where the logits are huge', () => {
    const logits = [
      [500, -500],
      [500, -500],
    ];
    for (const settings of [
      { ...PLAIN, label_smoothing: 0.1 },
      { ...FOCAL, gamma: 0.5 },
      { ...FOCAL, gamma: 5 },
    ]) {
      const { losses, gradient } = lossesOf(settings, logits, [0, 1]);
      expect([...losses, ...gradient].every(Number.isFinite), JSON.stringify(settings)).to.equal(true);
      expect(losses[1]).to.be.closeTo(settings.name === 'focal' ? 1000 : 950, 1e-3);
    }
  });

  it('refuses labels that are no class as cross-entropy does', () => {
    for (const settings of [
      { ...PLAIN, label_smoothing: 0.1, class_balance: 0.9 },
      { ...FOCAL, alpha: 0.25 },
    ]) {
      for (const label of [2, -1]) {
        expect(() => lossesOf(settings, [[0, 1]], [label]), `${settings.name} ${label}`).to.throw(
          new RegExp(`${label}.*the classes of these logits are 0 to 1`),
        );
      }
    }
  });

  it('keeps no tensor', () => {
    const [logits, labels] = [tf.tensor2d([[0, 1]]), tf.tensor1d([1], 'int32')];
    for (const { settings } of FIXTURE.cases) {
      const criterion = createCriterion(settings, FIXTURE.counts);
      expectNoLeak(() => criterion(logits, labels).dispose());
    }
    tf.dispose([logits, labels]);
  });
});

describe('class-balanced weights', () => {
  it('go from none at β = 0 to the inverse of the counts as β nears 1, their mean 1', () => {
    expect(classBalancedWeights(0, [10, 90])).to.deep.equal([1, 1]);
    expectClose(classBalancedWeights(1 - 1e-12, [10, 90]), [1.8, 0.2], { absolute: 1e-9 });
    const [real, fake] = classBalancedWeights(0.9, [1, 2]);
    // (1 − β) / (1 − β²) = 1 / (1 + β)
    expect(real / fake).to.be.closeTo(1.9, 1e-12);
    expect(real + fake).to.be.closeTo(2, 1e-12);
    // far more images than 1 / (1 − β): no class counts as rarer
    expectClose(classBalancedWeights(0.9, [1e6, 1e9]), [1, 1], { absolute: 1e-12 });
  });

  it('need the numbers of both classes', () => {
    expect(() => createCriterion({ ...PLAIN, class_balance: 0.9 }, null)).to.throw(
      /numbers of reals and fakes/,
    );
    expect(() => createCriterion({ ...FOCAL, class_balance: 0.9 }, [3, 0])).to.throw(/3 real and 0 fake/);
  });
});
