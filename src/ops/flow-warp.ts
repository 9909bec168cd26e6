/**
 * Pixel-wise flow: every pixel of the result looks somewhere else in the image (Xiao et al., "Spatially Transformed Adversarial
 * Examples", ICLR 2018).
 *
 *   x̃(i, j) = x(i + Δu, j + Δv),   flow = [Δu, Δv] = [down, right] in pixels
 *
 * Between pixels x is bilinear; outside the image it is its nearest border pixel, as if the coordinates were clipped to the image
 * (PyTorch's `grid_sample` with padding_mode 'border', SciPy's `map_coordinates` with order 1 and mode 'nearest').
 */
import * as tf from '@tensorflow/tfjs';

/** Stands inside the root of the smoothness, so that its gradient is finite where neighbours move alike. */
export const SMOOTHNESS_EPSILON = 1e-8;

/**
 * Moves pixels along a flow; differentiable in the images and in the flow.
 *
 * A flow of whole pixels shifts exactly, so that zero gives the images back bit for bit. The result stays within the range of the
 * images. At whole pixels bilinear interpolation has a kink; the gradient there is the one towards larger coordinates, as
 * PyTorch's is inside the image. Where a step to larger coordinates leaves the image the gradient is zero. A flow that is not
 * finite gives NaN at its pixel.
 *
 * @param images [N, H, W, C] float32
 * @param flow [N, H, W, 2] float32, rows first, in pixels
 * @returns [N, H, W, C]
 */
export function flowWarp(images: tf.Tensor4D, flow: tf.Tensor4D): tf.Tensor4D {
  const [n, height, width] = images.shape;
  if (String(flow.shape) !== String([n, height, width, 2])) {
    throw new Error(
      `a flow for images of [${String(images.shape)}] must be [${n},${height},${width},2], not [${String(flow.shape)}]`,
    );
  }
  return tf.tidy(() => {
    const [above, aboveRight, below, belowRight] = neighbours(flow).map((index) => pixelsAt(images, index));
    const [down, right] = tf.split(fraction(flow), 2, 3) as [tf.Tensor4D, tf.Tensor4D];
    return between(between(above!, aboveRight!, right), between(below!, belowRight!, right), down);
  });
}

/**
 * How unevenly a flow moves: Σ over pixels p and their neighbours q above, below, left and right of
 * √(‖f(p) − f(q)‖² + 1e-8) (Xiao et al. 2018, eq. 4). Each pair of neighbours counts twice, as p and as q; pixels at the border
 * have fewer neighbours. A constant flow costs 1e-4 for each neighbour, the least there is.
 *
 * @param flow [N, H, W, 2] in pixels
 * @returns [N], differentiable
 */
export function flowSmoothness(flow: tf.Tensor4D): tf.Tensor1D {
  return tf.tidy(() => {
    const [n, height, width] = flow.shape;
    const pairs = (shift: readonly [number, number]): tf.Tensor => {
      const size: [number, number, number, number] = [n, height - shift[0], width - shift[1], 2];
      const difference = tf.sub(
        tf.slice4d(flow, [0, ...shift, 0], size),
        tf.slice4d(flow, [0, 0, 0, 0], size),
      );
      return tf.sum(tf.sqrt(tf.add(tf.sum(tf.square(difference), 3), SMOOTHNESS_EPSILON)), [1, 2]);
    };
    return tf.mul(tf.add(pairs([1, 0]), pairs([0, 1])), 2);
  });
}

/** a + t·(b − a): exactly a for t = 0, exactly a where a = b, and never outside [0, 1] if neither is. */
function between(a: tf.Tensor4D, b: tf.Tensor4D, t: tf.Tensor4D): tf.Tensor4D {
  return tf.add(a, tf.mul(t, tf.sub(b, a)));
}

/** What is left of the flow beyond whole pixels, in [0, 1]. Its gradient is 1: only the kinks are lost. */
function fraction(flow: tf.Tensor4D): tf.Tensor4D {
  // not of the coordinate i + Δu, whose digits after the point get fewer as i grows
  const part = tf.customGrad((of) => ({
    value: tf.sub(of as tf.Tensor4D, tf.floor(of as tf.Tensor4D)),
    gradFunc: (dy) => tf.clone(dy),
  }));
  return part(flow) as tf.Tensor4D;
}

/**
 * The four pixels around each point that the flow leads to: above left, above right, below left, below right, each as an index
 * [N·H·W, 1] int32 into all pixels of the batch. Outside the image the nearest border pixel stands for all of them, so that their
 * differences, and with them the gradient, vanish there.
 */
function neighbours(flow: tf.Tensor4D): tf.Tensor2D[] {
  const [n, height, width] = flow.shape;
  const whole = (value: number): tf.Scalar => tf.scalar(value, 'int32');
  const counting = (count: number, shape: [number, number, number, number]): tf.Tensor4D =>
    tf.reshape(tf.range(0, count, 1, 'int32'), shape);
  const inside = (at: tf.Tensor, size: number): tf.Tensor =>
    tf.minimum(tf.maximum(at, whole(0)), whole(size - 1));
  // a float32 beyond the integers casts to anything; one image away is as far as any
  const farthest = Math.max(height, width);
  const steps = tf.cast(tf.clipByValue(tf.floor(flow), -farthest, farthest), 'int32');
  const [down, right] = tf.split(steps, 2, 3) as [tf.Tensor4D, tf.Tensor4D];
  const row = tf.add(down, counting(height, [1, height, 1, 1]));
  const column = tf.add(right, counting(width, [1, 1, width, 1]));
  const firstOfImage = tf.mul(counting(n, [n, 1, 1, 1]), whole(height * width));
  const rows = [row, tf.add(row, whole(1))].map((at) =>
    tf.add(tf.mul(inside(at, height), whole(width)), firstOfImage),
  );
  const columns = [column, tf.add(column, whole(1))].map((at) => inside(at, width));
  return rows.flatMap((r) => columns.map((c) => tf.reshape(tf.add(r, c), [n * height * width, 1])));
}

/**
 * One pixel of the batch for each index, in the shape of the images. By `gatherND`: `gather` would read the indices back to
 * JavaScript. Its gradient, which TensorFlow.js lacks, adds up what arrives at each pixel.
 */
function pixelsAt(images: tf.Tensor4D, index: tf.Tensor2D): tf.Tensor4D {
  const gathered = tf.customGrad((from, save) => {
    const pixels: [number, number] = [images.size / images.shape[3], images.shape[3]];
    (save as tf.GradSaveFunc)([index]);
    return {
      value: tf.reshape(tf.gatherND(tf.reshape(from as tf.Tensor4D, pixels), index), images.shape),
      gradFunc: (dy, [at]) =>
        tf.reshape(tf.scatterND(at as tf.Tensor2D, tf.reshape(dy, pixels), pixels), images.shape),
    };
  });
  return gathered(images) as tf.Tensor4D;
}
