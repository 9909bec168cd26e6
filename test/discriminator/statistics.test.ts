import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { faceNormal, pixelPlaces } from '../../src/discriminator/face-shape.ts';
import { lightCoefficients, lightStatistics } from '../../src/discriminator/illumination.ts';
import { noiseStatistics } from '../../src/discriminator/noise.ts';
import { radialSpectrum } from '../../src/discriminator/spectrum.ts';
import type { Statistics } from '../../src/discriminator/statistics.ts';
import { hashed } from '../bench/hashed.ts';
import { onEachEngine, onTensorFlow } from '../support/engines.ts';
import { expectClose, noiseTensor } from '../support/tensors.ts';

interface Case {
  readonly tensor: number;
  readonly size: number;
  readonly points?: number;
  readonly grid?: number;
  readonly values: readonly number[];
}
const fixture = JSON.parse(
  readFileSync(new URL('../fixtures/discriminator/statistics.json', import.meta.url), 'utf8'),
) as Readonly<Record<'spectrum' | 'noise' | 'light', readonly Case[]>>;

/** A faint texture on a slope: regenerate_statistics.py has the same. */
function faint(tensor: number, size: number): tf.Tensor4D {
  const texture = hashed(tensor, size * size * 3);
  const values = pixelPlaces(size).flatMap(({ x, y }, i) =>
    [0, 1, 2].map((c) => 0.2 + 0.4 * x + 0.2 * y + 0.05 * texture[3 * i + c]!),
  );
  return tf.tensor4d(values, [1, size, size, 3]);
}

/** An image from what each place of it is like. */
function painted(size: number, of: (x: number, y: number, i: number) => number): tf.Tensor4D {
  const values = pixelPlaces(size).flatMap(({ x, y }, i) => Array<number>(3).fill(of(x, y, i)));
  return tf.tensor4d(values, [1, size, size, 3]);
}

onEachEngine('statistics of an image', () => {
  it('spectrum: NumPy’s, for even sizes and odd ones, more points than rings and fewer', () => {
    for (const { tensor, size, points, values } of fixture.spectrum) {
      tf.tidy(() => {
        expectClose(radialSpectrum(size, points!).of(faint(tensor, size)).dataSync(), values, {
          absolute: 2e-4,
        });
      });
    }
  });

  it('noise: NumPy’s', () => {
    for (const { tensor, size, grid, values } of fixture.noise) {
      tf.tidy(() => {
        const own = noiseStatistics(size, grid!).of(faint(tensor, size)).dataSync();
        expectClose(own, values, { absolute: 2e-3 });
      });
    }
  });

  it('light: NumPy’s least squares, in each region', () => {
    for (const { tensor, size, values } of fixture.light) {
      tf.tidy(() => {
        expectClose(lightCoefficients(size)(faint(tensor, size)).dataSync(), values, { absolute: 2e-4 });
      });
    }
  });
});

