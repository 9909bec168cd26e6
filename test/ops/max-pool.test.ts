import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { maxPool3 } from '../../src/ops/max-pool.ts';
import { hasStandard } from '../../src/ops/standard-layer.ts';
import { onEachEngine } from '../support/engines.ts';
import { windowsOf } from '../support/naive-windows.ts';
import { centralDifferences, expectClose, expectNoLeak, noise } from '../support/tensors.ts';

type Shape = [number, number, number, number];

/** Even and odd sides, both at once, and images smaller than the window. */
const SHAPES: readonly Shape[] = [
  [2, 6, 8, 2],
  [1, 7, 5, 2],
  [1, 4, 5, 1],
  [1, 2, 3, 2],
  [2, 1, 1, 3],
  [1, 1, 4, 1],
];

/** Values far enough from each other for central differences. */
const apart = ([n, h, w, c]: Shape): number[] =>
  [...noise(n + h * w, n * h * w * c).entries()]
    .sort(([, a], [, b]) => a - b)
    .map(([at], rank) => [at, rank / 10 - 3] as const)
    .sort(([a], [b]) => a - b)
    .map(([, value]) => value);

const outputsOf = ([, h, w]: Shape): [number, number] => [Math.ceil(h / 2), Math.ceil(w / 2)];

/** MaxPool2d(3, 2, padding=1) of PyTorch. */
function byDefinition(values: readonly number[], shape: Shape): number[] {
  const places = { kernel: 3, stride: 2, dilation: 1, before: [1, 1], outputs: outputsOf(shape) } as const;
  return windowsOf({ shape }, places).map((window) =>
    Math.max(...window.map(({ pixel }) => (pixel === null ? -Infinity : values[pixel]!))),
  );
}

onEachEngine('the maximum of 3 × 3 at stride 2', () => {
  for (const shape of SHAPES) {
    const values = apart(shape);
    const pool = (x: tf.Tensor): tf.Tensor => maxPool3('pool').call(x, {}) as tf.Tensor;

    it(`of ${shape.join(' × ')}: what PyTorch's windows hold, in the shape that the layer announces`, () => {
      tf.tidy(() => {
        const y = pool(tf.tensor4d(values, shape));
        expect(y.shape).to.deep.equal([shape[0], ...outputsOf(shape), shape[3]]);
        expect(maxPool3('pool').computeOutputShape(shape)).to.deep.equal(y.shape);
        expectClose(y.dataSync(), byDefinition(values, shape), { absolute: 1e-6 });
      });
    });

    it(`of ${shape.join(' × ')}: the gradient of central differences`, () => {
      const count = shape[0] * outputsOf(shape)[0] * outputsOf(shape)[1] * shape[3];
      const dy = noise(9, count, -1, 1);
      const loss = (x: readonly number[]): number =>
        byDefinition(x, shape).reduce((sum, y, i) => sum + y * dy[i]!, 0);
      const dx = tf.tidy(() => {
        const arrives = tf.tensor(dy, [shape[0], ...outputsOf(shape), shape[3]]);
        return tf.grad(pool)(tf.tensor4d(values, shape), arrives).dataSync();
      });
      expectClose(dx, centralDifferences(loss, values), { absolute: 1e-6 });
    });
  }

  it('by stock layers: the same, negative values too', () => {
    for (const shape of SHAPES) {
      const layer = maxPool3('pool');
      const input = tf.input({ shape: shape.slice(1) });
      const standard = hasStandard(layer) ? layer.standard(input) : input;
      const model = tf.model({ inputs: input, outputs: standard });
      tf.tidy(() => {
        const x = tf.sub(tf.tensor4d(apart(shape), shape), 100);
        expect((model.predict(x) as tf.Tensor).arraySync()).to.deep.equal(
          (layer.call(x, {}) as tf.Tensor).arraySync(),
        );
      });
    }
  });

  it('leaks no tensor, forward or backward', () => {
    const x = tf.tensor4d(apart([1, 5, 4, 2]), [1, 5, 4, 2]);
    const layer = maxPool3('pool');
    expectNoLeak(() => tf.dispose(layer.call(x, {})));
    expectNoLeak(() =>
      tf
        .grad((of) => layer.call(of, {}) as tf.Tensor)(x)
        .dispose(),
    );
    x.dispose();
  });
});
