import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { generative } from '../../src/generator/generative.ts';
import type { Generator } from '../../src/generator/generator.ts';
import { gaussianBlur } from '../../src/ops/gaussian-blur.ts';
import { onTensorFlow } from '../support/engines.ts';
import { lastTurn, noiseBatch, victimThatLoses } from '../support/players.ts';
import { bits, expectClose } from '../support/tensors.ts';

const SETTINGS = {
  k: 5,
  sigma_max: 2,
  body: 'resnet',
  width: 4,
  depth: 2,
  blocks: 1,
  outer_kernel: 3,
  norm: 'batch',
  shared: false,
  spectral_norm: false,
  ema: 0,
  penalty: 0,
} as const;
const unused = victimThatLoses(() => {
  throw new Error('a learned generator does not look at the loss when it perturbs');
});

onTensorFlow('learned blur maps', () => {
  let generator: Generator;
  const sigma = (opponent: Generator, labels: readonly number[], seed = 1): Float32Array => {
    const batch = noiseBatch(labels, 8, seed);
    return tf.tidy(() => {
      const { maps } = opponent.perturb(batch, unused, lastTurn());
      tf.dispose([batch.images, batch.labels]);
      return maps['sigma']!.dataSync<'float32'>();
    });
  };
  before(() => (generator = generative.create(SETTINGS, { imageSize: 8, seed: 1 })));
  after(() => generator.dispose());

  it('keep σ within (0, sigma_max), which it promises', () => {
    const values = sigma(generator, [0, 1, 0]);
    expect(values.every((s) => s > 0 && s < 2)).to.equal(true);
    tf.tidy(() => {
      const { bounds } = generator.perturb(noiseBatch([0], 8), unused, lastTurn());
      expect(bounds).to.deep.equal({ sigma: { norm: 'pixel', limit: 2 } });
    });
  });

  it('are sigma_max · sigmoid of what the network says, and blur accordingly', () => {
    const opponent = generative.create({ ...SETTINGS, shared: true }, { imageSize: 8, seed: 1 });
    tf.tidy(() => {
      // a network that says −0.7 everywhere
      opponent.state.get('generator_output_conv/kernel')!.assign(tf.zeros([3, 3, 4, 1]));
      opponent.state.get('generator_output_conv/bias')!.assign(tf.tensor1d([-0.7]));
      const batch = noiseBatch([0, 1], 8);
      const { images, maps } = opponent.perturb(batch, unused, lastTurn());
      const expected = 2 / (1 + Math.exp(0.7));
      expectClose(maps['sigma']!.dataSync(), new Float32Array(128).fill(expected), { absolute: 1e-6 });
      const blurred = gaussianBlur(batch.images, tf.fill([2, 8, 8, 1], expected), 5);
      expectClose(images.dataSync(), blurred.dataSync(), { absolute: 1e-6 });
    });
    opponent.dispose();
  });

  it('differ by seed and are the same for the same one', () => {
    const first = bits(sigma(generator, [0, 1]));
    for (const [seed, same] of [
      [1, true],
      [2, false],
    ] as const) {
      const other = generative.create(SETTINGS, { imageSize: 8, seed });
      expect(bits(sigma(other, [0, 1])).join() === first.join()).to.equal(same);
      other.dispose();
    }
  });

  it('need images larger than the window’s radius, with the key named', () => {
    const given = { ...SETTINGS, k: 9, depth: 1 } as const;
    expect(generative.check!(given, { imageSize: 4 })).to.deep.equal([
      { key: 'k', problem: 'is 9, but a window of 9 needs images of more than 4 pixels, not 4' },
    ]);
    expect(generative.check!(given, { imageSize: 6 })).to.deep.equal([]);
  });
});
