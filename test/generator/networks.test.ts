import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import {
  depthProblem,
  GENERATOR_PASS,
  generatorNetwork,
  type NetworkOptions,
} from '../../src/generator/networks.ts';
import { modelState, modelTrainable } from '../../src/ops/model-state.ts';
import { parameterCount } from '../../src/ops/flat-parameters.ts';
import { onEachEngine, onTensorFlow } from '../support/engines.ts';
import { bits, changed, expectClose, expectNoLeak, noiseTensor, snapshot } from '../support/tensors.ts';

interface NetworkCase {
  readonly body: 'resnet' | 'unet';
  readonly norm: 'batch' | 'instance';
  readonly depth: number;
  readonly output: readonly number[];
  /** By `layer/weight`: the gradient's product with sines of that name and a plus sign, and its length. */
  readonly gradients: Readonly<Record<string, readonly [number, number]>>;
}

const FIXTURE = path.resolve(import.meta.dirname, '../fixtures/generator/networks.json');
const CASES = (JSON.parse(readFileSync(FIXTURE, 'utf8')) as { readonly networks: readonly NetworkCase[] })
  .networks;
const BODIES = ['resnet', 'unet'] as const;
const NORMS = ['batch', 'instance'] as const;
const OPTIONS: NetworkOptions = {
  body: 'resnet',
  width: 3,
  depth: 2,
  blocks: 1,
  outerKernel: 5,
  outputChannels: 2,
  norm: 'batch',
  spectralNorm: false,
  seed: 7,
};

/** The values that the fixture's script makes of a name. */
function sines(name: string, count: number): Float32Array {
  const start = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  return Float32Array.from({ length: count }, (_, j) => Math.sin(1.7 * j + start));
}

const run = (model: tf.LayersModel, images: tf.Tensor4D): tf.Tensor4D =>
  model.apply(images, { ...GENERATOR_PASS }) as tf.Tensor4D;

onEachEngine('networks of learned opponents', () => {
  for (const { body, norm, depth, output, gradients } of CASES) {
    it(`compute what PyTorch does, forward and backward: ${body}, ${norm} norm, depth ${depth}`, () => {
      const model = generatorNetwork('net', 8, {
        ...{ body, norm, depth, width: 2, blocks: 1, outerKernel: 3, outputChannels: 2 },
        ...{ spectralNorm: false, seed: 1 },
      });
      tf.tidy(() => {
        const trainable = modelTrainable(model);
        const byName = new Map([...modelState(model)].map(([name, v]) => [name.replace('net_', ''), v]));
        expect([...byName].filter(([, v]) => trainable.includes(v)).map(([name]) => name)).to.have.members(
          Object.keys(gradients),
        );
        for (const name of Object.keys(gradients)) {
          const variable = byName.get(name)!;
          const [middle, spread] = name.endsWith('kernel')
            ? [0, 0.5]
            : name.endsWith('gamma')
              ? [1, 0.3]
              : [0, 0.2];
          const values = sines(name, variable.size).map((v) => middle + spread * v);
          variable.assign(tf.tensor(values, variable.shape));
        }
        const images = tf.tensor4d(
          sines('images', 3 * 8 * 8 * 3).map((v) => 0.5 + 0.5 * v),
          [3, 8, 8, 3],
        );
        expectClose(run(model, images).dataSync(), output, { absolute: 2e-4 });
        const direction = tf.tensor4d(sines('direction', 3 * 8 * 8 * 2), [3, 8, 8, 2]);
        const { grads } = tf.variableGrads(
          () => tf.sum(tf.mul(run(model, images), direction)),
          trainable as tf.Variable[],
        );
        for (const [name, [product, length]] of Object.entries(gradients)) {
          const gradient = grads[byName.get(name)!.name]!;
          const along = sines(`${name}+`, gradient.size);
          const values = gradient.dataSync<'float32'>();
          const found = values.reduce((sum: number, v, i) => sum + v * along[i]!, 0);
          expectClose([found, Math.hypot(...values)], [product, length], { absolute: 1e-3 * (1 + length) });
        }
      });
      model.dispose();
    });
  }
});

