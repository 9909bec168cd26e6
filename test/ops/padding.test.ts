import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { conv2d, type ConvConfig } from '../../src/ops/conv-layer.ts';
import { depthwiseLayer } from '../../src/ops/depthwise.ts';
import { checkPadding, outputSide, symmetrically, type Padding } from '../../src/ops/padding.ts';
import { hasStandard } from '../../src/ops/standard-layer.ts';
import { onEachEngine } from '../support/engines.ts';
import { windowsOf } from '../support/naive-windows.ts';
import { expectClose, expectNoLeak, noise } from '../support/tensors.ts';

type Shape = [number, number, number, number];

interface Case {
  readonly shape: Shape;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: Padding;
  readonly dilation?: number;
}

const FILTERS = 2;

/** Odd and even sides and kernels, images of one pixel, kernels larger than the image. */
const CASES: readonly Case[] = [
  ...(['same', 'symmetric', 'valid'] as const).flatMap((padding) => [
    { shape: [2, 5, 6, 2] as Shape, kernel: 3, stride: 1, padding },
    { shape: [1, 6, 7, 2] as Shape, kernel: 3, stride: 2, padding },
    { shape: [1, 8, 8, 1] as Shape, kernel: 5, stride: 2, padding },
    { shape: [1, 4, 5, 1] as Shape, kernel: 1, stride: 2, padding },
  ]),
  ...(['same', 'symmetric'] as const).flatMap((padding) => [
    { shape: [1, 1, 1, 2] as Shape, kernel: 3, stride: 2, padding },
    { shape: [1, 2, 1, 1] as Shape, kernel: 5, stride: 2, padding },
    { shape: [1, 3, 2, 2] as Shape, kernel: 7, stride: 1, padding },
  ]),
  { shape: [1, 5, 4, 1], kernel: 2, stride: 1, padding: 'same' },
  { shape: [1, 5, 6, 1], kernel: 4, stride: 2, padding: 'same' },
  { shape: [2, 6, 7, 2], kernel: 3, stride: 1, padding: 'same', dilation: 2 },
  { shape: [1, 8, 7, 1], kernel: 3, stride: 1, padding: 'valid', dilation: 3 },
  { shape: [1, 3, 3, 1], kernel: 3, stride: 1, padding: 'symmetric', dilation: 4 },
  { shape: [1, 1, 1, 1], kernel: 3, stride: 1, padding: 'same', dilation: 2 },
  { shape: [1, 6, 5, 1], kernel: 2, stride: 1, padding: 'same', dilation: 3 },
];

const titleOf = ({ shape, kernel, stride, padding, dilation = 1 }: Case): string =>
  `${shape.join(' × ')}, kernel ${kernel}, stride ${stride}, dilation ${dilation}, ${padding}`;

/** Zeros before a side, and outputs along it, by the definitions in padding.ts. */
function along(
  side: number,
  { kernel, stride, padding, dilation = 1 }: Case,
): [before: number, outputs: number] {
  const reach = dilation * (kernel - 1) + 1;
  if (padding === 'valid') return [0, Math.floor((side - reach) / stride) + 1];
  if (padding === 'symmetric') {
    const each = (reach - 1) / 2;
    return [each, Math.floor((side + 2 * each - reach) / stride) + 1];
  }
  const outputs = Math.ceil(side / stride);
  return [Math.floor(Math.max(0, (outputs - 1) * stride + reach - side) / 2), outputs];
}

function operands(given: Case): { x: Float32Array; kernel: Float32Array; dy: Float32Array; out: Shape } {
  const [n, height, width, channels] = given.shape;
  const out: Shape = [n, along(height, given)[1], along(width, given)[1], FILTERS];
  const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
  return {
    x: noise(1, size(given.shape), -1, 1),
    kernel: noise(2, given.kernel ** 2 * channels * FILTERS, -1, 1),
    dy: noise(3, size(out), -1, 1),
    out,
  };
}

/** y, ∂x and ∂kernel of the convolution, by its sums. */
function byDefinition(given: Case): readonly [number[], number[], number[]] {
  const { shape, kernel: side, stride, dilation = 1 } = given;
  const { x, kernel, dy, out } = operands(given);
  const [, height, width, channels] = shape;
  const [top, left] = [along(height, given)[0], along(width, given)[0]];
  const windows = windowsOf(
    { shape },
    { kernel: side, stride, dilation, before: [top, left], outputs: [out[1], out[2]] },
  );
  const [y, dx, dkernel] = [dy, x, kernel].map((like) => new Array<number>(like.length).fill(0)) as [
    number[],
    number[],
    number[],
  ];
  windows.forEach((window, at) => {
    const [place, channel] = [Math.floor(at / channels), at % channels];
    for (const { pixel, tap } of window) {
      if (pixel === null) continue;
      for (let f = 0; f < FILTERS; f++) {
        const [to, weight] = [place * FILTERS + f, (tap * channels + channel) * FILTERS + f];
        y[to]! += x[pixel]! * kernel[weight]!;
        dx[pixel]! += dy[to]! * kernel[weight]!;
        dkernel[weight]! += dy[to]! * x[pixel]!;
      }
    }
  });
  return [y, dx, dkernel];
}

