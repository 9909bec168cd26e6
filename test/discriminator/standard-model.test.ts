import { execFile } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { INFERENCE, type AnyDiscriminatorVariant } from '../../src/discriminator/discriminator.ts';
import { DISCRIMINATORS } from '../../src/discriminator/index.ts';
import { apply } from '../../src/discriminator/model.ts';
import { standardModel } from '../../src/discriminator/standard-model.ts';
import { writeLayersModel } from '../../src/reports/layers-model.ts';
import { onTensorFlow } from '../support/engines.ts';
import { narrowMobileNet, narrowResNet, narrowXception } from '../support/narrow-detectors.ts';
import { shippedSettings } from '../support/players.ts';
import { expectClose, noiseTensor } from '../support/tensors.ts';

const run = promisify(execFile);
const IMAGES = 2;

interface Case {
  readonly title: string;
  readonly detector: string;
  readonly size: number;
  readonly settings?: Readonly<Record<string, unknown>>;
  /** Of the same factory, to be quick. */
  readonly narrow?: unknown;
}

const CASES: readonly Case[] = [
  { title: 'small-cnn, rgb-highpass', detector: 'small-cnn', size: 17, settings: { input: 'rgb-highpass' } },
  { title: 'small-cnn, rgb', detector: 'small-cnn', size: 16, settings: { input: 'rgb' } },
  { title: 'efficientnet-b0', detector: 'efficientnet-b0', size: 32 },
  { title: 'meso-inception-4', detector: 'meso-inception-4', size: 20 },
  {
    title: 'mobilenet-v3, narrow',
    detector: 'mobilenet-v3-large',
    size: 22,
    narrow: narrowMobileNet,
  },
  {
    title: 'resnet, narrow',
    detector: 'resnet-50',
    size: 32,
    narrow: narrowResNet,
  },
  {
    title: 'xception, narrow',
    detector: 'xception',
    size: 35,
    narrow: narrowXception,
  },
];

onTensorFlow('standard model', () => {
  let folder = '';
  before(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'standard-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Writes a detector and images, and says what it says of them. */
  async function exported(
    { detector: name, size, settings, narrow }: Case,
    out: string,
  ): Promise<Float32Array> {
    const variant = (narrow as AnyDiscriminatorVariant | undefined) ?? DISCRIMINATORS[name]!;
    const detector = variant.create(
      { ...shippedSettings('discriminator', name), bn_momentum: 0.5, ...settings },
      { imageSize: size, seed: 3, auxiliaryBatchNorm: true, recompute: false },
    );
    const images = noiseTensor(5, [IMAGES, size, size, 3]);
    // statistics that are not those of the start, other ones in the auxiliary branch
    for (const branch of ['main', 'auxiliary'] as const) {
      tf.tidy(() => {
        const seen = branch === 'main' ? images : tf.mul<tf.Tensor4D>(images, 0.5);
        detector.logits(seen, { training: true, trackStatistics: true, branch });
      });
    }
    const standard = standardModel(detector.model!);
    await writeLayersModel(out, standard, { architecture: name });
    writeFileSync(path.join(out, 'images.f32'), new Uint8Array(images.dataSync<'float32'>().buffer));
    const logits = tf.tidy(() => detector.logits(images, INFERENCE).dataSync<'float32'>());
    standard.dispose();
    detector.dispose();
    images.dispose();
    return logits;
  }

  it('plain TensorFlow.js says the same of the same images', async () => {
    const folders = CASES.map((_, i) => path.join(folder, String(i)));
    const ours: Float32Array[] = [];
    for (const [i, given] of CASES.entries()) ours.push(await exported(given, folders[i]!));
    const script = path.join(import.meta.dirname, '../support/plain-tfjs.mjs');
    const { stdout } = await run(process.execPath, [script, ...folders]);
    const all = JSON.parse(stdout) as { logits: number[][]; metadata: unknown; backend: string }[];
    CASES.forEach(({ title, detector }, i) => {
      const { logits, metadata, backend } = all[i]!;
      expect(backend).to.equal('cpu');
      expect(metadata, title).to.deep.equal({ architecture: detector });
      const scale = Math.max(1, ...ours[i]!.map(Math.abs));
      expectClose(logits.flat(), ours[i]!, { absolute: 1e-5 * scale });
    });
  });

  it('refuses a layer of ours without an equivalent, by its name', () => {
    const input = tf.input({ shape: [4, 4, 3] });
    const model = tf.model({
      inputs: input,
      outputs: apply('own-trick', (x) => tf.neg(x)).apply(input) as tf.SymbolicTensor,
    });
    expect(() => standardModel(model)).to.throw(
      'layer own-trick (Apply) has no equivalent of stock layers: give it one',
    );
  });
});
