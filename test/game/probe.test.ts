import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { onTensorFlow } from '../support/engines.ts';
import type { Discriminator, Pass } from '../../src/discriminator/discriminator.ts';
import { openMonitors } from '../../src/game/monitors.ts';
import { crossEntropy } from '../../src/game/objective.ts';
import { probe as probePlayers, type Probed, type ProbeSettings } from '../../src/game/probe.ts';
import { blur } from '../../src/generator/blur.ts';
import { fgsm } from '../../src/generator/fgsm.ts';
import type { Generator, LabelledImages } from '../../src/generator/generator.ts';
import { none } from '../../src/generator/none.ts';
import { noiseBatch, shippedSettings, settle, tinyDetector } from '../support/players.ts';
import { changed, expectNoLeak, snapshot } from '../support/tensors.ts';

const EPS = 0.03;
const CONTEXT = { imageSize: 8, seed: 1 };
const SETTINGS = { auxiliary_bn: false, seed: 1, round: 50, progress: 0.5 };

const probe = (players: Omit<Probed, 'criterion'>, batch: LabelledImages, settings: ProbeSettings) =>
  probePlayers({ ...players, criterion: crossEntropy }, batch, settings);
const settingsOf = (name: string, more: object) =>
  ({ ...shippedSettings('generator', name), ...more }) as never;
const oneStep: Generator = fgsm.create(settingsOf('fgsm', { eps: EPS }), CONTEXT);

/** Eight images, the class in the first channel, grey in the second, from where the opponents move it. */
function greyBatch(): LabelledImages {
  const labels = tf.tensor1d([0, 1, 0, 1, 0, 1, 0, 1], 'int32');
  const images = tf.tidy(() => {
    const first = tf.add(0.2, tf.mul(0.6, tf.reshape(tf.cast(labels, 'float32'), [8, 1, 1, 1])));
    return tf.concat([tf.tile(first, [1, 8, 8, 1]), tf.fill([8, 8, 8, 2], 0.5)], 3) as tf.Tensor4D;
  });
  return { images, labels };
}

/**
 * A detector that is right where `margin` is above 0, a function of the mean change of the second channel in units of EPS; its loss is
 * softplus(−margin). It notes the passes that it is asked for.
 */
function detectorWith(margin: (change: tf.Tensor) => tf.Tensor): Discriminator & { passes: Pass[] } {
  const passes: Pass[] = [];
  return {
    name: 'by hand',
    logits: (images, pass) => {
      passes.push(pass);
      return tf.tidy(() => {
        const [first, second] = tf.split(tf.mean(images, [1, 2]), 3, 1) as [tf.Tensor, tf.Tensor];
        const truth = tf.sign(tf.sub(first, 0.5)); // of which the gradient is 0
        const fake = tf.mul(truth, margin(tf.div(tf.sub(second, 0.5), EPS)));
        return tf.concat([tf.zerosLike(fake), fake], 1) as tf.Tensor2D;
      });
    },
    trainable: [],
    state: new Map(),
    dispose: () => {},
    passes,
  };
}

/** Rises away from the clean image, peaks half-way, and is as low at a whole step as at none: what FGSM training can end in. */
const bent = (change: tf.Tensor): tf.Tensor => tf.cos(tf.mul(tf.add(change, 0.05), 2 * Math.PI));
/** Falls evenly, below 0 before the edge of the ball. */
const weak = (change: tf.Tensor): tf.Tensor => tf.sub(0.5, change);
/** Falls evenly and stays above 0. */
const firm = (change: tf.Tensor): tf.Tensor => tf.sub(1, tf.mul(change, 0.5));
const softplus = (x: number): number => Math.log1p(Math.exp(x));

