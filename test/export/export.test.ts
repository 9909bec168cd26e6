import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { compose } from '../../src/config/compose.ts';
import { resolveConfig } from '../../src/config/interpolate.ts';
import { INFERENCE, type Discriminator } from '../../src/discriminator/discriminator.ts';
import { exportDetector } from '../../src/export.ts';
import { saveCheckpoint } from '../../src/game/checkpoint.ts';
import { decodeSafeTensors } from '../../src/ops/safetensors.ts';
import { openDetector } from '../../src/prepare.ts';
import { checkRunConfig } from '../../src/run-config.ts';
import type { RunConfig } from '../../src/run-settings.ts';
import { blocksOf, readPage, ROOT } from '../docs/pages.ts';
import { useEngine } from '../support/engines.ts';
import { python } from '../support/numpy.ts';
import { noiseTensor } from '../support/tensors.ts';

const IMAGES = 3;

async function composed(overrides: readonly string[]): Promise<RunConfig> {
  const context = { env: {}, now: new Date(0), hydra: { 'job.num': 0 } };
  const configs = path.join(ROOT, 'configs');
  const { config } = compose({ configs, configName: 'train', overrides, context });
  return checkRunConfig(resolveConfig(config, context));
}

/** A detector that no statistic or parameter leaves as it began, as training would: each gets noise of its own around what it was. */
function stir({ state }: Discriminator): void {
  [...state.values()].forEach((variable, i) => {
    tf.tidy(() =>
      variable.assign(tf.mul(tf.add(variable, 0.05), noiseTensor(i + 1, variable.shape, 0.5, 1.5))),
    );
  });
}