/** The layer with the case's kernel in it. */
function layerOf(given: Case): tf.layers.Layer {
  const { shape, kernel: kernelSize, stride, padding, dilation = 1 } = given;
  const settings: ConvConfig = {
    name: 'conv',
    filters: FILTERS,
    kernelSize,
    strides: stride,
    useBias: false,
    padding,
    dilation,
    kernelInitializer: tf.initializers.zeros() as ConvConfig['kernelInitializer'],
  };
  const layer = conv2d(settings);
  layer.apply(tf.input({ batchShape: shape }));
  tf.tidy(() => {
    layer.setWeights([tf.tensor4d(operands(given).kernel, [kernelSize, kernelSize, shape[3], FILTERS])]);
  });
  return layer;
}

onEachEngine('a padded convolution', () => {
  for (const given of CASES) {
    it(`${titleOf(given)}: values and gradients of the definition, shapes as announced`, () => {
      const layer = layerOf(given);
      const { x, dy, out } = operands(given);
      const [y, dx, dkernel] = byDefinition(given);
      tf.tidy(() => {
        const images = tf.tensor4d(x, given.shape);
        const got = layer.call(images, {}) as tf.Tensor4D;
        expect(got.shape).to.deep.equal(out);
        expect(layer.computeOutputShape(given.shape)).to.deep.equal(out);
        expectClose(got.dataSync(), y, { absolute: 2e-5 });
        const arrives = tf.tensor4d(dy, out);
        const loss = (of: tf.Tensor): tf.Scalar =>
          tf.sum(tf.mul(layer.call(of, {}) as tf.Tensor, arrives)) as tf.Scalar;
        expectClose(tf.grad(loss)(images).dataSync(), dx, { absolute: 2e-5 });
        const { grads } = tf.variableGrads(() => loss(images));
        expectClose(Object.values(grads)[0]!.dataSync(), dkernel, { absolute: 2e-5 });
      });
      layer.dispose();
    });
  }

  it('by stock layers: the same', () => {
    for (const given of CASES) {
      const layer = layerOf(given);
      const input = tf.input({ shape: given.shape.slice(1) });
      const standard = hasStandard(layer) ? layer.standard(input) : input;
      const model = tf.model({ inputs: input, outputs: standard });
      const values = tf.tidy(() => {
        const y = model.predict(tf.tensor4d(operands(given).x, given.shape)) as tf.Tensor;
        return y.dataSync();
      });
      expectClose(values, byDefinition(given)[0], { absolute: 2e-5 });
      model.dispose();
      layer.dispose();
    }
  });

  it('leaks no tensor, forward or backward', () => {
    for (const padding of ['symmetric', 'same'] as const) {
      const given: Case = { shape: [1, 4, 5, 2], kernel: 3, stride: 2, padding };
      const layer = layerOf(given);
      const x = tf.tensor4d(operands(given).x, given.shape);
      expectNoLeak(() => tf.dispose(layer.call(x, {})));
      expectNoLeak(() =>
        tf
          .grad((of) => layer.call(of, {}) as tf.Tensor)(x)
          .dispose(),
      );
      x.dispose();
      layer.dispose();
    }
  });
});

describe('padding', () => {
  it('symmetric and same have one number of outputs for odd kernels and strides 1 and 2', () => {
    for (const side of [1, 2, 3, 8, 9]) {
      for (const kernel of [1, 3, 7]) {
        for (const stride of [1, 2]) {
          const padded = Math.floor((side - 1) / stride) + 1;
          expect(outputSide(side, kernel, stride, 'symmetric')).to.equal(padded);
          expect(outputSide(side, kernel, stride, 'same')).to.equal(padded);
        }
      }
    }
    expect([outputSide(7, 3, 2, 'valid'), outputSide(3, 3, 2, 'valid')]).to.deep.equal([3, 1]);
  });

  it('hands an image on as it is where both paddings are one', () => {
    tf.tidy(() => {
      const x = tf.zeros([1, 5, 7, 1]) as tf.Tensor4D;
      const given: tf.Tensor4D[] = [];
      const same = (of: tf.Tensor4D): tf.Tensor4D => {
        given.push(of);
        return of;
      };
      symmetrically(x, 3, 2, same);
      symmetrically(x, 3, 1, same);
      symmetrically(tf.zeros([1, 4, 4, 1]), 1, 2, same);
      expect(given.map(({ shape }) => shape)).to.deep.equal([x.shape, x.shape, [1, 4, 4, 1]]);
      expect(given[0]!.id).to.equal(x.id);
    });
  });

  it('refuses what it cannot do, by the layer’s name', () => {
    const refusal = /^layer stem: symmetric padding takes an odd kernel and stride 1 or 2, not kernel/;
    expect(() => checkPadding('stem', 4, 1, 'symmetric')).to.throw(refusal);
    expect(() => checkPadding('stem', 3, 3, 'symmetric')).to.throw(refusal);
    expect(() => checkPadding('stem', 4, 3, 'same')).not.to.throw();
    expect(() => checkPadding('stem', 3, 2, 'symmetric')).not.to.throw();
    const base = { name: 'stem', filters: 1, useBias: false, kernelSize: 3, strides: 2 };
    const kernelInitializer = tf.initializers.heNormal({ seed: 1 });
    expect(() => conv2d({ ...base, kernelInitializer, dilation: 2 })).to.throw(
      'layer stem: a dilated convolution has stride 1, not 2',
    );
    expect(() =>
      depthwiseLayer({
        ...base,
        kernelSize: 2,
        padding: 'symmetric',
        depthwiseInitializer: kernelInitializer,
      }),
    ).to.throw(refusal);
  });
});
