import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { generative } from '../../src/generator/generative.ts';
import type { Generator } from '../../src/generator/generator.ts';
import { createRng } from '../../src/ops/random.ts';
import { onTensorFlow } from '../support/engines.ts';
import { noiseBatch } from '../support/players.ts';
import { bits, expectClose } from '../support/tensors.ts';

const SETTINGS = { k: 5, sigma_max: 2, width: 4, blocks: 1, outer_kernel: 3 } as const;
const unused = (): never => {
  throw new Error('a learned generator does not look at the loss when it perturbs');
};

onTensorFlow('generative opponent', () => {
  let generator: Generator;
  const sigma = (opponent: Generator, labels: readonly number[], seed = 1): Float32Array => {
    const batch = noiseBatch(labels, 8, seed);
    return tf.tidy(() => {
      const { maps } = opponent.perturb(batch, unused, createRng(1, 'x'));
      tf.dispose([batch.images, batch.labels]);
      return maps['sigma']!.dataSync<'float32'>();
    });
  };
  before(() => (generator = generative.create(SETTINGS, { imageSize: 8, seed: 1 })));
  after(() => generator.dispose());

  it('keeps σ within (0, sigma_max)', () => {
    const values = sigma(generator, [0, 1, 0]);
    expect(values.every((s) => s > 0 && s < 2)).to.equal(true);
  });

  it('has a network for each class: the same images under other labels get other maps', () => {
    const [asReal, asFake] = [sigma(generator, [0, 0]), sigma(generator, [1, 1])];
    expect(bits(asReal)).to.not.deep.equal(bits(asFake));
    expect(new Set([...generator.state.keys()].map((name) => name.split('_')[1])).size).to.equal(2);
  });

  it('puts every map at its image’s row, in whatever order the classes come', () => {
    const pixels = 64;
    const images = noiseBatch([0, 0, 0, 0], 8, 7).images;
    const mapsFor = (rows: readonly number[], labels: readonly number[]): number[][] =>
      tf.tidy(() => {
        const batch = {
          images: tf.gather(images, [...rows]),
          labels: tf.tensor1d([...labels], 'int32'),
        };
        const values = generator.perturb(batch, unused, createRng(1, 'x')).maps['sigma']!.dataSync();
        return rows.map((_, i) => [...values.slice(i * pixels, (i + 1) * pixels)]);
      });
    const sorted = mapsFor([0, 1, 2, 3], [0, 0, 1, 1]);
    const mixed = mapsFor([2, 0, 3, 1], [1, 0, 1, 0]);
    [2, 0, 3, 1].forEach((row, i) => expectClose(mixed[i]!, sorted[row]!, { absolute: 1e-6 }));
    images.dispose();
  });

  it('differs by seed and is the same for the same one', () => {
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

  it('has gradients in every weight of both networks', () => {
    tf.tidy(() => {
      const batch = noiseBatch([0, 1, 1, 0], 8, 3);
      const { grads } = tf.variableGrads(
        () => tf.sum(tf.square(generator.perturb(batch, unused, createRng(1, 'x')).images)),
        [...generator.trainable],
      );
      for (const variable of generator.trainable) {
        const values = grads[variable.name]!.dataSync();
        expect(values.every(Number.isFinite), variable.name).to.equal(true);
        // a bias before batch norm cancels in it: its gradient is 0 up to rounding
        if (!variable.name.includes('bias')) {
          expect(
            values.some((v) => v !== 0),
            variable.name,
          ).to.equal(true);
        }
      }
    });
  });

  it('needs sides that are multiples of 4, and says so', () => {
    for (const imageSize of [6, 9, 15]) {
      expect(() => generative.create(SETTINGS, { imageSize, seed: 1 })).to.throw(
        `image size ${imageSize} is no multiple of 4`,
      );
    }
  });
});
