/**
 * Convolutions with a filter of one pixel by native/pointwise.cc, under the names that tf.conv2d and its gradients ask for. All of EfficientNet-B0's at
 * 16×128×128, processor time on two busy cores with AVX2, TensorFlow → here: 50 → 42 ms forward, 114 → 43 back to the images, 70 → 55 back to the filters.
 */
import { attr } from '../backend.ts';
import { inPlaceOf } from './kernel.ts';

/** Registers them, for the processor only; other filters, strides and dtypes stay with whoever served them before. */
export function registerPointwise(): void {
  inPlaceOf('Conv2D', ({ x, filter }, attrs, backend) =>
    isPointwise(filter!.shape, attrs)
      ? backend.executeSingleOutput('DeepfakeGame>Pointwise', [attr.bool('transposed', false)], [x!, filter!])
      : undefined,
  );
  inPlaceOf('Conv2DBackpropInput', ({ dy, filter }, attrs, backend) =>
    isPointwise(filter!.shape, attrs)
      ? backend.executeSingleOutput('DeepfakeGame>Pointwise', [attr.bool('transposed', true)], [dy!, filter!])
      : undefined,
  );
  inPlaceOf('Conv2DBackpropFilter', ({ x, dy }, { filterShape, ...attrs }, backend) =>
    isPointwise(filterShape as number[], attrs)
      ? backend.executeSingleOutput('DeepfakeGame>PointwiseFilterGrad', [], [x!, dy!])
      : undefined,
  );
}

/** One pixel of a filter met at every pixel; padding and dilation then mean nothing. */
function isPointwise(
  [height, width]: readonly number[],
  { strides, dataFormat, pad }: Record<string, unknown>,
): boolean {
  const everyPixel = [strides].flat().every((stride) => stride === 1);
  return height === 1 && width === 1 && everyPixel && dataFormat === 'NHWC' && typeof pad === 'string';
}
