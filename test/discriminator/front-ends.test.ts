import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import {
  FRONT_ENDS,
  frequencyBands,
  frontEnd,
  highpass,
  srmResiduals,
  truncated,
} from '../../src/discriminator/front-ends.ts';
import { hashed } from '../bench/hashed.ts';
import { onEachEngine, onTensorFlow } from '../support/engines.ts';
import { bits, centralDifferences, expectClose, noise, noiseTensor } from '../support/tensors.ts';

const fixture = JSON.parse(
  readFileSync(new URL('../fixtures/discriminator/statistics.json', import.meta.url), 'utf8'),
) as {
  readonly dct: readonly {
    readonly tensor: number;
    readonly size: number;
    readonly bands: Readonly<Record<'low' | 'middle' | 'high', readonly number[]>>;
  }[];
};

onEachEngine('high-pass front end', () => {
  const [h, w] = [4, 5];
  const x = noise(1, h * w);
  const reflect = (i: number, size: number): number => (i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i);
  const reference = (of: ArrayLike<number>): number[] =>
    Array.from(of, (value, i) => {
      let sum = 0;
      for (let u = -1; u <= 1; u++) {
        for (let v = -1; v <= 1; v++) {
          sum += of[reflect(Math.floor(i / w) + u, h) * w + reflect((i % w) + v, w)]!;
        }
      }
      return 4 * (value - sum / 9);
    });

  it('is 4 · (pixel − mean of its 3×3 neighbourhood), borders reflected', () => {
    tf.tidy(() => {
      expectClose(highpass(tf.tensor4d(x, [1, h, w, 1])).dataSync(), reference(x), { absolute: 2e-6 });
    });
  });

  it('is 0 on a constant image, up to the border', () => {
    tf.tidy(() => {
      const values = highpass(tf.fill([1, 6, 6, 3], 0.7)).dataSync();
      expectClose(values, new Float32Array(108), { absolute: 1e-6 });
    });
  });

  it('has the gradient of central differences, up to the border', () => {
    const dy = noise(2, h * w, -1, 1);
    const expected = centralDifferences(
      (values) => reference(values).reduce((sum, y, i) => sum + y * dy[i]!, 0),
      x,
    );
    tf.tidy(() => {
      const gradient = tf.grad((of) => highpass(of as tf.Tensor4D))(
        tf.tensor4d(x, [1, h, w, 1]),
        tf.tensor4d(dy, [1, h, w, 1]),
      );
      expectClose(gradient.dataSync(), expected, { absolute: 2e-6 });
    });
  });
});

/** Σ over the 5×5 neighbourhood of one channel, reflected borders, in float64. */
function filtered(x: ArrayLike<number>, side: number, taps: readonly (readonly number[])[]): number[] {
  const reflect = (i: number): number => (i < 0 ? -i : i >= side ? 2 * (side - 1) - i : i);
  return Array.from(x, (_, i) => {
    const [row, column] = [Math.floor(i / side), i % side];
    return taps
      .flatMap((line, u) =>
        line.map((tap, v) => tap * x[reflect(row + u - 2) * side + reflect(column + v - 2)]!),
      )
      .reduce((a, b) => a + b);
  });
}