describe('export: a detector as safetensors', function () {
  let folder = '';
  let made = 0;
  before(async () => {
    await useEngine('tensorflow');
    folder = mkdtempSync(path.join(tmpdir(), 'export-'));
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  /** Exports a detector from a run folder that holds nothing but its best checkpoint. */
  async function exported(overrides: readonly string[], size: number) {
    const config = await composed(['data=folder', 'data.path=x', `data.size=${size}`, ...overrides]);
    const dir = path.join(folder, `run${made++}`);
    const file = path.join(dir, 'detector.safetensors');
    const detector = await openDetector(config, size);
    stir(detector);
    saveCheckpoint(path.join(dir, 'checkpoints/best.safetensors'), {
      variables: new Map([...detector.state].map(([name, variable]) => [`detector/${name}`, variable])),
      counters: { rounds: 7 },
      identity: { detector: detector.name },
      notes: { best: JSON.stringify({ round: 7, auc: 0.75, threshold: 0.25 }) },
    });
    const images = noiseTensor(5, [IMAGES, size, size, 3]);
    const logits = tf.tidy(() => detector.logits(images, INFERENCE).arraySync());
    const state = new Map([...detector.state].map(([name, v]) => [name, v.dataSync<'float32'>()]));
    const counts = await exportDetector(config, { dir, format: 'safetensors', file, progress: () => {} });
    const contents = decodeSafeTensors(readFileSync(file), file);
    const pixels = images.dataSync<'float32'>();
    images.dispose();
    detector.dispose();
    return { config, dir, file, images: pixels, logits, state, counts, contents };
  }

  /** What the page's own code computes of the file. */
  async function inPython(file: string, images: Float32Array, size: number): Promise<string[][]> {
    const [code, ...rest] = blocksOf(readPage('docs/weights.md'), 'python');
    expect(rest, 'further Python blocks').to.deep.equal([]);
    const script = path.join(folder, 'detector.py');
    writeFileSync(script, code!);
    const array = path.join(folder, 'images.npy');
    writeFileSync(path.join(folder, 'images.f32'), new Uint8Array(images.buffer));
    const save = `import numpy, sys; numpy.save(sys.argv[2], numpy.fromfile(sys.argv[1], "<f4").reshape(${IMAGES}, ${size}, ${size}, 3))`;
    await python('-c', save, path.join(folder, 'images.f32'), array);
    const lines = (await python(script, file, array)).trimEnd().split('\n');
    return lines.map((line) => line.split(' '));
  }

  for (const { input, size, channels, strides } of [
    // sides 34, 17, 9, 5: SAME padding of even and of odd sides at stride 2
    { input: 'rgb-highpass', size: 34, channels: '[4,8,6,5]', strides: '[2,2,2,1]' },
    { input: 'rgb', size: 16, channels: '[5,3]', strides: '[1,2]' },
  ]) {
    it(`the Python of docs/weights.md computes the same logits: small-cnn, ${input}, ${size} px`, async () => {
      const { file, images, logits } = await exported(
        [
          'generator=fgsm',
          `discriminator.input=${input}`,
          `discriminator.channels=${channels}`,
          `discriminator.strides=${strides}`,
        ],
        size,
      );
      const printed = await inPython(file, images, size);
      expect(printed).to.have.length(IMAGES);
      printed.forEach(([real, fake, probability, verdict], i) => {
        expect(Number(real), `real logit of image ${i}`).to.be.closeTo(logits[i]![0]!, 1e-4);
        expect(Number(fake), `fake logit of image ${i}`).to.be.closeTo(logits[i]![1]!, 1e-4);
        const expected = 1 / (1 + Math.exp(logits[i]![0]! - logits[i]![1]!));
        expect(Number(probability)).to.be.closeTo(expected, 1e-4);
        expect(verdict).to.equal(expected >= 0.25 ? 'fake' : 'real');
      });
      // noise through a stirred network: logits that a constant would not match
      expect(Math.abs(logits[0]![0]! - logits[1]![0]!)).to.be.above(1e-3);
    });
  }

  it('holds the main batch norm alone, whatever adversarial images trained', async () => {
    const { state, contents, counts } = await exported(['generator=blur'], 32);
    const auxiliary = [...state.keys()].filter((name) => name.includes('auxiliary'));
    expect(auxiliary.length).to.equal(28);
    const wanted = [...state].filter(([name]) => !auxiliary.includes(name));
    expect([...contents.tensors.keys()]).to.deep.equal(wanted.map(([name]) => name));
    for (const [name, values] of wanted) {
      expect([...contents.tensors.get(name)!.values], name).to.deep.equal([...values]);
    }
    expect(counts).to.deep.equal({
      tensors: wanted.length,
      values: wanted.reduce((sum, [, values]) => sum + values.length, 0),
      round: 7,
    });
  });

  it('says what it is', async () => {
    const { contents, config } = await exported(['generator=none'], 40);
    expect(contents.metadata).to.deep.equal({
      format: 'deepfake-game detector 1',
      architecture: 'small-cnn',
      settings: contents.metadata['settings'],
      image_size: '40',
      classes: '["real","fake"]',
      threshold: '0.25',
      round: '7',
      val_auc: '0.75',
    });
    const settings = JSON.parse(contents.metadata['settings']!) as object;
    expect({ name: 'small-cnn', ...settings }).to.deep.equal(config.discriminator);
  });

  it('efficientnet-b0: the names and layouts that docs/weights.md gives', async () => {
    const { contents } = await exported(['discriminator=efficientnet-b0', 'generator=none'], 32);
    const shapes = Object.fromEntries([...contents.tensors].map(([name, { shape }]) => [name, shape]));
    expect(shapes).to.deep.equal(efficientNetAsDocumented());
    expect(contents.metadata['architecture']).to.equal('efficientnet-b0');
  });

  it('overwrites nothing', async () => {
    const { config, dir, file } = await exported(['generator=none'], 32);
    const before = readFileSync(file);
    let message = '';
    await exportDetector(config, { dir, format: 'safetensors', file, progress: () => {} }).catch(
      (error: Error) => (message = error.message),
    );
    expect(message).to.equal(
      `${file} exists and is not overwritten: remove it, or name another file with out=FILE`,
    );
    expect(readFileSync(file).equals(before)).to.equal(true);
  });
});

/** The tensors that the page's last section describes, by its own numbers. */
function efficientNetAsDocumented(): Record<string, readonly number[]> {
  const shapes: Record<string, readonly number[]> = {};
  const norm = (name: string, channels: number): void => {
    for (const part of ['gamma', 'beta', 'moving_mean', 'moving_variance']) {
      shapes[`${name}_bn/${part}`] = [channels];
    }
  };
  const conv = (name: string, kernel: number, from: number, to: number): void => {
    shapes[`${name}_conv/kernel`] = [kernel, kernel, from, to];
    norm(name, to);
  };
  conv('stem', 3, 3, 32);
  let from = 32;
  [1, 2, 2, 3, 3, 4, 1].forEach((blocks, s) => {
    const to = [16, 24, 40, 80, 112, 192, 320][s]!;
    const side = [3, 3, 5, 3, 5, 5, 3][s]!;
    for (let b = 1; b <= blocks; b++) {
      const name = `stage${s + 1}_block${b}`;
      const wide = s === 0 ? from : 6 * from;
      const squeezed = Math.floor(from / 4);
      if (s > 0) conv(`${name}_expand`, 1, from, wide);
      shapes[`${name}_depthwise/depthwise_kernel`] = [side, side, wide, 1];
      norm(name, wide);
      shapes[`${name}_squeeze/kernel`] = [1, 1, wide, squeezed];
      shapes[`${name}_squeeze/bias`] = [squeezed];
      shapes[`${name}_excite/kernel`] = [1, 1, squeezed, wide];
      shapes[`${name}_excite/bias`] = [wide];
      conv(`${name}_project`, 1, wide, to);
      from = to;
    }
  });
  conv('head', 1, 320, 1280);
  shapes['logits/kernel'] = [1280, 2];
  shapes['logits/bias'] = [2];
  return shapes;
}
