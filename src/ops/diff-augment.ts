/**
 * Differentiable augmentation (Zhao et al., "Differentiable augmentation for data-efficient GAN training", NeurIPS 2020): colour,
 * translation and cutout of images as tensors, from draws that are tensors too. Gradients pass through to the images.
 */
import * as tf from '@tensorflow/tfjs';

/** Strengths and probabilities; with every probability 0 nothing changes. */
export interface DiffAugmentation {
  /** Probability of one of: brightness, saturation, contrast. */
  readonly colour_probability: number;
  /** Largest change of brightness either way, on the [0, 1] scale. */
  readonly brightness: number;
  /** Largest relative changes: of the distance to the pixel's mean channel, of the distance to the image's mean. */
  readonly saturation: number;
  readonly contrast: number;
  readonly translation_probability: number;
  /** Largest shift along each axis, as a share of the side; in whole pixels. */
  readonly translation: number;
  readonly cutout_probability: number;
  /** Side of the covered square, as a share of the image's; in whole pixels. */
  readonly cutout: number;
}

/** Numbers that are drawn for each image. */
export const DRAWS = 9;

/** What shows where nothing of the image is: the middle of the range, zero on the scale [−1, 1]. */
const GREY = 0.5;

/**
 * The images changed as the draws say, clipped to [0, 1].
 *
 * @param images [N, H, W, 3] in [0, 1]
 * @param draws [N, {@link DRAWS}] uniform in [0, 1), a row an image: whether to change colour, which and how far; whether to shift,
 *   along x, along y; whether to cover, where along x and y
 */
export function diffAugment(
  images: tf.Tensor4D,
  draws: tf.Tensor2D,
  settings: DiffAugmentation,
): tf.Tensor4D {
  return tf.tidy(() => {
    const [, height, width] = images.shape;
    const draw = tf.unstack(draws, 1) as tf.Tensor1D[];
    const coloured = recolour(images, draw.slice(0, 3), settings);
    const moved = translate(coloured, ...shiftsOf(draw.slice(3, 6), [height, width], settings));
    const free = uncovered(draw.slice(6), [height, width], settings);
    const seen = tf.add(tf.mul(tf.sub(moved, GREY), free), GREY);
    return tf.clipByValue(seen, 0, 1) as tf.Tensor4D;
  });
}

/**
 * Masks moved as `diffAugment` moves the images of the same draws; what is covered or recoloured is no less changed.
 *
 * @param masks [N, H, W, 1]; zero from outside
 */
export function moveMasks(masks: tf.Tensor4D, draws: tf.Tensor2D, settings: DiffAugmentation): tf.Tensor4D {
  return tf.tidy(() => {
    const [, height, width] = masks.shape;
    const draw = tf.unstack(draws, 1) as tf.Tensor1D[];
    return moved(masks, ...shiftsOf(draw.slice(3, 6), [height, width], settings));
  });
}

/** Whole pixels by which each image moves, right and down, [N] each. */
function shiftsOf(
  draw: readonly tf.Tensor1D[],
  [height, width]: readonly [number, number],
  { translation_probability, translation }: DiffAugmentation,
): [tf.Tensor1D, tf.Tensor1D] {
  const [shifts, across, down] = draw as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
  const moves = tf.cast(tf.less(shifts, translation_probability), 'float32');
  const by = (u: tf.Tensor1D, length: number): tf.Tensor1D => {
    const most = Math.floor(translation * length + 0.5);
    return tf.mul(tf.sub(tf.floor(tf.mul(u, 2 * most + 1)), most), moves);
  };
  return [by(across, width), by(down, height)];
}

/** One of three changes where the first draw says so; x + 0 where it does not. */
function recolour(
  images: tf.Tensor4D,
  draw: readonly tf.Tensor1D[],
  { colour_probability, brightness, saturation, contrast }: DiffAugmentation,
): tf.Tensor4D {
  const [gate, which, amount] = draw as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
  const kind = tf.floor(tf.mul(which, 3));
  const within = tf.sub(tf.mul(amount, 2), 1);
  const strength = (of: number, most: number): tf.Tensor =>
    tf.reshape(
      tf.mul(
        tf.mul(within, most),
        tf.cast(tf.logicalAnd(tf.less(gate, colour_probability), tf.equal(kind, of)), 'float32'),
      ),
      [-1, 1, 1, 1],
    );
  const bright = tf.add(images, strength(0, brightness));
  const vivid = tf.add(bright, tf.mul(tf.sub(bright, tf.mean(bright, 3, true)), strength(1, saturation)));
  return tf.add(vivid, tf.mul(tf.sub(vivid, tf.mean(vivid, [1, 2, 3], true)), strength(2, contrast)));
}