onEachEngine('SRM front end', () => {
  const side = 6;
  const second = [1, -2, 1];
  const five = [-1, 2, -2, 2, -1];
  /** The filters by what they are made of: products and sums of second differences; "KV" as it is printed. */
  const FILTERS = [
    [0, 1, 2, 3, 4].map((u) =>
      [0, 1, 2, 3, 4].map((v) => ((second[u - 1] ?? 0) * (second[v - 1] ?? 0) * -1) / 4),
    ),
    [five, [2, -6, 8, -6, 2], [-2, 8, -12, 8, -2], [2, -6, 8, -6, 2], five].map((line) =>
      line.map((tap) => tap / 12),
    ),
    [0, 1, 2, 3, 4].map((u) => [0, 1, 2, 3, 4].map((v) => (u === 2 ? (second[v - 1] ?? 0) / 2 : 0))),
  ];

  it('are the three filters of the mean of the channels, borders reflected', () => {
    tf.tidy(() => {
      const x = noise(3, side * side * 3);
      const mean = Float32Array.from(
        { length: side * side },
        (_, i) => (x[3 * i]! + x[3 * i + 1]! + x[3 * i + 2]!) / 3,
      );
      const residuals = srmResiduals(tf.tensor4d(x, [1, side, side, 3]));
      FILTERS.forEach((taps, i) => {
        const own = residuals.slice([0, 0, 0, i], [1, side, side, 1]).dataSync();
        expectClose(own, filtered(mean, side, taps), { absolute: 2e-6 });
      });
    });
  });

  it('are 0 where brightness rises evenly, away from the border', () => {
    tf.tidy(() => {
      const ramp = tf.tensor4d(
        Float32Array.from({ length: 81 }, (_, i) => (i % 9) / 16 + Math.floor(i / 9) / 32),
        [1, 9, 9, 1],
      );
      expectClose(srmResiduals(ramp).slice([0, 2, 2, 0], [1, 5, 5, 3]).dataSync(), new Float32Array(75), {
        absolute: 1e-6,
      });
    });
  });

  it('truncates at 3 grey levels, and has a slope below them alone', () => {
    tf.tidy(() => {
      const x = tf.tensor4d([-300, -2.9, -0.3, 0, 1.5, 3.1], [1, 1, 6, 1]);
      expectClose(truncated(x).dataSync(), [-1, -2.9 / 3, -0.1, 0, 0.5, 1], { absolute: 1e-6 });
      const slope = tf
        .grad((of) => truncated(of as tf.Tensor4D))(x)
        .dataSync();
      expectClose(slope, [0, 1 / 3, 1 / 3, 1 / 3, 1 / 3, 0], { absolute: 1e-6 });
    });
  });

  it('has the gradient of central differences', () => {
    const faint = noise(4, side * side, 0, 2);
    const dy = noise(5, side * side * 3, -1, 1);
    const expected = centralDifferences(
      (x) =>
        FILTERS.map((taps, f) =>
          filtered(x, side, taps).reduce(
            (sum, y, i) => sum + Math.min(3, Math.max(-3, y)) * dy[3 * i + f]!,
            0,
          ),
        ).reduce((a, b) => a + b) / 3,
      faint,
    );
    tf.tidy(() => {
      const gradient = tf.grad((of) => truncated(srmResiduals(of as tf.Tensor4D)))(
        tf.tensor4d(faint, [1, side, side, 1]),
        tf.tensor4d(dy, [1, side, side, 3]),
      );
      expectClose(gradient.dataSync(), expected, { absolute: 5e-6 });
    });
  });
});

onEachEngine('bands of the cosine transform', () => {
  for (const { tensor, size, bands } of fixture.dct) {
    it(`of ${size} pixels are SciPy's, and sum to the image`, () => {
      tf.tidy(() => {
        const x = tf.tensor4d(hashed(tensor, size * size * 2), [1, size, size, 2]);
        const [low, middle, high] = frequencyBands(size)(x);
        for (const [band, expected] of [
          [low, bands.low],
          [middle, bands.middle],
          [high, bands.high],
        ] as const) {
          expectClose(band.dataSync(), expected, { absolute: 2e-6 });
        }
        expectClose(tf.addN([low, middle, high]).dataSync(), x.dataSync(), { absolute: 1e-6 });
      });
    });
  }

  it('leave a constant image to the low band, and a checkerboard to the high one', () => {
    tf.tidy(() => {
      const flat = frequencyBands(16)(tf.fill([1, 16, 16, 1], 0.7));
      const board = frequencyBands(16)(
        tf.tensor4d(
          Float32Array.from({ length: 256 }, (_, i) => ((i + Math.floor(i / 16)) % 2 === 0 ? 1 : -1)),
          [1, 16, 16, 1],
        ),
      );
      const energy = (bands: readonly tf.Tensor[]): number[] =>
        bands.map((band) => tf.mean(tf.square(band)).dataSync()[0]!);
      expectClose(energy(flat), [0.49, 0, 0], { absolute: 1e-6 });
      const [low, , high] = energy(board);
      expect(low).to.be.below(0.01);
      expect(high).to.be.above(0.9);
    });
  });

  it('are each its own adjoint, as a band kept is: ⟨band(x), y⟩ = ⟨x, gradient⟩ = ⟨x, band(y)⟩', () => {
    tf.tidy(() => {
      const [x, y] = [noiseTensor(6, [2, 9, 9, 1]), noiseTensor(7, [2, 9, 9, 1])];
      [0, 1, 2].forEach((i) => {
        const gradient = tf.grad((of) => frequencyBands(9)(of as tf.Tensor4D)[i]!)(x, y);
        expectClose(gradient.dataSync(), frequencyBands(9)(y)[i]!.dataSync(), { absolute: 1e-5 });
      });
    });
  });
});

onTensorFlow('front ends', () => {
  it('have the channels that they say, finite ones, and the same again', () => {
    const channels = { rgb: 3, 'rgb-highpass': 6, srm: 3, dct: 12 };
    for (const name of FRONT_ENDS) {
      tf.tidy(() => {
        const layer = frontEnd(name, 12);
        expect(layer.computeOutputShape([null, 12, 12, 3])).to.deep.equal([null, 12, 12, channels[name]]);
        const images = noiseTensor(8, [2, 12, 12, 3]);
        const seen = layer.apply(images) as tf.Tensor;
        expect(seen.shape).to.deep.equal([2, 12, 12, channels[name]]);
        const values = seen.dataSync();
        expect(values.every(Number.isFinite)).to.equal(true);
        expect(bits((layer.apply(images) as tf.Tensor).dataSync())).to.deep.equal(bits(values));
      });
    }
  });
});
