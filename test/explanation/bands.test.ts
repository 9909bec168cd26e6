/** Bands of the spectrum: their weights, and images filtered by them against closed forms and a Fourier transform by its definition. */
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import fc from 'fast-check';
import { bandFilters, CORNER, type BandFilter } from '../../src/explanation/bands.ts';
import { filterImages, gaussianGain, type Gain } from '../../src/explanation/filter-images.ts';
import { onTensorFlow } from '../support/engines.ts';
import { expectClose, noise, noiseTensor } from '../support/tensors.ts';

const BANDS = 8;
const find = (name: string): BandFilter => bandFilters(BANDS).find((filter) => filter.name === name)!;
const frequencies = Array.from({ length: 101 }, (_, i) => (CORNER * i) / 100);
const filled = (count: number, value: number): number[] => new Array<number>(count).fill(value);

describe('bands of a spectrum', () => {
  it('cover it once: what the filters take away of every frequency sums to 1, the mean left alone', () => {
    const stops = bandFilters(BANDS).filter(({ kind }) => kind === 'band-stop');
    expect(stops).to.have.length(BANDS);
    const taken = frequencies.map((f) => stops.reduce((sum, { gain }) => sum + 1 - gain(f), 0));
    expectClose(taken, [0, ...filled(100, 1)], { absolute: 1e-12 });
  });

  it('what lies below an edge and what lies above it make the whole', () => {
    for (let k = 1; k < BANDS; k++) {
      const [low, high] = [find(`low-pass-${k}`), find(`high-pass-${k}`)];
      expect(low.to).to.equal(high.from);
      const sums = frequencies.slice(1).map((f) => low.gain(f) + high.gain(f));
      expectClose(sums, filled(100, 1), { absolute: 1e-12 });
      expect([low.gain(0), high.gain(0)]).to.deep.equal([1, 1]);
      expect(low.gain(low.to)).to.be.closeTo(0.5, 1e-12);
    }
  });

  it('end in the corner, which a checkerboard of single pixels reaches', () => {
    const { from, to, gain } = find(`band-stop-${BANDS}`);
    expect([from, to]).to.deep.equal([(CORNER * 7) / 8, CORNER]);
    expect([gain(CORNER), gain(0.7), gain(0.5)]).to.deep.equal([0, 0, 1]);
  });

  it('are at least two', () => {
    expect(() => bandFilters(1)).to.throw(/at least 2, not 1/);
    expect(() => bandFilters(2.5)).to.throw(/whole number/);
  });
});

/** cos(π u (2x + 1) / 2S) · cos(π v (2y + 1) / 2S), which its mirror image continues: one frequency, √(u² + v²) / 2S. */
function wave(size: number, u: number, v: number): tf.Tensor4D {
  const along = (k: number, i: number): number => Math.cos((Math.PI * k * (2 * i + 1)) / (2 * size));
  const values = Float32Array.from(
    { length: size * size },
    (_, at) => along(u, at % size) * along(v, Math.floor(at / size)),
  );
  return tf.tensor4d(values, [1, size, size, 1]);
}

/** The image continued by its mirror image to 2S × 2S, its Fourier transform by the definition, the gain, and back: float64. */
function byDefinition(image: Float32Array, size: number, gain: Gain): number[] {
  const n = 2 * size;
  const all = Array.from({ length: n }, (_, i) => i);
  const mirrored = (i: number): number => (i < size ? i : n - 1 - i);
  const at = (y: number, x: number): number => image[mirrored(y) * size + mirrored(x)]!;
  const signed = (k: number): number => (k > n / 2 ? k - n : k) / n;
  const result = filled(size * size, 0);
  for (const u of all) {
    for (const v of all) {
      const angle = (y: number, x: number): number => (2 * Math.PI * (u * y + v * x)) / n;
      let [re, im] = [0, 0];
      for (const y of all) {
        for (const x of all) {
          re += at(y, x) * Math.cos(angle(y, x));
          im -= at(y, x) * Math.sin(angle(y, x));
        }
      }
      const weight = gain(Math.hypot(signed(u), signed(v))) / n ** 2;
      result.forEach((_, i) => {
        const turned = angle(Math.floor(i / size), i % size);
        result[i]! += weight * (re * Math.cos(turned) - im * Math.sin(turned));
      });
    }
  }
  return result;
}

onTensorFlow('images filtered by frequency', () => {
  const filtered = (x: tf.Tensor4D, gain: Gain): Float32Array =>
    tf.tidy(() => filterImages(x, gain).dataSync<'float32'>());

  it('are those of the Fourier transform of the mirrored image, ring by ring', () => {
    const size = 6;
    const image = noise(3, size * size);
    const x = tf.tensor4d(image, [1, size, size, 1]);
    for (const name of ['band-stop-1', 'band-stop-4', 'low-pass-3', 'high-pass-5']) {
      const { gain } = find(name);
      expectClose(filtered(x, gain), byDefinition(image, size, gain), { absolute: 2e-6 });
    }
    x.dispose();
  });

  it('a pure wave disappears in its band and stays as it is elsewhere', () => {
    const size = 16;
    for (let band = 1; band <= BANDS; band++) {
      // the diagonal wave nearest to the middle of the band: its frequency is u · CORNER / size
      const u = Math.round((size * (band - 0.5)) / BANDS);
      const x = wave(size, u, u);
      const values = x.dataSync<'float32'>();
      const gone = filled(size * size, 0);
      expectClose(filtered(x, find(`band-stop-${band}`).gain), gone, { absolute: 1e-5 });
      for (const other of [band - 1, band + 1].filter((k) => k >= 1 && k <= BANDS)) {
        expectClose(filtered(x, find(`band-stop-${other}`).gain), values, { absolute: 1e-5 });
      }
      x.dispose();
    }
  });

  it('with all bands kept give the images back; filtering is linear and keeps the mean', () => {
    const sizes = fc.integer({ min: 4, max: 13 });
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 1e6 }), sizes, fc.integer({ min: -3, max: 3 }), (...drawn) => {
        const [seed, size, factor] = drawn;
        tf.tidy(() => {
          const a = noiseTensor(seed, [2, size, size, 3]);
          const b = noiseTensor(seed + 1, [2, size, size, 3]);
          expectClose(filtered(a, find('none').gain), a.dataSync(), { absolute: 1e-5 });
          const { gain } = find('band-stop-3');
          const sum = tf.add<tf.Tensor4D>(tf.mul(a, factor), b);
          const separately = tf.add(tf.mul(filterImages(a, gain), factor), filterImages(b, gain));
          expectClose(filtered(sum, gain), separately.dataSync(), { absolute: 1e-4 });
          const mean = (of: tf.Tensor4D): Float32Array => tf.mean(of, [1, 2]).dataSync<'float32'>();
          expectClose(mean(filterImages(a, gain)), mean(a), { absolute: 1e-5 });
        });
      }),
      { numRuns: 10 },
    );
  });

  it('a Gaussian gain weakens a wave as its Fourier transform says', () => {
    const x = wave(16, 3, 4);
    const expected = Math.exp(-2 * Math.PI ** 2 * 1.5 ** 2 * (5 / 32) ** 2);
    const values = x.dataSync<'float32'>().map((value) => expected * value);
    expectClose(filtered(x, gaussianGain(1.5)), values, { absolute: 1e-5 });
    x.dispose();
  });

  it('must be square', () => {
    const x: tf.Tensor4D = tf.zeros([1, 4, 6, 3]);
    expect(() => filterImages(x, () => 1)).to.throw(/only square images can be filtered, not 6×4/);
    x.dispose();
  });
});