/** Each image moved by whole pixels, right and down, grey where it has left. Its gradient is the move back. */
function translate(images: tf.Tensor4D, dx: tf.Tensor1D, dy: tf.Tensor1D): tf.Tensor4D {
  const shifted = tf.customGrad((...args) => {
    const [x, right, down, save] = args as unknown as [
      tf.Tensor4D,
      tf.Tensor1D,
      tf.Tensor1D,
      tf.GradSaveFunc,
    ];
    save([right, down]);
    return {
      value: moved(x, right, down),
      gradFunc: (upstream: tf.Tensor, saved: readonly tf.Tensor[]) => {
        const [back, up] = saved.map((shift) => tf.neg(shift)) as [tf.Tensor1D, tf.Tensor1D];
        return [moved(upstream as tf.Tensor4D, back, up), tf.zerosLike(back), tf.zerosLike(up)];
      },
    };
  });
  return tf.add(shifted(tf.sub(images, GREY), dx, dy), GREY);
}

/** Rows of pixels gathered from where they come from; zero from outside. */
function moved(images: tf.Tensor4D, dx: tf.Tensor1D, dy: tf.Tensor1D): tf.Tensor4D {
  return tf.tidy(() => {
    const [count, height, width, channels] = images.shape;
    const scalar = (value: number): tf.Scalar => tf.scalar(value, 'int32');
    const from = (shift: tf.Tensor1D, length: number): tf.Tensor2D =>
      tf.sub(tf.range(0, length, 1, 'int32').expandDims(0), tf.cast(shift, 'int32').expandDims(1));
    const [xs, ys] = [from(dx, width), from(dy, height)];
    const inside = (at: tf.Tensor2D, length: number): tf.Tensor2D =>
      tf.cast(tf.logicalAnd(tf.greaterEqual(at, 0), tf.less(at, length)), 'float32');
    const clamped = (at: tf.Tensor2D, length: number): tf.Tensor2D =>
      tf.minimum(tf.maximum(at, scalar(0)), scalar(length - 1));
    const starts = tf.range(0, count * height, height, 'int32').expandDims(1);
    const rows = tf.mul(tf.add(clamped(ys, height), starts), scalar(width));
    const index = tf.add(rows.expandDims(2), clamped(xs, width).expandDims(1));
    const flat = tf.reshape(images, [count * height * width, channels]);
    const there = tf.mul(inside(ys, height).expandDims(2), inside(xs, width).expandDims(1));
    // `gather` would read the indices back to the host
    const pixels = tf.gatherND(flat, tf.reshape(index, [-1, 1]));
    return tf.mul(tf.reshape(pixels, images.shape), there.expandDims(3)) as tf.Tensor4D;
  });
}

/** [N, H, W, 1], 0 in a square about a drawn pixel where the first draw says so, 1 elsewhere. The square may reach beyond the border. */
function uncovered(
  draw: readonly tf.Tensor1D[],
  [height, width]: readonly [number, number],
  { cutout_probability, cutout }: DiffAugmentation,
): tf.Tensor {
  const [gate, atX, atY] = draw as [tf.Tensor1D, tf.Tensor1D, tf.Tensor1D];
  const covered = (u: tf.Tensor1D, length: number): tf.Tensor2D => {
    const side = Math.floor(cutout * length + 0.5);
    const first = tf.sub(tf.floor(tf.mul(u, length + 1 - (side % 2))), Math.floor(side / 2)).expandDims(1);
    const at = tf.range(0, length).expandDims(0);
    return tf.cast(tf.logicalAnd(tf.greaterEqual(at, first), tf.less(at, tf.add(first, side))), 'float32');
  };
  const covers = tf.reshape(tf.cast(tf.less(gate, cutout_probability), 'float32'), [-1, 1, 1]);
  const square = tf.mul(covered(atY, height).expandDims(2), covered(atX, width).expandDims(1));
  return tf.sub(1, tf.mul(square, covers)).expandDims(3);
}
