import { expect } from 'chai';
import { CANVAS } from '../../src/data/align.ts';
import { colourStatistics, transferColour } from '../../src/data/forgery/colour.ts';
import { chooseDonor } from '../../src/data/forgery/donor.ts';
import { toRgb, type FloatImage } from '../../src/data/forgery/float-image.ts';
import type { CanvasFace } from '../../src/data/forgery/forgery.ts';
import { FORGERIES } from '../../src/data/forgery/index.ts';
import {
  gaussianBlur,
  repeatPixels,
  resize,
  sharpen,
  transposedConvolution,
} from '../../src/data/forgery/resample.ts';
import { setSharpness, sharpness } from '../../src/data/forgery/sharpness.ts';
import { drawsOf, renderRow, type RenderSettings } from '../../src/data/render-row.ts';
import { rngFor } from '../../src/data/rng.ts';
import { drawnFace } from '../support/drawn-face.ts';
import { noiseImage } from '../support/noise-image.ts';

const full = (width: number, height: number) => ({
  width,
  height,
  data: new Float32Array(width * height).fill(1),
});

describe('data/forgery colour', () => {
  const [image, reference] = [noiseImage(16, 16, 1), noiseImage(16, 16, 2)];
  const shifted: FloatImage = {
    ...reference,
    data: reference.data.map((v, i) => 40 + (i % 3) * 10 + 0.9 * v),
  };

  it('gives the reference mean and deviation at full strength, nothing at none', () => {
    const mask = full(16, 16);
    const [got, wanted] = [
      colourStatistics(transferColour(image, shifted, mask, 1), mask),
      colourStatistics(shifted, mask),
    ];
    for (let c = 0; c < 3; c++) {
      expect(got.mean[c]).to.be.closeTo(wanted.mean[c]!, 1e-3);
      expect(got.deviation[c]).to.be.closeTo(wanted.deviation[c]!, 1e-3);
    }
    const none = transferColour(image, shifted, mask, 0);
    none.data.forEach((value, i) => expect(value).to.be.closeTo(image.data[i]!, 1e-4));
  });

  it('measures under the mask only, and refuses an empty one', () => {
    const mask = full(16, 16);
    mask.data.fill(0, 1);
    const { mean, deviation } = colourStatistics(image, mask);
    expect([...mean]).to.deep.equal([...image.data.subarray(0, 3)]);
    expect(deviation[0]).to.be.closeTo(0, 0.01);
    mask.data.fill(0);
    expect(() => colourStatistics(image, mask)).to.throw('empty');
  });
});

describe('data/forgery resampling', () => {
  const image = noiseImage(7, 5);

  it('doubles as the transposed convolution is defined: every input pixel adds its kernel', () => {
    const size = 4;
    const kernel = Array.from({ length: size * size }, (_, i) => (i + 1) / 10);
    const got = transposedConvolution(image, kernel, size);
    expect([got.width, got.height]).to.deep.equal([14, 10]);
    // scatter instead of gather, inside the border: pixel (y, x) adds kernel[i, j] to (2y + i - 1, 2x + j - 1)
    const scattered = new Float64Array(got.data.length);
    for (let y = 0; y < 5; y++)
      for (let x = 0; x < 7; x++)
        for (let i = 0; i < size; i++)
          for (let j = 0; j < size; j++) {
            const [v, u] = [2 * y + i - 1, 2 * x + j - 1];
            if (v < 0 || u < 0 || v >= 10 || u >= 14) continue;
            scattered[3 * (v * 14 + u)]! += kernel[i * size + j]! * image.data[3 * (y * 7 + x)]!;
          }
    for (let v = 2; v < 8; v++)
      for (let u = 2; u < 12; u++) {
        const at = 3 * (v * 14 + u);
        expect(got.data[at]).to.be.closeTo(scattered[at]!, 1e-3);
      }
  });

  it('keeps a constant image constant where the taps of each phase sum to 1, and makes a checkerboard where not', () => {
    const grey: FloatImage = { ...image, data: image.data.map(() => 100) };
    const taps = [0.25, 0.75, 0.75, 0.25];
    const even = transposedConvolution(grey, taps.flatMap((v) => taps.map((h) => v * h)), 4); // prettier-ignore
    even.data.forEach((value) => expect(value).to.be.closeTo(100, 1e-3));
    const three = transposedConvolution(grey, new Array<number>(9).fill(1 / 4), 3);
    const at = (y: number, x: number): number => three.data[3 * (y * 14 + x)]!;
    expect([at(4, 4), at(4, 5), at(5, 4), at(5, 5)].sort((a, b) => a - b)).to.deep.equal([25, 50, 50, 100]);
  });

  it('keeps constants through every filter, and the mean of an odd signal through the blur', () => {
    const grey: FloatImage = { ...image, data: image.data.map(() => 77) };
    for (const result of [
      gaussianBlur(grey, 2),
      resize(grey, 3, 4),
      resize(grey, 20, 9),
      sharpen(grey, 2, 1),
      repeatPixels(grey, 3),
    ]) {
      result.data.forEach((value) => expect(value).to.be.closeTo(77, 1e-3));
    }
    const wide = { width: 41, height: 41, data: new Float32Array(41 * 41) };
    wide.data[20 * 41 + 20] = 1;
    const spread = gaussianBlur(wide, 2);
    // the Gaussian itself, sampled and normalised, out to 6 pixels
    const norm = Array.from({ length: 13 }, (_, i) => Math.exp(-((i - 6) ** 2) / 8)).reduce(
      (a, b) => a + b,
      0,
    );
    expect(spread.data[20 * 41 + 23]).to.be.closeTo(Math.exp(-9 / 8) / norm ** 2, 1e-6);
    expect(gaussianBlur(image, 0).data).to.deep.equal(image.data);
    const three = repeatPixels(image, 3);
    expect(three.data[3 * (7 * 21 + 10)]).to.equal(image.data[3 * (2 * 7 + 3)]);
  });
});

