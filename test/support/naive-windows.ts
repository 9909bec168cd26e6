/** Windows over an image by their definition, in float64: what padded convolutions and poolings are held against. */

/** A row-major image [N, H, W, C]. */
export interface Image {
  readonly shape: readonly [number, number, number, number];
  readonly values: ArrayLike<number>;
}

export interface Windows {
  /** Side of the window. */
  readonly kernel: number;
  readonly stride: number;
  /** Pixels from one place of the window to the next. */
  readonly dilation: number;
  /** How far before the image the first window begins, down and across, and how many there are. */
  readonly before: readonly [number, number];
  readonly outputs: readonly [number, number];
}

/** One place of a window: the pixel's index, or null beside the image, and the place in the window, row by row. */
export interface Place {
  readonly pixel: number | null;
  readonly tap: number;
}

/** For each image, window (row by row) and channel its places, in the order of a [N, h, w, C] tensor. */
export function windowsOf(
  { shape: [n, height, width, channels] }: Pick<Image, 'shape'>,
  { kernel, stride, dilation, before, outputs }: Windows,
): Place[][] {
  const found: Place[][] = [];
  for (let image = 0; image < n; image++) {
    for (let at = 0; at < outputs[0] * outputs[1]; at++) {
      const [top, left] = [Math.floor(at / outputs[1]), at % outputs[1]];
      for (let channel = 0; channel < channels; channel++) {
        found.push(
          Array.from({ length: kernel * kernel }, (_, tap) => {
            const row = top * stride - before[0] + dilation * Math.floor(tap / kernel);
            const column = left * stride - before[1] + dilation * (tap % kernel);
            const inside = row >= 0 && row < height && column >= 0 && column < width;
            return {
              pixel: inside ? ((image * height + row) * width + column) * channels + channel : null,
              tap,
            };
          }),
        );
      }
    }
  }
  return found;
}
