import { createHash } from 'node:crypto';
import { expect } from 'chai';
import fc from 'fast-check';
import type { RgbImage } from '../../src/data/dataset.ts';
import { NO_AUGMENTATION, augment, drawAugmentation } from '../../src/data/augment.ts';
import type { Augmentation, AugmentSettings } from '../../src/data/augment.ts';
import { jpegRoundTrip } from '../../src/data/image.ts';
import { rngFor } from '../../src/data/rng.ts';

/** What there was before blur, grey, hue, cutout and the probabilities of groups. */
const FIRST: AugmentSettings = {
  ...NO_AUGMENTATION,
  ...{ flip: 0.5, rotation: 10, scale: 0.1, shift: 0.1, brightness: 0.1, contrast: 0.2, saturation: 0.3 },
  ...{ resize: 0.6, noise: 0.05, jpeg: 0.5, jpeg_quality_min: 40, jpeg_quality_max: 90 },
};
const STRONG: AugmentSettings = {
  ...FIRST,
  ...{
    geometry_probability: 0.8,
    colour_probability: 0.8,
    hue: 30,
    grey: 0.3,
    blur_probability: 0.5,
    blur: 2,
  },
  ...{ noise_probability: 0.5, cutout: 0.5, cutout_count: 3, cutout_size: 0.4 },
};
const still: Augmentation = drawAugmentation(NO_AUGMENTATION, rngFor(0));

function noise(width: number, height: number, seed = 1): RgbImage {
  const rng = rngFor(seed, 'image');
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, () => rng.integer(256)) };
}

