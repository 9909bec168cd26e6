import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { nodeBackend, type NodeBackend } from '../../src/tensorflow/backend.ts';
import { methodFor, type Method } from '../../src/tensorflow/kernels/convolution.ts';
import { byDefinition, expectOfScale, tensorsOf, type Convolution } from '../support/convolution.ts';
import { onTensorFlow } from '../support/engines.ts';
import { expectNoLeak, noiseTensor } from '../support/tensors.ts';

onTensorFlow('tf.conv2d on TensorFlow', () => {
  const conv = (strides: number | [number, number], pad: 'same' | 'valid' = 'same') => {
    return (a: tf.Tensor, b: tf.Tensor) => tf.conv2d(a as tf.Tensor4D, b as tf.Tensor4D, strides, pad);
  };

  it('is its definition, values and gradients, where the operations here serve it', () => {
    const CASES: readonly (Convolution & { readonly method: Method })[] = [
      { x: [2, 17, 20, 24], out: 32, stride: 1, method: 'winograd' },
      { x: [2, 17, 20, 24], out: 32, stride: 2, method: 'winograd' },
      { x: [2, 17, 20, 3], out: 24, stride: 1, method: 'patches' },
      { x: [2, 17, 20, 3], out: 24, stride: 2, side: 7, method: 'patches' },
    ];
    for (const { method, ...convolution } of CASES) {
      expect(methodFor(shapeOf(convolution), 'values')).to.equal(method);
      const expected = byDefinition(convolution);
      tf.tidy(() => {
        const [x, kernel, dy] = tensorsOf(convolution);
        const y = conv(convolution.stride)(x, kernel);
        const gradients = tf.grads(conv(convolution.stride))([x, kernel], dy);
        [y, ...gradients].forEach((result, i) => {
          expectOfScale(result.dataSync(), expected[i]!, 3e-6);
        });
      });
    }
  });

  it('runs operations of our own where they pay only, and what is asked for alone', () => {
    const ops = executed(() => {
      tf.tidy(() => {
        const x = noiseTensor(1, [1, 16, 16, 24]);
        const kernel = noiseTensor(2, [3, 3, 24, 24]);
        tf.grad((a) => conv(1)(a, kernel))(x);
        conv(2)(x, kernel);
        conv([1, 2])(x, kernel);
        conv(1, 'valid')(x, kernel);
        tf.conv2d(x, kernel, 1, 'same', 'NHWC', 2);
        conv(1)(tf.slice(x, [0, 0, 0, 0], [1, 4, 16, 24]), kernel);
        conv(1)(x, noiseTensor(3, [5, 5, 24, 16]));
        const image = tf.slice(x, [0, 0, 0, 0], [1, 16, 16, 3]);
        tf.grads(conv(2))([image, noiseTensor(4, [5, 5, 3, 8])]);
      });
    });
    expect(ops.filter((op) => op.includes('Conv'))).to.deep.equal([
      'DeepfakeGame>Conv3x3',
      'DeepfakeGame>Conv3x3InputGradient',
      'DeepfakeGame>Conv3x3',
      ...new Array<string>(5).fill('Conv2D'),
      'DeepfakeGame>FewChannelsConv',
      'Conv2DBackpropInput',
      'DeepfakeGame>FewChannelsConvKernelGradient',
    ]);
  });

  it('gives the same bits in one thread and in two, and what it should on every processor', () => {
    const inProcess = (environment: Record<string, string>): { bits: string; error: number } => {
      const script = path.join(import.meta.dirname, 'convolution-bits.ts');
      const { stdout, stderr, status } = spawnSync(process.execPath, ['--import', 'tsx', script], {
        encoding: 'utf8',
        env: { ...process.env, ...environment },
      });
      expect(status, stderr).to.equal(0);
      return JSON.parse(stdout) as { bits: string; error: number };
    };
    const one = inProcess({ TF_NUM_INTRAOP_THREADS: '1' });
    expect(one.error).to.be.within(1e-9, 3e-6);
    expect(inProcess({ TF_NUM_INTRAOP_THREADS: '2' }).bits).to.equal(one.bits);
    for (const set of ['baseline', 'avx2']) {
      expect(inProcess({ DEEPFAKE_GAME_INSTRUCTIONS: set }).error, set).to.be.below(3e-6);
    }
  }).timeout(120_000);

  it('leaks no tensor', () => {
    const [x, kernel] = [noiseTensor(1, [1, 16, 16, 16]), noiseTensor(2, [3, 3, 16, 16])];
    expectNoLeak(() => {
      tf.dispose(tf.grads(conv(1))([x, kernel]));
    });
    tf.dispose([x, kernel]);
  });
});

const shapeOf = ({ x, out, stride, side = 3 }: Convolution) => ({
  input: x,
  kernel: [side, side, x[3], out],
  strides: stride,
  pad: 'same',
  dataFormat: 'NHWC',
});

/** Names of TensorFlow's operations that a job runs. */
function executed(job: () => void): string[] {
  const backend = nodeBackend() as { executeSingleOutput: NodeBackend['executeSingleOutput'] };
  const original = backend.executeSingleOutput.bind(backend);
  const ops: string[] = [];
  backend.executeSingleOutput = (op, attributes, inputs) => {
    ops.push(op);
    return original(op, attributes, inputs);
  };
  try {
    job();
  } finally {
    backend.executeSingleOutput = original;
  }
  return ops;
}
