/**
 * Fast kernels and gradients on TensorFlow, registered under the names that ops/ asks for and, for ReLU, over the
 * chain that TensorFlow.js differentiates by. Each equals the plain version (test/ops holds values and gradients equal).
 */
import * as tf from '@tensorflow/tfjs';
import { BATCH_NORM_TRAINING } from '../ops/batch-norm.ts';
import { STATELESS_RANDOM_UNIFORM } from '../ops/random.ts';
import { RELU6_GRAD, RELU_GRAD, SIGMOID_GRAD, SILU, SILU_GRAD } from '../ops/activations.ts';
import { attr, nodeBackend } from './backend.ts';
import { registerConvolutions } from './kernels/convolution.ts';
import { registerCrossEntropy } from './kernels/cross-entropy.ts';
import { registerDepthwise } from './kernels/depthwise.ts';
import { registerBatchNormActivation } from './kernels/batch-norm-activation.ts';
import { registerSqueezeExcite } from './kernels/squeeze-excite.ts';
import { kernel } from './kernels/kernel.ts';
import { registerOptimizer } from './kernels/optimizer.ts';
import { registerRings } from './kernels/rings.ts';
import { registerNarrow } from './kernels/narrow.ts';
import { passNarrowTypes } from './narrow-types.ts';

const ENGINE = 'tensorflow';
const BATCH_NORM_GRAD = 'BatchNormTrainingGrad';

/** The kernels that the engine came with; null until the fast ones are registered. */
let plain: tf.KernelConfig[] | null = null;

/** Runs a job with the kernels that the engine came with, in TensorFlow's own operations alone. The fast ones are back when it ends. */
export function withPlainKernels<T>(job: () => T): T {
  if (plain === null) return job();
  const fast = tf.getKernelsForBackend(ENGINE);
  exchange(fast, plain);
  try {
    return job();
  } finally {
    exchange(plain, fast);
  }
}

function exchange(from: readonly tf.KernelConfig[], to: readonly tf.KernelConfig[]): void {
  from.forEach(({ kernelName }) => tf.unregisterKernel(kernelName, ENGINE));
  to.forEach((config) => tf.registerKernel(config));
}

/** Registers every fast kernel, once a process. The engine must be open. */
export function registerFastKernels(): void {
  if (plain !== null) return;
  plain = tf.getKernelsForBackend(ENGINE);
  registerBatchNorm();
  registerActivations();
  registerRandom();
  registerCrossEntropy();
  passNarrowTypes(nodeBackend());
  registerNarrow();
  // The operations of native/ exist for the processor alone; a GPU keeps TensorFlow's.
  if (!nodeBackend().isUsingGpuDevice) {
    registerDepthwise();
    registerRings();
    registerConvolutions();
    registerBatchNormActivation();
    registerSqueezeExcite();
    registerOptimizer();
  }
}

function registerBatchNorm(): void {
  kernel(BATCH_NORM_TRAINING, ({ x, scale, offset }, { epsilon }, backend) => {
    // With is_training the op ignores the statistics it is given, but wants their shapes.
    const none = tf.tensor1d([], 'float32');
    const outputs = backend.executeMultipleOutputs(
      'FusedBatchNormV3',
      [
        attr.type('T', x!.dtype),
        attr.type('U', 'float32'),
        attr.float('epsilon', epsilon as number),
        attr.float('exponential_avg_factor', 1),
        attr.text('data_format', 'NHWC'),
        attr.bool('is_training', true),
      ],
      [x!, scale!, offset!, none, none],
      6,
    );
    none.dispose();
    return outputs;
  });
  kernel(BATCH_NORM_GRAD, ({ dy, x, scale, r1, r2, r3 }, { epsilon }, backend) => {
    const outputs = backend.executeMultipleOutputs(
      'FusedBatchNormGradV3',
      [
        attr.type('T', x!.dtype),
        attr.type('U', 'float32'),
        attr.float('epsilon', epsilon as number),
        attr.text('data_format', 'NHWC'),
        attr.bool('is_training', true),
      ],
      [dy!, x!, scale!, r1!, r2!, r3!],
      5,
    );
    // The last two outputs are empty placeholders of the op.
    outputs[3]!.dispose();
    outputs[4]!.dispose();
    return outputs.slice(0, 3);
  });
  tf.registerGradient({
    kernelName: BATCH_NORM_TRAINING,
    inputsToSave: ['x', 'scale'],
    outputsToSave: [false, false, false, true, true, true],
    gradFunc: (dy, saved, attrs) => {
      const [x, scale, r1, r2, r3] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      // Computed here and not inside the getters: the tape tidies after each getter, and the op gives all three at once.
      const [dx, dscale, doffset] = tf
        .engine()
        .runKernel<tf.Tensor[]>(
          BATCH_NORM_GRAD,
          { dy: (dy as tf.Tensor[])[0]!, x, scale, r1, r2, r3 },
          attrs,
        );
      return { x: () => dx!, scale: () => dscale!, offset: () => doffset! };
    },
  });
}

