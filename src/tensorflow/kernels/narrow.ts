/** Kernels of networks in bfloat16 or float16 whose parameters stay float32: one operation each way, float32 inside. */
import * as tf from '@tensorflow/tfjs';
import { NARROW_BATCH_NORM_INFERENCE } from '../../ops/batch-norm.ts';
import { NARROW_DEPTHWISE } from '../../ops/depthwise.ts';
import { castTo, precisionOf } from '../../ops/precision.ts';
import { attr, nodeBackend } from '../backend.ts';
import { kernel } from './kernel.ts';

/** Registers them on TensorFlow, and their gradients. The engine must be open. */
export function registerNarrow(): void {
  registerDepthwise();
  registerBatchNormInference();
}

/** Runs an operation of SAME padding, NHWC, with its inputs' type. */
function convolution(op: string, strides: number, inputs: readonly tf.Tensor[]): tf.Tensor {
  return nodeBackend().executeSingleOutput(
    op,
    [
      attr.type('T', 'float32'),
      attr.int('strides', [1, strides, strides, 1]),
      attr.text('padding', 'SAME'),
      attr.text('data_format', 'NHWC'),
      attr.int('dilations', [1, 1, 1, 1]),
    ],
    inputs,
  );
}

function registerDepthwise(): void {
  kernel(NARROW_DEPTHWISE, ({ x, filter }, { stride }) => {
    const narrow = castTo(filter!, precisionOf(x!));
    const y = convolution('DepthwiseConv2dNative', stride as number, [x!, narrow]);
    narrow.dispose();
    return y;
  });
  const gradient = (
    op: string,
    strides: number,
    shape: readonly number[],
    inputs: tf.Tensor[],
  ): tf.Tensor => {
    const sizes = tf.tensor1d([...shape], 'int32');
    const [first, last] = inputs as [tf.Tensor, tf.Tensor];
    const ordered = op.endsWith('Input') ? [sizes, first, last] : [first, sizes, last];
    return convolution(op, strides, ordered);
  };
  tf.registerGradient({
    kernelName: NARROW_DEPTHWISE,
    inputsToSave: ['x', 'filter'],
    gradFunc: (dy, saved, attrs) => {
      const [x, filter] = saved as [tf.Tensor, tf.Tensor];
      const [gradOut, stride] = [dy as tf.Tensor, attrs['stride'] as number];
      const wide = (tensor: tf.Tensor): tf.Tensor => castTo(tensor, 'float32');
      return {
        x: () =>
          gradient('DepthwiseConv2dNativeBackpropInput', stride, x.shape, [
            castTo(filter, precisionOf(gradOut)),
            gradOut,
          ]),
        filter: () =>
          gradient('DepthwiseConv2dNativeBackpropFilter', stride, filter.shape, [wide(x), wide(gradOut)]),
      };
    },
  });
}

function registerBatchNormInference(): void {
  kernel(NARROW_BATCH_NORM_INFERENCE, ({ x, scale, offset, mean, variance }, { epsilon }) => {
    const [y, ...unused] = nodeBackend().executeMultipleOutputs(
      'FusedBatchNormV3',
      [
        attr.type('T', 'float32'),
        attr.type('U', 'float32'),
        attr.float('epsilon', epsilon as number),
        attr.text('data_format', 'NHWC'),
        attr.bool('is_training', false),
      ],
      [x!, scale!, offset!, mean!, variance!],
      6,
    );
    tf.dispose(unused);
    return y!;
  });
  tf.registerGradient({
    kernelName: NARROW_BATCH_NORM_INFERENCE,
    inputsToSave: ['x', 'scale', 'mean', 'variance'],
    gradFunc: (dy, saved, attrs) => {
      const [x, scale, mean, variance] = saved as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      const gradOut = dy as tf.Tensor;
      const inverse = (): tf.Tensor => tf.rsqrt(tf.add(variance, attrs['epsilon'] as number));
      const wide = (tensor: tf.Tensor): tf.Tensor => castTo(tensor, 'float32');
      const overImages = (tensor: tf.Tensor): tf.Tensor => tf.sum(tensor, [0, 1, 2]);
      return {
        x: () => tf.mul(gradOut, castTo(tf.mul(scale, inverse()), precisionOf(gradOut))),
        // an attack asks for x alone; parameters under running statistics are moved by nobody but tests
        scale: () => overImages(tf.mul(wide(gradOut), tf.mul(tf.sub(wide(x), mean), inverse()))),
        offset: () => overImages(wide(gradOut)),
      };
    },
  });
}
