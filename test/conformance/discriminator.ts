/** What every detector keeps, whatever it is made of. */
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import {
  INFERENCE,
  type AnyDiscriminatorVariant,
  type Branch,
  type Discriminator,
  type Pass,
  type Targets,
} from '../../src/discriminator/discriminator.ts';
import { readCheckpoint, saveCheckpoint } from '../../src/game/checkpoint.ts';
import { crossEntropy } from '../../src/game/objective.ts';
import { restoreDetector } from '../../src/game/players.ts';
import { startAuxiliaryFromMain } from '../../src/ops/layers.ts';
import { parameterCount } from '../../src/ops/flat-parameters.ts';
import { createDraws } from '../../src/ops/random.ts';
import { bits, changed, expectNoLeak, noiseTensor, snapshot } from '../support/tensors.ts';

export interface DiscriminatorCase {
  readonly variant: AnyDiscriminatorVariant;
  readonly settings: Readonly<Record<string, unknown>>;
  readonly imageSize: number;
  /** Trainable parameters without an auxiliary branch, and those that one adds. */
  readonly parameters: number;
  readonly auxiliaryParameters: number;
  /** Half of what the images are apart whose losses are compared, Euclidean: less where a network of many kinks is less straight. */
  readonly step?: number;
}

/** Declares the tests of a detector. TensorFlow is the engine. */
export function itIsADiscriminator(given: DiscriminatorCase): void {
  const { variant, settings, imageSize, step = 0.02 } = given;
  const create = (seed: number, auxiliaryBatchNorm: boolean): Discriminator =>
    variant.create(settings, {
      imageSize,
      seed,
      auxiliaryBatchNorm,
      recompute: false,
      manipulations: ['a', 'b'],
    });
  let plain: Discriminator;
  let detector: Discriminator;
  let images: tf.Tensor4D;
  let targets: Required<Targets>;
  const logits = (of: Discriminator, pass: Pass = INFERENCE): Float32Array =>
    tf.tidy(() => of.logits(images, pass).dataSync<'float32'>());
  /** What it descends, [N]: its own losses where it has some, else L. */
  const losses = (of: Discriminator, pass: Pass): tf.Tensor1D => {
    if (of.auxiliary === undefined) return crossEntropy(of.logits(images, pass), targets.labels);
    const { logits: z, losses: own, terms } = of.auxiliary(images, targets, pass);
    return tf.addN([own ?? crossEntropy(z, targets.labels), ...Object.values(terms)]);
  };
  const learn = (branch: Branch, trackStatistics = true): Pass => ({
    training: true,
    trackStatistics,
    branch,
  });

  before(() => {
    images = noiseTensor(1, [4, imageSize, imageSize, 3]);
    targets = {
      labels: tf.tensor1d([0, 1, 1, 0], 'int32'),
      manipulations: tf.tensor1d([0, 2, 1, 0], 'int32'),
      masks: {
        values: tf.tidy(() => {
          const fakes = tf.tensor4d([0, 1, 1, 0], [4, 1, 1, 1]);
          return tf.mul(noiseTensor(2, [4, imageSize, imageSize, 1]), fakes);
        }),
        known: tf.tensor1d([1, 1, 0, 1]),
      },
    };
    plain = create(1, false);
    detector = create(1, true);
  });
  after(() => {
    plain.dispose();
    detector.dispose();
    tf.dispose([images, targets as unknown as tf.TensorContainer]);
  });

  it('gives two finite logits an image, for any number of images', () => {
    tf.tidy(() => {
      for (const n of [1, 3]) {
        const some = images.slice([0], [n]);
        for (const pass of [INFERENCE, learn('main', false)]) {
          const result = detector.logits(some, pass);
          expect(result.shape).to.deep.equal([n, 2]);
          expect(result.dataSync().every(Number.isFinite)).to.equal(true);
        }
      }
    });
  });

  it('has the number of parameters that its architecture has', () => {
    expect(parameterCount(plain.trainable)).to.equal(given.parameters);
    expect(parameterCount(detector.trainable)).to.equal(given.parameters + given.auxiliaryParameters);
  });

  it('starts from its seed, the same with an auxiliary branch and without', () => {
    const [again, other] = [create(1, true), create(2, true)];
    const start = snapshot(detector.state);
    expect(changed(snapshot(again.state), start)).to.deep.equal([]);
    const differing = changed(start, snapshot(other.state));
    for (const name of start.keys()) {
      if (/kernel$/.test(name)) expect(differing).to.include(name);
    }
    expect(changed(snapshot(plain.state), start)).to.deep.equal([]);
    again.dispose();
    other.dispose();
  });

  it('names every variable once, those that training moves among them', () => {
    const all = [...detector.state.values()];
    expect(new Set(all).size).to.equal(all.length);
    for (const variable of detector.trainable) expect(all).to.include(variable);
  });

  it('moves only the statistics of the branch that a tracked training pass takes', () => {
    for (const branch of ['auxiliary', 'main'] as const) {
      const before = snapshot(detector.state);
      tf.tidy(() => losses(detector, learn(branch)).dataSync());
      const moved = changed(before, snapshot(detector.state));
      const statistics = [...before.keys()].filter(
        (name) =>
          /moving_(mean|variance)$/.test(name) && name.includes('auxiliary_') === (branch === 'auxiliary'),
      );
      expect(statistics.length).to.be.above(0);
      expect(moved).to.have.members(statistics);
    }
  });

  it('moves nothing in a pass that does not track, nor at inference', () => {
    const before = snapshot(detector.state);
    for (const branch of ['main', 'auxiliary'] as const) {
      logits(detector, learn(branch, false));
      logits(detector, { training: false, trackStatistics: false, branch });
      logits(detector, { training: false, trackStatistics: true, branch });
    }
    expect(changed(before, snapshot(detector.state))).to.deep.equal([]);
  });

  it('can start its auxiliary branch from the main one: adversarial images then meet the detector as it is', () => {
    // of other images than the auxiliary branch has seen
    tf.tidy(() => detector.logits(tf.mul(images, 0.5), learn('main')).dataSync());
    const auxiliary: Pass = { ...INFERENCE, branch: 'auxiliary' };
    expect(bits(logits(detector, auxiliary))).not.to.deep.equal(bits(logits(detector)));
    const before = snapshot(detector.state);
    startAuxiliaryFromMain(detector.state);
    expect(bits(logits(detector, auxiliary))).to.deep.equal(bits(logits(detector)));
    const moved = changed(before, snapshot(detector.state));
    expect(moved.every((name) => name.includes('auxiliary_'))).to.equal(true);
    const whole = snapshot(plain.state);
    startAuxiliaryFromMain(plain.state);
    expect(changed(whole, snapshot(plain.state))).to.deep.equal([]);
  });

  it('refuses the auxiliary branch where none was built, and a pass that does not say', () => {
    expect(() => logits(plain, { ...INFERENCE, branch: 'auxiliary' })).to.throw(
      /has no auxiliary branch: build the model with auxiliary batch norm/,
    );
    expect(() => logits(plain, {} as Pass)).to.throw(/needs to know its pass/);
  });

  it('answers the same again, and each image for itself at inference', () => {
    logits(detector, learn('main'));
    const together = logits(detector);
    expect(bits(logits(detector))).to.deep.equal(bits(together));
    tf.tidy(() => {
      const alone = detector.logits(images.slice([2], [1]), INFERENCE).dataSync();
      const scale = Math.max(...together.map(Math.abs));
      [0, 1].forEach((i) => expect(alone[i]).to.be.closeTo(together[4 + i]!, 1e-4 * scale));
    });
  });

  it('drops anything only by the draw of its pass, if it has dropout, and then the same by the same draw', () => {
    tf.tidy(() => {
      const draws = createDraws(1, 'dropout');
      const whole = bits(logits(detector, learn('main', false)));
      const by = (counter: number): number[] => {
        draws.seek(counter);
        return bits(logits(detector, { ...learn('main', false), draw: draws.next() }));
      };
      const [first, second] = [by(0), by(1)];
      expect(by(0)).to.deep.equal(first);
      const all = new Set([whole, first, second].map((each) => each.join()));
      expect(all.size).to.equal(detector.drops === true ? 3 : 1);
    });
  });

  it('has the gradient in its input that differences along it have', () => {
    logits(detector, learn('main'));
    tf.tidy(() => {
      const labels = tf.tensor1d([0, 1, 1, 0], 'int32');
      const loss = (x: tf.Tensor): tf.Scalar =>
        tf.sum(crossEntropy(detector.logits(x as tf.Tensor4D, INFERENCE), labels)) as tf.Scalar;
      const gradient = tf.grad(loss)(images);
      const length = tf.norm(gradient).dataSync()[0]!;
      expect(length).to.be.above(0);
      // the border alone too: reflected padding must not lose its share
      const border = tf.sub(
        1,
        tf.pad(tf.ones([4, imageSize - 4, imageSize - 4, 3]), [
          [0, 0],
          [2, 2],
          [2, 2],
          [0, 0],
        ]),
      );
      for (const along of [gradient, tf.mul(gradient, border)]) {
        const norm = tf.norm(along).dataSync()[0]!;
        const unit = tf.div(along, norm);
        const slope = tf.sum(tf.mul(gradient, unit)).dataSync()[0]!;
        const up = loss(tf.add(images, tf.mul(unit, step))).dataSync()[0]!;
        const down = loss(tf.sub(images, tf.mul(unit, step))).dataSync()[0]!;
        expect((up - down) / (2 * step)).to.be.closeTo(slope, 0.02 * slope);
      }
    });
  });

  it('reaches every parameter of the branch in use with its gradient', () => {
    tf.tidy(() => {
      const { grads } = tf.variableGrads(
        () => tf.sum(losses(plain, learn('main', false))),
        [...plain.trainable],
      );
      for (const [name, variable] of plain.state) {
        if (!plain.trainable.includes(variable)) continue;
        const values = grads[variable.name]!.dataSync();
        expect(values.every(Number.isFinite), name).to.equal(true);
        expect(
          values.some((v) => v !== 0),
          name,
        ).to.equal(true);
      }
    });
  });

  it('comes back from a file: another instance then gives the same logits', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'detector-'));
    const other = create(9, true);
    try {
      const file = path.join(folder, 'detector.safetensors');
      saveCheckpoint(file, {
        variables: new Map([...detector.state].map(([name, variable]) => [`detector/${name}`, variable])),
        counters: {},
        identity: { detector: detector.name },
        notes: {},
      });
      for (const branch of ['main', 'auxiliary'] as const) {
        expect(bits(logits(other, { ...INFERENCE, branch }))).to.not.deep.equal(
          bits(logits(detector, { ...INFERENCE, branch })),
        );
      }
      restoreDetector(other, readCheckpoint(file));
      for (const branch of ['main', 'auxiliary'] as const) {
        expect(bits(logits(other, { ...INFERENCE, branch }))).to.deep.equal(
          bits(logits(detector, { ...INFERENCE, branch })),
        );
      }
    } finally {
      other.dispose();
      rmSync(folder, { recursive: true });
    }
  });

  it('keeps no tensor but its logits, and frees on dispose all that it was built of', () => {
    for (const pass of [INFERENCE, learn('main'), learn('auxiliary', false)]) {
      expectNoLeak(() => detector.logits(images, pass).dispose());
    }
    expectNoLeak(() => create(3, true).dispose());
  });

  it('descends losses of its own, if it does, of the logits that it gives, each image its own; masks count only where known', function () {
    const { auxiliary } = detector;
    if (auxiliary === undefined) {
      this.skip();
    }
    for (const branch of ['main', 'auxiliary'] as const) {
      tf.tidy(() => {
        const pass: Pass = { ...INFERENCE, branch };
        const whole = auxiliary(images, targets, pass);
        expect(bits(whole.logits.dataSync())).to.deep.equal(bits(logits(detector, pass)));
        expect(whole.losses === undefined && Object.keys(whole.terms).length === 0).to.equal(false);
        for (const loss of [...(whole.losses ? [whole.losses] : []), ...Object.values(whole.terms)]) {
          expect(loss.shape).to.deep.equal([4]);
          expect(loss.dataSync().every((value) => value >= 0 && Number.isFinite(value))).to.equal(true);
        }
        const row = <T extends tf.Tensor>(of: T): T => tf.slice(of, 2, 1);
        const alone: Targets = {
          labels: row(targets.labels),
          manipulations: row(targets.manipulations),
          masks: { values: tf.ones([1, imageSize, imageSize, 1]), known: row(targets.masks.known) },
        };
        const one = auxiliary(row(images), alone, pass);
        for (const [name, loss] of Object.entries(one.terms)) {
          const together = whole.terms[name]!.dataSync()[2]!;
          expect(loss.dataSync()[0], name).to.be.closeTo(together, 1e-4 * Math.max(1, together));
        }
      });
    }
    expectNoLeak(() => tf.tidy(() => void losses(detector, learn('main'))));
  });
}
