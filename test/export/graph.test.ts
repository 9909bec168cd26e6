import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { writeDetectorGraph } from '../../src/detector-graph.ts';
import {
  INFERENCE,
  type AnyDiscriminatorVariant,
  type Discriminator,
} from '../../src/discriminator/discriminator.ts';
import { DISCRIMINATORS } from '../../src/discriminator/index.ts';
import { withPlainKernels } from '../../src/tensorflow/kernels.ts';
import { onTensorFlow } from '../support/engines.ts';
import { narrowMobileNet, narrowResNet, narrowXception } from '../support/narrow-detectors.ts';
import { shippedSettings } from '../support/players.ts';
import { expectClose, noiseTensor } from '../support/tensors.ts';

const run = promisify(execFile);
const IMAGES = 2;

interface Case {
  readonly detector: string;
  readonly settings?: Readonly<Record<string, unknown>>;
}

/** Of the same factory as a wide one, to be quick. */
const NARROW: Readonly<Record<string, unknown>> = {
  'mobilenet-v3-small': narrowMobileNet,
  'resnet-50': narrowResNet,
  xception: narrowXception,
};

/** Every detector, but one of each family; every front end. */
const CASES: readonly Case[] = [
  ...Object.keys(DISCRIMINATORS)
    .filter((name) => !/^efficientnet-(b[^0]|lite)|v3-large|meso-4/.test(name))
    .map((detector) => ({ detector })),
  { detector: 'small-cnn', settings: { input: 'rgb' } },
  { detector: 'small-cnn', settings: { input: 'srm' } },
  { detector: 'small-cnn', settings: { input: 'dct' } },
];

/** Odd where the detector takes it: others halve their sides without rest. */
const sizeOf = ({ detector }: Case): number => (/small-cnn|spectrum|noise/.test(detector) ? 33 : 32);

/** What plain TensorFlow.js says of a folder's images. */
interface Said {
  readonly input: unknown;
  readonly outputs: unknown;
  readonly logits: number[][];
  /** Of the first alone. */
  readonly single: number[][];
  readonly metadata: unknown;
  readonly backend: string;
}

onTensorFlow('a detector as a graph', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'graph-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  function created({ detector, settings }: Case, size: number): Discriminator {
    const variant = (NARROW[detector] ?? DISCRIMINATORS[detector]) as AnyDiscriminatorVariant;
    const shipped = shippedSettings('discriminator', detector);
    const channels = shipped['channels'];
    const narrow = Array.isArray(channels) ? { channels: channels.map(() => 6) } : {};
    return variant.create(
      { ...shipped, ...narrow, ...settings },
      { imageSize: size, seed: 3, auxiliaryBatchNorm: true, recompute: true },
    );
  }

  /** Writes a detector and images, and says what it says of them. */
  function written(given: Case, out: string): Float32Array {
    const size = sizeOf(given);
    const detector = created(given, size);
    const images = noiseTensor(5, [IMAGES, size, size, 3]);
    // no statistic or parameter as it began, and the auxiliary branch unlike the main one
    [...detector.state.values()].forEach((variable, k) => {
      tf.tidy(() => {
        variable.assign(tf.mul(tf.add(variable, 0.05), noiseTensor(k + 1, variable.shape, 0.5, 1.5)));
      });
    });
    writeDetectorGraph(out, detector, size, { architecture: given.detector });
    writeFileSync(path.join(out, 'images.f32'), new Uint8Array(images.dataSync<'float32'>().buffer));
    const logits = tf.tidy(() => detector.logits(images, INFERENCE).dataSync<'float32'>());
    detector.dispose();
    images.dispose();
    return logits;
  }

  it('plain TensorFlow.js says the same of the same images, in a batch of any size', async () => {
    const before = tf.memory().numTensors;
    const folders = CASES.map((_, i) => path.join(folder, String(i)));
    const ours = CASES.map((given, i) => written(given, folders[i]!));
    expect(tf.memory().numTensors).to.equal(before);
    const script = path.join(import.meta.dirname, '../support/plain-graph.mjs');
    const { stdout } = await run(process.execPath, [script, ...folders], { maxBuffer: 2 ** 24 });
    const all = JSON.parse(stdout) as Said[];
    CASES.forEach((given, i) => {
      const { logits, single, ...said } = all[i]!;
      const size = sizeOf(given);
      expect(said).to.deep.equal({
        input: { name: 'images', shape: [-1, size, size, 3] },
        outputs: ['logits'],
        metadata: { architecture: given.detector },
        backend: 'cpu',
      });
      const scale = Math.max(1, ...ours[i]!.map(Math.abs));
      expectClose(logits.flat(), ours[i]!, { absolute: 1e-5 * scale });
      expectClose(single.flat(), ours[i]!.subarray(0, 2), { absolute: 1e-5 * scale });
    });
  });

  const outcomeOf = (logits: (images: tf.Tensor4D) => tf.Tensor2D): string => {
    const detector = { name: 'mine', logits, trainable: [], state: new Map(), dispose: () => undefined };
    const out = path.join(folder, 'refused');
    try {
      writeDetectorGraph(out, detector, 4, {});
    } catch (error) {
      expect(existsSync(out)).to.equal(false);
      return (error as Error).message;
    }
    return 'no error';
  };

  it('refuses what would be wrong for another batch, or could not be repeated, by the detector’s name', () => {
    const flat = (images: tf.Tensor4D): tf.Tensor2D => tf.reshape(images, [images.shape[0], -1]);
    const two = (images: tf.Tensor4D): tf.Tensor2D => tf.slice2d(flat(images), [0, 0], [-1, 2]);
    expect(outcomeOf(two)).to.equal('no error');
    rmSync(path.join(folder, 'refused'), { recursive: true });
    const remedy =
      /^detector mine cannot be written as a graph for batches of any size: .*Export it with format=safetensors$/;
    for (const [logits, why] of [
      [(x) => tf.div(two(x), x.shape[0]), /values that the host computes change/],
      [(x) => tf.tile(tf.slice2d(two(x), [0, 0], [1, 2]), [x.shape[0], 1]), /values that the host computes/],
      [(x) => (x.shape[0] > 2 ? tf.neg(two(x)) : two(x)), /it runs \d+ operations one time and \d+ the next/],
      [(x) => tf.mul(two(x), two(x).dataSync()[0]! + 1), /it reads a value back while it computes/],
    ] as readonly [(x: tf.Tensor4D) => tf.Tensor2D, RegExp][]) {
      const message = outcomeOf(logits);
      expect(message).to.match(remedy);
      expect(message).to.match(why);
    }
  });

  it('leaves the fast kernels as they were', () => {
    const kernels = () =>
      new Map(tf.getKernelsForBackend('tensorflow').map((k) => [k.kernelName, k.kernelFunc]));
    const before = kernels();
    let inside = 0;
    expect(() =>
      withPlainKernels(() => {
        inside = kernels().size;
        throw new Error('stopped');
      }),
    ).to.throw('stopped');
    expect(inside).to.be.below(before.size);
    expect(kernels()).to.deep.equal(before);
  });
});
