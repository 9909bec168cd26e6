/**
 * The depthwise convolution by native/depthwise.cc. TensorFlow's own copies the filter for each call and walks the image pixel by pixel.
 */
import * as tf from '@tensorflow/tfjs';
import { DEPTHWISE } from '../../ops/depthwise.ts';
import { attr } from '../backend.ts';
import { kernel } from './kernel.ts';

const INPUT_GRAD = 'DepthwiseInputGrad';
const FILTER_GRAD = 'DepthwiseFilterGrad';

/** Registers the kernels and their gradient; for the processor only. */
export function registerDepthwise(): void {
  kernel(DEPTHWISE, ({ x, filter }, { stride }, backend) =>
    backend.executeSingleOutput(
      'DeepfakeGame>Depthwise',
      [attr.type('T', x!.dtype), attr.int('stride', stride as number)],
      [x!, filter!],
    ),
  );
  kernel(INPUT_GRAD, ({ dy, filter }, { stride, height, width }, backend) =>
    backend.executeSingleOutput(
      'DeepfakeGame>DepthwiseInputGrad',
      [
        attr.type('T', dy!.dtype),
        attr.int('stride', stride as number),
        attr.int('height', height as number),
        attr.int('width', width as number),
      ],
      [dy!, filter!],
    ),
  );
  kernel(FILTER_GRAD, ({ x, dy }, { stride, kernel: side }, backend) =>
    backend.executeSingleOutput(
      'DeepfakeGame>DepthwiseFilterGrad',
      [attr.type('T', x!.dtype), attr.int('stride', stride as number), attr.int('kernel', side as number)],
      [x!, dy!],
    ),
  );
  tf.registerGradient({
    kernelName: DEPTHWISE,
    inputsToSave: ['x', 'filter'],
    gradFunc: (dy, saved, attrs) => {
      const [x, filter] = saved as [tf.Tensor4D, tf.Tensor4D];
      const { stride } = attrs as unknown as { stride: number };
      const [, height, width] = x.shape;
      const engine = tf.engine();
      return {
        x: () => engine.runKernel(INPUT_GRAD, { dy: dy as tf.Tensor, filter }, { stride, height, width }),
        filter: () =>
          engine.runKernel(FILTER_GRAD, { x, dy: dy as tf.Tensor }, { stride, kernel: filter.shape[0] }),
      };
    },
  });
}