onTensorFlow('statistics of an image', () => {
  const SIZE = 32;

  it('each knows how many there are, image by image', () => {
    const all: readonly Statistics[] = [
      radialSpectrum(SIZE, 10),
      noiseStatistics(SIZE, 5),
      lightStatistics(SIZE),
    ];
    tf.tidy(() => {
      const images = noiseTensor(1, [3, SIZE, SIZE, 3]);
      for (const { count, of } of all) {
        const together = of(images);
        expect(together.shape).to.deep.equal([3, count]);
        const last = of(images.slice([2], [1])).dataSync();
        expectClose(together.slice([2, 0], [1, count]).dataSync(), last, { absolute: 1e-4, relative: 1e-4 });
      }
    });
  });

  it('spectrum: a wave raises the point of its own frequency, and no other by as much', () => {
    tf.tidy(() => {
      // 32/√2 = 22.6: rings 0 … 23, a point each
      const profile = (image: tf.Tensor4D): Float32Array =>
        radialSpectrum(SIZE, 24).of(image).dataSync<'float32'>();
      const plain = profile(noiseTensor(2, [1, SIZE, SIZE, 3], 0.45, 0.55));
      for (const frequency of [3, 11, 16]) {
        const wave = painted(SIZE, (x) => 0.3 * Math.cos(2 * Math.PI * frequency * x + 0.4));
        const raised = profile(tf.add(wave, noiseTensor(2, [1, SIZE, SIZE, 3], 0.45, 0.55))).map(
          (value, r) => value - plain[r]!,
        );
        expect(raised.indexOf(Math.max(...raised))).to.equal(frequency);
      }
    });
  });

  it('noise: the level of a block with noise of a known variance, and a gap where the face alone is noisy', () => {
    const grid = 4;
    const of = (face: number, around: number): Float32Array =>
      tf.tidy(() => {
        const draws = noiseTensor(3, [1, 64, 64, 1], -Math.sqrt(3), Math.sqrt(3)).dataSync();
        // on a grid of four the middle columns are the face
        const image = painted(64, (x, _, i) => {
          const inside = x > 0.25 && x < 0.75;
          return 0.5 + (draws[i]! * (inside ? face : around)) / 255;
        });
        return noiseStatistics(64, grid).of(image).dataSync<'float32'>();
      });
    // of the third filter, (1, −2, 1)/2: six quarters of the noise's variance
    const third = 2 * (grid * grid + 5);
    const [even, uneven] = [of(2, 2), of(6, 2)];
    const level = even.slice(third, third + grid * grid).reduce((a, b) => a + b) / grid ** 2;
    expect(level).to.be.closeTo(Math.log(1.5 * 4), 0.15);
    const gap = third + grid * grid + 2;
    expect(even[gap]).to.be.below(0.05);
    expect(uneven[gap]).to.be.closeTo((2 * Math.log(3)) ** 2, 1.5);
  });

  it('light: an ellipsoid lit from a known side gives the side back, and so does each half', () => {
    const light = [0.3, -0.2, 0.4] as const;
    const ambient = 0.35;
    tf.tidy(() => {
      const image = painted(48, (x, y) => {
        const normal = faceNormal({ x, y });
        return normal === null ? 0.5 : ambient + light.reduce((sum, l, k) => sum + l * normal[k]!, 0);
      });
      const coefficients = lightCoefficients(48)(image).dataSync();
      for (let region = 0; region < 5; region++) {
        expectClose(coefficients.slice(4 * region, 4 * region + 4), [...light, ambient], { absolute: 1e-4 });
      }
      expectClose(coefficients.slice(20), [0, 0, 0.5], { absolute: 1e-5 });
    });
  });

  it('light: of a sphere in shadow on one side the direction is near, and halves lit from two sides disagree', () => {
    tf.tidy(() => {
      const lit = (sideOf: (x: number) => number): Float32Array =>
        lightStatistics(64)
          .of(
            painted(64, (x, y) => {
              const normal = faceNormal({ x, y });
              if (normal === null) return 0.4 + 0.3 * (x - 0.5);
              return Math.max(0, 0.8 * (sideOf(x) * 0.7 * normal[0] + 0.714 * normal[2])) + 0.1;
            }),
          )
          .dataSync<'float32'>();
      const one = lit(() => 1);
      const two = lit((x) => (x < 0.5 ? 1 : -1));
      expectClose(one.slice(0, 3), [0.7, 0, 0.714], { absolute: 0.2 });
      const halves = one.length - 3;
      expect(one[halves]).to.be.below(0.2);
      expect(two[halves]).to.be.above(0.5);
      // face and surroundings are lit from the right
      expect(one[halves + 2]).to.be.below(0.01);
    });
  });

  it('refuse what no statistic can be made of', () => {
    expect(() => noiseStatistics(16, 20)).to.throw('discriminator.grid is 20, but images of 16 pixels');
    expect(() => lightCoefficients(4)).to.throw('images of 4 pixels are too small to tell the light');
  });

  it('the normals of the face are those of differences along its surface', () => {
    const depth = (x: number, y: number): number =>
      0.36 * Math.sqrt(1 - ((x - 0.5) / 0.36) ** 2 - ((y - 0.52) / 0.46) ** 2);
    const step = 1e-5;
    for (const [x, y] of [
      [0.5, 0.52],
      [0.3, 0.6],
      [0.62, 0.3],
    ] as const) {
      const across = (depth(x + step, y) - depth(x - step, y)) / (2 * step);
      const down = (depth(x, y + step) - depth(x, y - step)) / (2 * step);
      const length = Math.hypot(across, down, 1);
      expectClose(faceNormal({ x, y })!, [-across / length, -down / length, 1 / length], { absolute: 1e-6 });
    }
    expect(faceNormal({ x: 0.9, y: 0.5 })).to.equal(null);
  });
});