describe('data/augment', () => {
  it('with every strength off is the identity, exactly', async () => {
    const image = noise(13, 9);
    for (let seed = 0; seed < 20; seed++) {
      expect(await augment(image, drawAugmentation(NO_AUGMENTATION, rngFor(seed)))).to.equal(image);
    }
  });

  it('never changes its argument, keeps the size, and gives the same bytes twice', async () => {
    for (let seed = 0; seed < 10; seed++) {
      const image = noise(24, 16, seed);
      const draws = drawAugmentation(STRONG, rngFor(seed));
      const [once, twice] = [await augment(image, draws), await augment(noise(24, 16, seed), draws)];
      expect(once).to.deep.equal(twice);
      expect(once.data).not.to.deep.equal(image.data);
      expect(image).to.deep.equal(noise(24, 16, seed));
      expect([once.width, once.height, once.data.length]).to.deep.equal([24, 16, 24 * 16 * 3]);
    }
  });

  it('flip mirrors columns and nothing else', async () => {
    const image = noise(5, 4);
    const { data } = await augment(image, { ...still, flip: true });
    for (let y = 0; y < 4; y++) {
      for (let x = 0; x < 5; x++) {
        const [from, to] = [3 * (y * 5 + x), 3 * (y * 5 + 4 - x)];
        expect([...data.subarray(to, to + 3)]).to.deep.equal([...image.data.subarray(from, from + 3)]);
      }
    }
  });

  it('shifts by whole pixels exactly, right and down, mirroring the border', async () => {
    const data = Uint8Array.from([0, 1, 2, 3].flatMap((v) => [v, v, v]));
    const shifted = await augment({ width: 4, height: 1, data }, { ...still, shiftX: 0.25 });
    expect([...shifted.data].filter((_, i) => i % 3 === 0)).to.deep.equal([1, 0, 1, 2]);
  });

  it('a quarter turn is counter-clockwise: the right edge comes to the top', async () => {
    const image = noise(6, 6);
    const turned = await augment(image, { ...still, angle: Math.PI / 2 });
    for (let y = 0; y < 6; y++) {
      for (let x = 0; x < 6; x++) {
        const [to, from] = [3 * (y * 6 + x), 3 * (x * 6 + (5 - y))];
        expect(turned.data[to]).to.be.closeTo(image.data[from] as number, 1);
      }
    }
  });

  it('scale 2 magnifies about the centre: a ramp gets half its slope', async () => {
    const data = Uint8Array.from({ length: 9 * 9 * 3 }, (_, i) => 20 * (Math.floor(i / 3) % 9));
    const { data: seen } = await augment({ width: 9, height: 9, data }, { ...still, scale: 2 });
    for (let x = 0; x < 9; x++) expect(seen[3 * (4 * 9 + x)]).to.equal(20 * 4 + 10 * (x - 4));
  });

  it('colour: brightness adds, contrast stretches around mid-grey, saturation 0 is luma', async () => {
    const image: RgbImage = { width: 1, height: 1, data: Uint8Array.from([100, 150, 200]) };
    const after = async (change: Partial<Augmentation>): Promise<number[]> => [
      ...(await augment(image, { ...still, ...change })).data,
    ];
    expect(await after({ brightness: 0.2 })).to.deep.equal([151, 201, 251]);
    expect(await after({ contrast: 2 })).to.deep.equal([72, 172, 255]); // 127.5 + 2 (v - 127.5), even in ties
    const luma = Math.round(0.299 * 100 + 0.587 * 150 + 0.114 * 200);
    expect(await after({ saturation: 0 })).to.deep.equal([luma, luma, luma]);
  });

  it('noise has the deviation that was asked for, and the same field on every image', async () => {
    const grey = (value: number): RgbImage => ({
      width: 64,
      height: 64,
      data: new Uint8Array(64 * 64 * 3).fill(value),
    });
    const change = { ...still, noise: 0.04, noiseSeed: 5 };
    const field = async (value: number): Promise<number[]> =>
      [...(await augment(grey(value), change)).data].map((v) => v - value);
    const values = await field(100);
    const mean = values.reduce((sum, v) => sum + v, 0) / values.length;
    const deviation = Math.sqrt(values.reduce((sum, v) => sum + (v - mean) ** 2, 0) / values.length);
    // standard error of a deviation from n draws: σ / √(2n)
    expect(deviation).to.be.closeTo(0.04 * 255, (4 * 0.04 * 255) / Math.sqrt(2 * values.length) + 0.02);
    expect(mean).to.be.closeTo(0, (4 * 0.04 * 255) / Math.sqrt(values.length));
    expect(await field(150)).to.deep.equal(values);
  });

  it('JPEG is the round trip of image.ts', async () => {
    const image = noise(16, 16);
    expect(await augment(image, { ...still, jpegQuality: 60 })).to.deep.equal(await jpegRoundTrip(image, 60));
  });

  it('draws stay within their strengths', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 }), (seed) => {
        const draws = drawAugmentation(STRONG, rngFor(seed));
        expect(Math.abs(draws.angle)).to.be.at.most((10 * Math.PI) / 180);
        expect(draws.scale).to.be.within(0.9, 1.1);
        expect(Math.max(Math.abs(draws.shiftX), Math.abs(draws.shiftY))).to.be.at.most(0.1);
        expect(Math.abs(draws.brightness)).to.be.at.most(0.1);
        expect(draws.contrast).to.be.within(0.8, 1.2);
        expect(draws.saturation).to.be.within(0.7, 1.3);
        expect(draws.resize).to.be.within(0.6, 1);
        expect(draws.noise).to.be.within(0, 0.05);
        if (draws.jpegQuality !== null) expect(draws.jpegQuality).to.be.within(40, 90);
        expect(Math.abs(draws.hue)).to.be.at.most(30);
        expect(draws.blur).to.be.within(0, 2);
        expect(draws.cutout.count).to.be.within(0, 3);
      }),
    );
  });

  it('one strength does not move the other draws', () => {
    for (let seed = 0; seed < 20; seed++) {
      const all = drawAugmentation(STRONG, rngFor(seed));
      for (const key of Object.keys(STRONG) as (keyof AugmentSettings)[]) {
        if (/_probability|quality|count/.test(key)) continue;
        const without = drawAugmentation({ ...STRONG, [key]: NO_AUGMENTATION[key] }, rngFor(seed));
        const touched = Object.entries(all).filter(
          ([name, value]) => JSON.stringify(value) !== JSON.stringify(without[name as keyof Augmentation]),
        );
        const own: Record<string, string> = {
          ...{ rotation: 'angle', shift: 'shiftX,shiftY', jpeg: 'jpegQuality', cutout_size: 'cutout' },
        };
        expect(
          touched.every(([name]) => (own[key] ?? key).split(',').includes(name)),
          key,
        ).to.equal(true);
      }
    }
  });

  it('what was added later draws after the rest: settings without it give the pixels that they always gave', async () => {
    const hash = createHash('sha256');
    for (let seed = 0; seed < 5; seed++) {
      const draws = drawAugmentation({ ...FIRST, resize: 1, jpeg: 0 }, rngFor(seed));
      hash.update((await augment(noise(24, 16, seed), draws)).data);
    }
    // of the version that had none of them
    expect(hash.digest('hex').slice(0, 16)).to.equal('04ebf6a6c05b5a5b');
  });

  it('probabilities hold: each of a group in its share of the draws', () => {
    const draws = Array.from({ length: 4000 }, (_, seed) => drawAugmentation(STRONG, rngFor(seed)));
    const share = (happened: (draw: Augmentation) => boolean): number =>
      draws.filter(happened).length / draws.length;
    // four standard errors of a share: 2 / √n at most
    const tolerance = 2 / Math.sqrt(draws.length);
    expect(share(({ angle }) => angle !== 0)).to.be.closeTo(0.8, tolerance);
    expect(share(({ hue }) => hue !== 0)).to.be.closeTo(0.8, tolerance);
    expect(share(({ grey }) => grey)).to.be.closeTo(0.3, tolerance);
    expect(share(({ blur }) => blur !== 0)).to.be.closeTo(0.5, tolerance);
    expect(share(({ noise }) => noise !== 0)).to.be.closeTo(0.5, tolerance);
    for (const count of [1, 2, 3]) {
      expect(share(({ cutout }) => cutout.count === count)).to.be.closeTo(0.5 / 3, tolerance);
    }
  });

  it('hue turns as in HSV: 120° hands the channels on, 180° is the opposite, grey has none', async () => {
    const after = async (pixel: number[], hue: number): Promise<number[]> => [
      ...(await augment({ width: 1, height: 1, data: Uint8Array.from(pixel) }, { ...still, hue })).data,
    ];
    expect(await after([200, 100, 50], 120)).to.deep.equal([50, 200, 100]);
    expect(await after([200, 100, 50], -120)).to.deep.equal([100, 50, 200]);
    expect(await after([255, 0, 0], 180)).to.deep.equal([0, 255, 255]);
    expect(await after([255, 0, 0], 60)).to.deep.equal([255, 255, 0]);
    expect(await after([200, 100, 50], 360)).to.deep.equal([200, 100, 50]);
    expect(await after([77, 77, 77], 90)).to.deep.equal([77, 77, 77]);
  });

  it('grey is luma in three channels, contrast and brightness still on it', async () => {
    const image: RgbImage = { width: 1, height: 1, data: Uint8Array.from([100, 150, 200]) };
    const luma = 0.299 * 100 + 0.587 * 150 + 0.114 * 200;
    const { data } = await augment(image, { ...still, grey: true, saturation: 1.7, brightness: 0.1 });
    expect([...data]).to.deep.equal(Array(3).fill(Math.round(luma + 25.5)));
  });

  it('blur of a point is the Gaussian, and keeps the sum', async () => {
    const image = { width: 21, height: 21, data: new Uint8Array(21 * 21 * 3) };
    image.data.fill(255, 3 * (10 * 21 + 10), 3 * (10 * 21 + 10) + 3);
    const sigma = 1.5;
    const { data } = await augment(image, { ...still, blur: sigma });
    const gauss = (d: number): number => Math.exp((-d * d) / (2 * sigma * sigma));
    const sum = Array.from({ length: 11 }, (_, i) => gauss(i - 5)).reduce((a, b) => a + b);
    for (let y = 0; y < 21; y++) {
      for (let x = 0; x < 21; x++) {
        const far = Math.max(Math.abs(x - 10), Math.abs(y - 10)) > 5;
        const expected = far ? 0 : (255 * gauss(x - 10) * gauss(y - 10)) / sum ** 2;
        expect(data[3 * (y * 21 + x)]).to.be.closeTo(expected, 0.51);
      }
    }
  });

  it('cutout covers whole rectangles in mid-grey, no more than asked for, the rest untouched', async () => {
    const [width, height] = [40, 30];
    const image = { width, height, data: new Uint8Array(width * height * 3).fill(10) };
    for (let seed = 0; seed < 30; seed++) {
      const { data } = await augment(image, { ...still, cutout: { count: 1, size: 0.4, seed } });
      const covered = Array.from({ length: width * height }, (_, i) => i).filter((i) => data[3 * i] === 128);
      const [xs, ys] = [covered.map((i) => i % width), covered.map((i) => Math.floor(i / width))];
      const sides = [xs, ys].map((of) => Math.max(...of) - Math.min(...of) + 1);
      expect(covered.length).to.equal(sides[0]! * sides[1]!);
      expect(sides[0]).to.be.at.most(0.4 * width + 1);
      expect(sides[1]).to.be.at.most(0.4 * height + 1);
      expect([...data].filter((value) => value === 10).length).to.equal(
        3 * (width * height - covered.length),
      );
    }
  });

  it('one more rectangle leaves the first ones where they are', async () => {
    const image = { width: 40, height: 40, data: new Uint8Array(40 * 40 * 3).fill(10) };
    const by = async (count: number): Promise<Uint8Array> =>
      (await augment(image, { ...still, cutout: { count, size: 0.3, seed: 4 } })).data;
    const [one, three] = [await by(1), await by(3)];
    expect(one.every((value, i) => value === 10 || three[i] === 128)).to.equal(true);
    expect(three).not.to.deep.equal(one);
  });

  it('refuses qualities the wrong way round', () => {
    const settings = { ...STRONG, jpeg_quality_min: 95 };
    expect(() => drawAugmentation(settings, rngFor(0))).to.throw('jpeg_quality_min (95) must not be above');
  });
});