describe('data/forgery Gaussian blur', () => {
  for (const [width, height, sigma] of [
    [9, 7, 1.5],
    [3, 2, 4],
  ] as const) {
    it(`is the sum over a square window with repeated borders (${width}×${height}, σ ${sigma})`, () => {
      const image = noiseImage(width, height);
      const got = gaussianBlur(image, sigma);
      const radius = Math.ceil(3 * sigma);
      const clip = (value: number, count: number): number => Math.min(Math.max(value, 0), count - 1);
      for (let at = 0; at < got.data.length; at++) {
        const [c, x, y] = [at % 3, Math.floor(at / 3) % width, Math.floor(at / 3 / width)];
        let [sum, total] = [0, 0];
        for (let v = -radius; v <= radius; v++)
          for (let u = -radius; u <= radius; u++) {
            const weight = Math.exp(-(u * u + v * v) / (2 * sigma * sigma));
            sum += weight * image.data[3 * (clip(y + v, height) * width + clip(x + u, width)) + c]!;
            total += weight;
          }
        expect(got.data[at]).to.be.closeTo(sum / total, 1e-3);
      }
    });
  }
});

describe('data/forgery sharpness', () => {
  const image = gaussianBlur(noiseImage(64, 64), 0.8);

  it('reaches the goal it is set, within what a changing amount leaves over', () => {
    for (const share of [0.6, 1, 1.5]) {
      const goal = sharpness(image);
      goal.data.forEach((value, i) => (goal.data[i] = value * share));
      const got = sharpness(setSharpness(image, full(64, 64), goal));
      const ratios = got.data.map((value, i) => value / goal.data[i]!);
      const mean = ratios.reduce((a, b) => a + b, 0) / ratios.length;
      expect(mean).to.be.closeTo(1, 0.03);
    }
  });

  it('changes nothing outside the mask or where the goal is met, and survives an image without detail', () => {
    const none = { width: 64, height: 64, data: new Float32Array(64 * 64) };
    expect(setSharpness(image, none, sharpness(image)).data).to.deep.equal(image.data);
    const same = setSharpness(image, full(64, 64), sharpness(image));
    same.data.forEach((value, i) => expect(value).to.be.closeTo(image.data[i]!, 0.05));
    const flat: FloatImage = { ...image, data: image.data.map(() => 50) };
    setSharpness(flat, full(64, 64), sharpness(image)).data.forEach((value) =>
      expect(value).to.be.closeTo(50, 1e-3),
    );
  });
});

describe('data/forgery methods', () => {
  const target = drawnFace(0);
  const donors = [1, 2, 3].map(drawnFace);
  const settings: RenderSettings = { size: 96, quality_min: 80, quality_max: 98, seed: 5 };

  for (const [name, forge] of Object.entries(FORGERIES)) {
    it(`${name}: same stream, same bytes; another stream, others; the target left as it is; background untouched`, () => {
      const before = target.image.data.slice();
      const made = (seed: number): FloatImage => forge({ target, donors, rng: rngFor(seed, name) });
      const image = made(1);
      expect(toRgb(image).data).to.deep.equal(toRgb(made(1)).data);
      expect(toRgb(image).data).to.not.deep.equal(toRgb(made(2)).data);
      expect(target.image.data).to.deep.equal(before);
      expect(image.data.every(Number.isFinite)).to.be.true;
      const changed =
        image.data.filter((value, i) => Math.abs(value - before[i]!) > 1).length / image.data.length;
      expect(changed).to.be.within(0.04, 0.75);
      for (const i of [0, 3 * (CANVAS - 1), image.data.length - 3]) expect(image.data[i]).to.equal(before[i]);
    });
  }

  it('takes the donor that fits, and says when there is none', () => {
    const twin: CanvasFace = { ...target };
    expect(chooseDonor(target, [...donors, twin], rngFor(0))).to.equal(twin);
    expect(() => FORGERIES.faceswap({ target, donors: [], rng: rngFor(0) })).to.throw('no donor');
  });

  it('renders the same row to the same bytes, and shares the draws of a pair', async () => {
    const source = { name: 'a', face: target, variant: 0, donors };
    const first = await renderRow('deepfakes', source, settings);
    expect(await renderRow('deepfakes', source, settings)).to.deep.equal(first);
    expect([first.width, first.height, first.data.length]).to.deep.equal([96, 96, 96 * 96 * 3]);
    const other = await renderRow('deepfakes', { ...source, variant: 1 }, settings);
    expect(other.data).to.not.deep.equal(first.data);
    const reseeded = await renderRow('deepfakes', source, { ...settings, seed: 6 });
    expect(reseeded.data).to.not.deep.equal(first.data);
    const qualities = Array.from({ length: 400 }, (_, v) => drawsOf('a', v, settings).quality);
    expect([Math.min(...qualities), Math.max(...qualities)]).to.deep.equal([80, 98]);
  });
});