onTensorFlow('networks of learned opponents', () => {
  /** Runs a job with a network, then frees it. */
  const using = <T>(options: Partial<NetworkOptions>, job: (model: tf.LayersModel) => T, size = 16): T => {
    const model = generatorNetwork('net', size, { ...OPTIONS, ...options });
    try {
      return job(model);
    } finally {
      model.dispose();
    }
  };

  for (const body of BODIES) {
    it(`have the parameters that the drawing has: ${body}`, () => {
      for (const [width, depth, blocks, outerKernel, outputChannels] of [
        [4, 2, 2, 5, 1],
        [3, 1, 0, 3, 9],
        [2, 3, 1, 7, 3],
      ] as const) {
        const conv = (k: number, from: number, to: number): number => k * k * from * to + to;
        const normed = (k: number, from: number, to: number): number => conv(k, from, to) + 2 * to;
        const at = (level: number): number => width * 2 ** level;
        let expected = normed(outerKernel, 3, width) + conv(outerKernel, width, outputChannels);
        for (let level = 1; level <= depth; level++) {
          const skipped = body === 'unet' ? at(level - 1) : 0;
          expected += normed(3, at(level - 1), at(level)) + normed(3, at(level) + skipped, at(level - 1));
        }
        expected += blocks * (normed(3, at(depth), at(depth)) + conv(3, at(depth), at(depth)));
        for (const [norm, spectralNorm] of [
          ['batch', false],
          ['instance', true],
        ] as const) {
          const options = { body, width, depth, blocks, outerKernel, outputChannels, norm, spectralNorm };
          using(options, (model) => expect(parameterCount(modelTrainable(model))).to.equal(expected));
        }
      }
    });
  }

  it('give one set of numbers a pixel', () => {
    for (const body of BODIES) {
      using({ body, outputChannels: 5 }, (model) =>
        tf.tidy(() => {
          expect(run(model, noiseTensor(1, [2, 16, 16, 3])).shape).to.deep.equal([2, 16, 16, 5]);
        }),
      );
    }
  });

  it('draw each convolution’s weights from a seed of its own, in the order of their making', () => {
    using({ width: 4, outerKernel: 5 }, (model) =>
      tf.tidy(() => {
        const state = modelState(model);
        const layers = ['outer', 'down1', 'down2', 'block1_a', 'block1_b', 'up1', 'up2', 'output'];
        layers.forEach((layer, i) => {
          const kernel = state.get(`net_${layer}_conv/kernel`)!;
          const drawn = tf.initializers.heNormal({ seed: OPTIONS.seed + i }).apply(kernel.shape);
          expect(bits(kernel.dataSync()), layer).to.deep.equal(bits(drawn.dataSync()));
        });
      }),
    );
  });

  it('look at the whole batch with batch norm, at each image alone with instance norm', () => {
    for (const norm of NORMS) {
      using({ norm }, (model) =>
        tf.tidy(() => {
          const images = noiseTensor(1, [3, 16, 16, 3]);
          const together = tf.slice(run(model, images), 0, 1).dataSync();
          const alone = run(model, tf.slice(images, 0, 1)).dataSync();
          const compare = (): void => expectClose(alone, together, { absolute: 1e-4 });
          if (norm === 'instance') compare();
          else expect(compare).to.throw();
        }),
      );
    }
  });

  describe('with spectral norm', () => {
    it('compute the same whatever the kernels’ lengths', () => {
      for (const [spectralNorm, same] of [
        [true, true],
        [false, false],
      ] as const) {
        using({ spectralNorm }, (model) =>
          tf.tidy(() => {
            const images = noiseTensor(1, [2, 16, 16, 3]);
            const before = run(model, images).dataSync();
            for (const [name, variable] of modelState(model)) {
              if (name.endsWith('/kernel')) variable.assign(tf.mul(variable, 4));
            }
            const after = run(model, images).dataSync();
            if (same) expectClose(after, before, { absolute: 1e-5 });
            else expect(() => expectClose(after, before, { absolute: 1e-2 })).to.throw();
          }),
        );
      }
    });

    it('have one vector a convolution, of length 1 from the start, and a pass moves none', () => {
      using({ spectralNorm: true }, (model) =>
        tf.tidy(() => {
          const state = modelState(model);
          const names = [...state.keys()];
          const vectors = names.filter((name) => name.endsWith('/spectral_u'));
          expect(vectors.length).to.equal(names.filter((name) => name.endsWith('/kernel')).length);
          for (const name of vectors) {
            expectClose(tf.norm(state.get(name)!).dataSync(), [1], { absolute: 1e-6 });
          }
          const before = snapshot(state);
          run(model, noiseTensor(1, [2, 16, 16, 3]));
          expect(changed(before, snapshot(state))).to.deep.equal([]);
        }),
      );
    });
  });

  it('need images that can be halved so often, and say so', () => {
    expect(depthProblem(2, 16)).to.equal(null);
    expect(depthProblem(3, 16)).to.equal(null);
    for (const [depth, size, message] of [
      [2, 6, 'image size 6 is no multiple of 4, and 2 halvings need one'],
      [3, 20, 'image size 20 is no multiple of 8, and 3 halvings need one'],
      [4, 16, 'image size 16 halved 4 times is a single pixel'],
    ] as const) {
      expect(() => generatorNetwork('net', size, { ...OPTIONS, depth })).to.throw(`net: ${message}`);
    }
  });

  it('leak no tensor', () => {
    expectNoLeak(() => using({ body: 'unet', norm: 'instance', spectralNorm: true }, () => {}));
  });
});