onTensorFlow('probe', () => {
  let batch: LabelledImages;

  before(() => (batch = greyBatch()));
  after(() => tf.dispose([batch.images, batch.labels]));

  const alarms = (metrics: Readonly<Record<string, number>>) =>
    openMonitors()
      .probe(50, metrics)
      .map(({ name }) => name);

  it('PGD finds what one step passes over: catastrophic overfitting shows, and is told', () => {
    const metrics = probe({ detector: detectorWith(bent), generator: oneStep }, batch, SETTINGS);
    expect(metrics).to.include({ accuracy_clean: 1, accuracy_opponent: 1, accuracy_pgd10: 0 });
    expect(metrics['opponent_gain']).to.be.closeTo(0, 1e-5); // the cosine comes back to where it was
    const [lowest, highest] = [softplus(0), softplus(1)].map((loss) => loss - softplus(-0.951));
    expect(metrics['pgd10_gain']).to.be.within(lowest!, highest! + 1e-5);
    expect(alarms(metrics)).to.deep.equal(['catastrophic_overfitting']);
  });

  it('a detector that both beat, and one that withstands both, are no cause for alarm', () => {
    const beaten = probe({ detector: detectorWith(weak), generator: oneStep }, batch, SETTINGS);
    expect(beaten).to.include({ accuracy_clean: 1, accuracy_opponent: 0, accuracy_pgd10: 0 });
    expect(beaten['opponent_gain']).to.be.closeTo(softplus(0.5) - softplus(-0.5), 1e-5);
    // ten steps of a quarter end at the same corner of the ball
    expect(beaten['pgd10_gain']).to.be.closeTo(beaten['opponent_gain']!, 1e-5);
    const standing = probe({ detector: detectorWith(firm), generator: oneStep }, batch, SETTINGS);
    expect(standing).to.include({ accuracy_clean: 1, accuracy_opponent: 1, accuracy_pgd10: 1 });
    expect([...alarms(beaten), ...alarms(standing)]).to.deep.equal([]);
  });

  it('sees the detector as it will be used: running statistics and main batch norm, crafting too', () => {
    const detector = detectorWith(firm);
    probe({ detector, generator: oneStep }, batch, SETTINGS);
    // clean, one step of FGSM, its images, ten steps of PGD, their images
    expect(detector.passes).to.have.length(1 + 1 + 1 + 10 + 1);
    detector.passes.forEach((pass) =>
      expect(pass).to.deep.equal({ training: false, trackStatistics: false, branch: 'main' }),
    );
  });

  it('has the auxiliary branch besides where the game has one', () => {
    const detector = detectorWith(firm);
    const metrics = probe({ detector, generator: oneStep }, batch, { ...SETTINGS, auxiliary_bn: true });
    expect(Object.keys(metrics)).to.deep.equal(
      ['', '_auxiliary'].flatMap((suffix) =>
        ['accuracy_clean', 'accuracy_opponent', 'opponent_gain', 'accuracy_pgd10', 'pgd10_gain'].map(
          (name) => `${name}${suffix}`,
        ),
      ),
    );
    expect(detector.passes.map(({ branch }) => branch)).to.deep.equal([
      ...Array<string>(14).fill('main'),
      ...Array<string>(14).fill('auxiliary'),
    ]);
  });

  it('leaves PGD out where the opponent bounds no pixel, and holds it to a bound of 0', () => {
    const detector = detectorWith(weak);
    const generator = blur.create(settingsOf('blur', {}), CONTEXT);
    expect(Object.keys(probe({ detector, generator }, batch, SETTINGS))).to.deep.equal([
      'accuracy_clean',
      'accuracy_opponent',
      'opponent_gain',
    ]);
    const still = probe({ detector, generator: none.create({}, CONTEXT) }, batch, SETTINGS);
    expect(still).to.include({ accuracy_pgd10: 1, pgd10_gain: 0, opponent_gain: 0 });
  });

  it('moves nothing, leaks nothing, and gives the same again', () => {
    const detector = tinyDetector({ imageSize: 8 });
    const noise = noiseBatch([0, 1, 1, 0], 8);
    settle(detector, noise.images);
    const before = snapshot(detector.state);
    const generator = fgsm.create(settingsOf('fgsm', { eps: EPS, random_start: true }), CONTEXT);
    const measure = () => probe({ detector, generator }, noise, { ...SETTINGS, auxiliary_bn: true });
    const first = measure();
    expectNoLeak(() => void measure());
    expect(measure()).to.deep.equal(first);
    expect(changed(before, snapshot(detector.state))).to.deep.equal([]);
    expect(first['pgd10_gain']).to.be.above(0);
    tf.dispose([noise.images, noise.labels]);
    detector.dispose();
  });
});