/**
 * TensorFlow.js differentiates ReLU and ReLU6 by comparing, casting and multiplying; TensorFlow has the one op for each.
 *
 * @param slope by the output, for the plain engine
 */
function registerRelu(name: string, gradient: string, slope: (y: tf.Tensor) => tf.Tensor): void {
  kernel(gradient, ({ dy, y }, _attrs, backend) =>
    backend.executeSingleOutput(gradient, [attr.type('T', dy!.dtype)], [dy!, y!]),
  );
  tf.unregisterGradient(name);
  tf.registerGradient({
    kernelName: name,
    outputsToSave: [true],
    gradFunc: (dy, [y]) => ({
      x: () =>
        tf.getKernel(gradient, tf.getBackend()) != null
          ? tf.engine().runKernel(gradient, { dy: dy as tf.Tensor, y: y! })
          : tf.mul(dy as tf.Tensor, slope(y!)),
    }),
  });
}

function registerActivations(): void {
  registerRelu('Relu', RELU_GRAD, (y) => tf.step(y));
  registerRelu('Relu6', RELU6_GRAD, (y) => tf.mul(tf.step(y), tf.step(tf.sub(6, y))));
  kernel(SIGMOID_GRAD, ({ y, dy }, _attrs, backend) =>
    backend.executeSingleOutput('SigmoidGrad', [attr.type('T', dy!.dtype)], [y!, dy!]),
  );
  // dy · y · (1 − y), TensorFlow.js in three operations and with a float32 1, which narrow tensors cannot meet
  tf.unregisterGradient('Sigmoid');
  tf.registerGradient({
    kernelName: 'Sigmoid',
    outputsToSave: [true],
    gradFunc: (dy, [y]) => ({
      x: () =>
        tf.getKernel(SIGMOID_GRAD, tf.getBackend()) != null
          ? tf.engine().runKernel(SIGMOID_GRAD, { y: y!, dy: dy as tf.Tensor })
          : tf.mul(dy as tf.Tensor, tf.mul(y!, tf.sub(1, y!))),
    }),
  });
  kernel(SILU, ({ x }, _attrs, backend) => {
    const sigmoid = backend.executeSingleInput('Sigmoid', x!);
    const y = backend.executeSingleOutput('Mul', [attr.type('T', x!.dtype)], [x!, sigmoid]);
    return [y, sigmoid];
  });
  kernel(SILU_GRAD, ({ dy, x, sigmoid }, _attrs, backend) => {
    // d/dx x·s(x) = s + x·s·(1 − s); SigmoidGrad(s, g) = g·s·(1 − s) in one pass
    const type = [attr.type('T', x!.dtype)];
    const binary = (name: string, a: tf.Tensor, b: tf.Tensor): tf.Tensor =>
      backend.executeSingleOutput(name, type, [a, b]);
    const scaled = binary('Mul', dy!, x!);
    const through = binary('SigmoidGrad', sigmoid!, scaled);
    const direct = binary('Mul', dy!, sigmoid!);
    const sum = binary('AddV2', direct, through);
    tf.dispose([scaled, through, direct]);
    return sum;
  });
  tf.registerGradient({
    kernelName: SILU,
    inputsToSave: ['x'],
    outputsToSave: [false, true],
    gradFunc: (dy, [x, sigmoid]) => ({
      x: () => tf.engine().runKernel(SILU_GRAD, { dy: (dy as tf.Tensor[])[0]!, x: x!, sigmoid: sigmoid! }),
    }),
  });
}

function registerRandom(): void {
  kernel(STATELESS_RANDOM_UNIFORM, ({ seed }, { shape }, backend) => {
    const dims = tf.tensor1d(shape as number[], 'int32');
    const output = backend.executeSingleOutput(
      'StatelessRandomUniform',
      [attr.type('dtype', 'float32'), attr.type('T', 'int32'), attr.type('Tseed', 'int32')],
      [dims, seed!],
    );
    dims.dispose();
    return output;
  });
}
