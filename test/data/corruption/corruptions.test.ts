import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { cacheFolder } from '../../../src/data/cache-folder.ts';
import {
  corrupt,
  CORRUPTION_NAMES,
  CORRUPTIONS,
  SEVERITIES,
  type CorruptionName,
  type Severity,
} from '../../../src/data/corruption/corruptions.ts';
import { h264RoundTrip } from '../../../src/data/corruption/h264.ts';
import { degrade } from '../../../src/data/augmentation/degradations.ts';
import type { RgbImage } from '../../../src/data/dataset.ts';
import { findFfmpeg } from '../../../src/data/prepare/ffmpeg.ts';

const FIXTURE = JSON.parse(
  readFileSync(path.resolve(import.meta.dirname, '../../fixtures/data/corruptions.json'), 'utf8'),
) as { readonly side: number; readonly image: string } & Readonly<
  Record<'jpeg' | 'resize' | 'blur', Readonly<Record<string, string>>>
>;

const bytes = (text: string): Uint8Array => new Uint8Array(Buffer.from(text, 'base64'));
const IMAGE: RgbImage = { width: FIXTURE.side, height: FIXTURE.side, data: bytes(FIXTURE.image) };
const UNDEGRADED = { blur: 0, resize: 1, noise: 0, noiseSeed: 0, jpegQuality: null };

/** Mean square of the differences of bytes. */
function squares(a: Uint8Array, b: Uint8Array): number {
  return a.reduce((sum, value, i) => sum + (value - b[i]!) ** 2, 0) / a.length;
}

/** Decibels. */
function psnr(a: Uint8Array, b: Uint8Array): number {
  return 10 * Math.log10(255 ** 2 / squares(a, b));
}

const corrupted = (name: CorruptionName, severity: Severity, id = 'a', image = IMAGE): Promise<RgbImage> =>
  corrupt(image, name, { id, severity, ffmpeg: () => findFfmpeg(cacheFolder()) });

describe('corruptions', () => {
  for (const name of CORRUPTION_NAMES) {
    it(`${name}: further from the image with each severity, of its size, and the same each time`, async () => {
      const before = new Uint8Array(IMAGE.data);
      const five = await Promise.all(SEVERITIES.map((severity) => corrupted(name, severity)));
      const far = five.map(({ data }) => squares(data, IMAGE.data));
      // the mildest blur of an image as small as this is less than a step of 8 bits
      expect(far[name === 'gaussian-blur' ? 1 : 0]).to.be.above(0);
      // a resize may by chance land better on a grid than a milder one
      if (name === 'resize') expect(far[4]).to.be.above(far[0]!);
      else expect(far).to.deep.equal(far.toSorted((a, b) => a - b));
      expect(five.map(({ width, height, data }) => [width, height, data.length])).to.deep.equal(
        SEVERITIES.map(() => [40, 40, 4800]),
      );
      expect(await corrupted(name, 3)).to.deep.equal(five[2]);
      expect(IMAGE.data).to.deep.equal(before);
    });
  }

  it('noise is another for each image and severity, of the standard deviation of the table', async () => {
    const grey: RgbImage = { width: 64, height: 64, data: new Uint8Array(64 * 64 * 3).fill(128) };
    const [one, other] = [
      await corrupted('gaussian-noise', 3, 'a', grey),
      await corrupted('gaussian-noise', 3, 'b', grey),
    ];
    expect(squares(one.data, other.data)).to.be.above(squares(one.data, grey.data));
    const deviation = Math.sqrt(squares(one.data, grey.data)) / 255;
    expect(deviation / CORRUPTIONS['gaussian-noise'].strengths[2]).to.be.closeTo(1, 0.03);
    const milder = await corrupted('gaussian-noise', 2, 'a', grey);
    const sameField = one.data.every((value, i) => value >= 128 === milder.data[i]! >= 128);
    expect(sameField).to.equal(false);
  });

  it('a blur is the same share of a large image as of a small one', async () => {
    const twice = (image: RgbImage): RgbImage => {
      const side = 2 * image.width;
      const data = new Uint8Array(side * side * 3);
      for (let i = 0; i < data.length; i++) {
        const [row, column, channel] = [Math.floor(i / 3 / side), Math.floor(i / 3) % side, i % 3];
        data[i] = image.data[((row >> 1) * image.width + (column >> 1)) * 3 + channel]!;
      }
      return { width: side, height: side, data };
    };
    const [small, large] = [
      await corrupted('gaussian-blur', 5),
      await corrupted('gaussian-blur', 5, 'a', twice(IMAGE)),
    ];
    expect(psnr(twice(small).data, large.data)).to.be.above(36.5);
  });

  for (const [quality, expected] of Object.entries(FIXTURE.jpeg)) {
    it(`JPEG of quality ${quality} is Pillow's`, async () => {
      const { data } = await degrade(IMAGE, { ...UNDEGRADED, jpegQuality: Number(quality) });
      expect(psnr(data, bytes(expected))).to.be.above(45);
      expect(psnr(data, IMAGE.data)).to.be.below(35);
    });
  }
  for (const [factor, expected] of Object.entries(FIXTURE.resize)) {
    it(`resizing by ${factor} and back is Pillow's, by Lanczos and cubics`, async () => {
      const { data } = await degrade(IMAGE, { ...UNDEGRADED, resize: Number(factor) });
      expect(psnr(data, bytes(expected))).to.be.above(29);
    });
  }
  for (const [sigma, expected] of Object.entries(FIXTURE.blur)) {
    it(`a blur of ${sigma} pixels is SciPy's`, async () => {
      const { data } = await degrade(IMAGE, { ...UNDEGRADED, blur: Number(sigma) });
      expect(data.every((value, i) => Math.abs(value - bytes(expected)[i]!) <= 1)).to.equal(true);
    });
  }

  it('H.264: odd sizes too; a crf of 0 is nearly the image itself; no silence where ffmpeg is missing', async () => {
    const ffmpeg = await findFfmpeg(cacheFolder());
    const odd: RgbImage = { width: 31, height: 40, data: IMAGE.data.slice(0, 31 * 40 * 3) };
    const { width, height, data } = await h264RoundTrip(odd, 30, ffmpeg);
    expect([width, height, data.length]).to.deep.equal([31, 40, 31 * 40 * 3]);
    // what is left is the halved chroma
    const grey: RgbImage = { ...IMAGE, data: IMAGE.data.map((_, i) => IMAGE.data[i - (i % 3)]!) };
    expect(psnr((await h264RoundTrip(grey, 0, ffmpeg)).data, grey.data)).to.be.above(42);
    const failure = await h264RoundTrip(IMAGE, 30, `${ffmpeg}-not`).catch((error: Error) => error.message);
    expect(failure).to.match(/cannot be started/);
  });
});
