import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { checkPerturbed } from '../../src/game/perturbation.ts';
import { generativeKernel } from '../../src/generator/generative-kernel.ts';
import type { Generator, Perturbed } from '../../src/generator/generator.ts';
import { squaredDistances } from '../../src/ops/pixel-kernel.ts';
import { onTensorFlow } from '../support/engines.ts';
import { naiveBlur } from '../support/naive-blur.ts';
import { lastTurn, noiseBatch, victimThatLoses } from '../support/players.ts';
import { bits, expectClose, noise } from '../support/tensors.ts';

const SIZE = 8;
const PIXELS = 2 * SIZE * SIZE;
const SETTINGS = {
  k: 3,
  strength: 1,
  identity_logit: 0,
  body: 'resnet',
  width: 2,
  depth: 1,
  blocks: 0,
  outer_kernel: 3,
  norm: 'batch',
  shared: true,
  spectral_norm: false,
  ema: 0,
  penalty: 0,
} as const;
const unused = victimThatLoses(() => {
  throw new Error('a learned generator does not look at the loss when it perturbs');
});

onTensorFlow('learned kernels', () => {
  /** What an opponent makes of noise; its network says these logits everywhere, or what its weights say. */
  const perturbed = <T>(
    settings: Partial<Parameters<typeof generativeKernel.create>[0]>,
    logits: readonly number[] | null,
    read: (given: Perturbed, clean: tf.Tensor4D) => T,
  ): T => {
    const opponent: Generator = generativeKernel.create(
      { ...SETTINGS, ...settings },
      { imageSize: SIZE, seed: 1 },
    );
    try {
      let result: T | undefined;
      tf.tidy(() => {
        if (logits !== null) {
          const kernel = opponent.state.get('generator_output_conv/kernel')!;
          kernel.assign(tf.zeros(kernel.shape));
          opponent.state.get('generator_output_conv/bias')!.assign(tf.tensor1d([...logits]));
        }
        const batch = noiseBatch([0, 1], SIZE);
        result = read(opponent.perturb(batch, unused, lastTurn()), batch.images);
      });
      return result!;
    } finally {
      opponent.dispose();
    }
  };
  const read = ({ images, maps }: Perturbed): Record<string, Float32Array> => ({
    images: images.dataSync<'float32'>(),
    sigma: maps['sigma']!.dataSync<'float32'>(),
    neighbours: maps['neighbours']!.dataSync<'float32'>(),
  });
  const everywhere = (value: number): Float32Array => new Float32Array(PIXELS).fill(value);
  /** Clean noise, as `perturbed` has it. */
  const clean = noise(1, PIXELS * 3);

  it('of a network that says nothing are a box', () => {
    const { images, sigma, neighbours } = perturbed({}, new Array<number>(9).fill(0), read);
    // four neighbours at distance 1 and four at √2
    expectClose(sigma!, everywhere(Math.sqrt((4 * 1 + 4 * 2) / 9 / 2)), { absolute: 1e-6 });
    expectClose(neighbours!, everywhere(8 / 9), { absolute: 1e-6 });
    const box = naiveBlur(clean, [2, SIZE, SIZE, 3], everywhere(1e6), 3);
    expectClose(images!, box, { absolute: 1e-6 });
  });

  it('that are Gaussian have its σ', () => {
    const [k, sigma] = [7, 0.8] as const;
    const logits = squaredDistances(k).map((d) => -d / (2 * sigma * sigma));
    const found = perturbed({ k }, logits, read);
    // a window of 7 cuts little off
    expectClose(found['sigma']!, everywhere(sigma), { absolute: 2e-3 });
    const expected = naiveBlur(clean, [2, SIZE, SIZE, 3], everywhere(sigma), k);
    expectClose(found['images']!, expected, { absolute: 1e-6 });
  });

  it('start near the identity by identity_logit: the centre weighs e^that times a neighbour', () => {
    for (const logit of [0, 3, 6]) {
      const { neighbours } = perturbed({ identity_logit: logit }, new Array<number>(9).fill(0), read);
      expectClose(neighbours!, everywhere(8 / (8 + Math.exp(logit))), { relative: 1e-5 });
    }
    const share = (logit: number): number =>
      perturbed({ identity_logit: logit }, null, ({ maps }) => tf.mean(maps['neighbours']!).dataSync()[0]!);
    expect(share(8)).to.be.below(0.25 * share(0));
  });

  it('are mixed with the identity by strength, in the images and in the maps', () => {
    const logits = [...noise(4, 9, -2, 2)];
    const full = perturbed({}, logits, read);
    const half = perturbed({ strength: 0.5 }, logits, read);
    expectClose(
      half['images']!,
      full['images']!.map((v, i) => (v + clean[i]!) / 2),
      { absolute: 1e-6 },
    );
    expectClose(
      half['neighbours']!,
      full['neighbours']!.map((v) => v / 2),
      { absolute: 1e-6 },
    );
    expectClose(
      half['sigma']!,
      full['sigma']!.map((v) => v * Math.SQRT1_2),
      { absolute: 1e-6 },
    );
    const none = perturbed({ strength: 0 }, logits, read);
    expect(bits(none['images']!)).to.deep.equal(bits(clean));
    expect(bits(none['neighbours']!)).to.deep.equal(bits(everywhere(0)));
  });

  it('keep the bounds that they promise, up to the very end', () => {
    // all weight in a corner: a shift by (−1, −1), the furthest there is
    const corner = [60, 0, 0, 0, 0, 0, 0, 0, 0];
    for (const strength of [1, 0.3, 0]) {
      perturbed({ strength }, corner, (given, images) => {
        const limit = Math.sqrt(strength);
        expect(given.bounds).to.deep.equal({
          sigma: { norm: 'pixel', limit },
          neighbours: { norm: 'pixel', limit: strength },
        });
        const use = checkPerturbed('generative-kernel', images, given);
        const expected = strength === 0 ? [0, 0] : [1, 1];
        expectClose(use['sigma']!, expected, { absolute: 1e-5 });
        expectClose(use['neighbours']!, expected, { absolute: 1e-5 });
      });
    }
  });

  it('treat the colour channels alike: a grey image stays grey', () => {
    const opponent = generativeKernel.create(SETTINGS, { imageSize: SIZE, seed: 2 });
    tf.tidy(() => {
      const { images, labels } = noiseBatch([0, 1], SIZE);
      const grey = tf.tile(tf.slice(images, [0, 0, 0, 0], [2, SIZE, SIZE, 1]), [1, 1, 1, 3]) as tf.Tensor4D;
      const values = opponent.perturb({ images: grey, labels }, unused, lastTurn()).images.dataSync();
      for (let i = 0; i < values.length; i += 3) {
        expect([values[i + 1], values[i + 2]]).to.deep.equal([values[i], values[i]]);
      }
    });
    opponent.dispose();
  });

  it('need images larger than their radius, with the key named', () => {
    expect(generativeKernel.check!({ ...SETTINGS, k: 7 }, { imageSize: 2 })).to.deep.include({
      key: 'k',
      problem: 'is 7, but a window of 7 needs images of more than 3 pixels, not 2',
    });
    expect(generativeKernel.check!({ ...SETTINGS, k: 7 }, { imageSize: 4 })).to.deep.equal([]);
  });
});
