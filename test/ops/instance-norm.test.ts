import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { instanceNorm } from '../../src/ops/instance-norm.ts';
import { onEachEngine } from '../support/engines.ts';
import { bits, expectClose, expectNoLeak, noiseTensor } from '../support/tensors.ts';

interface Fixture {
  readonly instance_norm: Readonly<Record<'y' | 'dx' | 'dscale' | 'doffset', readonly number[]>>;
}

const FIXTURE = path.resolve(import.meta.dirname, '../fixtures/generator/networks.json');
const SHAPE: [number, number, number, number] = [2, 4, 5, 3];

/** The values that the fixture's script makes of a name. */
function sines(name: string, count: number): number[] {
  const start = [...name].reduce((sum, letter) => sum + letter.charCodeAt(0), 0);
  return Array.from({ length: count }, (_, j) => Math.sin(1.7 * j + start));
}

onEachEngine('instance norm', () => {
  const x = (): tf.Tensor4D =>
    tf.tensor4d(
      sines('x', 120).map((v) => 3 * v + 1),
      SHAPE,
    );
  const scale = (): tf.Tensor1D => tf.tensor1d(sines('scale', 3).map((v) => 1 + 0.5 * v));
  const offset = (): tf.Tensor1D => tf.tensor1d(sines('offset', 3));

  it('is PyTorch’s, values and gradients', () => {
    const expected = (JSON.parse(readFileSync(FIXTURE, 'utf8')) as Fixture).instance_norm;
    tf.tidy(() => {
      expectClose(instanceNorm(x(), scale(), offset(), 1e-3).dataSync(), expected.y, { absolute: 3e-6 });
      const [dx, dscale, doffset] = tf.grads((a, b, c) =>
        instanceNorm(a as tf.Tensor4D, b as tf.Tensor1D, c as tf.Tensor1D, 1e-3),
      )([x(), scale(), offset()], tf.tensor4d(sines('dy', 120), SHAPE));
      expectClose(dx!.dataSync(), expected.dx, { absolute: 2e-6 });
      expectClose(dscale!.dataSync(), expected.dscale, { absolute: 2e-5 });
      expectClose(doffset!.dataSync(), expected.doffset, { absolute: 2e-5 });
    });
  });

  it('gives every channel of every image the mean β and the standard deviation γ', () => {
    tf.tidy(() => {
      const y = instanceNorm(x(), scale(), offset(), 1e-12);
      const { mean, variance } = tf.moments(y, [1, 2]);
      expectClose(mean.dataSync(), [...offset().dataSync(), ...offset().dataSync()], { absolute: 1e-6 });
      const gamma = [...scale().dataSync()];
      expectClose(tf.sqrt(variance).dataSync(), [...gamma, ...gamma], { absolute: 1e-6 });
    });
  });

  it('treats each image for itself', () => {
    tf.tidy(() => {
      const together = instanceNorm(x(), scale(), offset(), 1e-3);
      const alone = instanceNorm(tf.slice(x(), 1, 1), scale(), offset(), 1e-3);
      expect(bits(alone.dataSync())).to.deep.equal(bits(tf.slice(together, 1, 1).dataSync()));
    });
  });

  it('makes β of a constant image, with no gradient and no NaN', () => {
    tf.tidy(() => {
      const flat = tf.fill(SHAPE, 0.7) as tf.Tensor4D;
      const y = instanceNorm(flat, scale(), offset(), 1e-3);
      expectClose(y.dataSync(), tf.tile(offset(), [40]).dataSync(), { absolute: 1e-5 });
      const dx = tf.grad((a) => tf.sum(tf.square(instanceNorm(a as tf.Tensor4D, scale(), offset(), 1e-3))));
      expectClose(dx(flat).dataSync(), new Float32Array(120), { absolute: 1e-4 });
    });
  });

  it('leaks no tensor, forward or backward', () => {
    const [input, gamma, beta] = [noiseTensor(1, SHAPE), scale(), offset()];
    expectNoLeak(() => instanceNorm(input, gamma, beta, 1e-3).dispose());
    expectNoLeak(() =>
      tf.dispose(
        tf.grads((a, b, c) => instanceNorm(a as tf.Tensor4D, b as tf.Tensor1D, c as tf.Tensor1D, 1e-3))([
          input,
          gamma,
          beta,
        ]),
      ),
    );
    tf.dispose([input, gamma, beta]);
  });
});
