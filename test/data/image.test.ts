import { expect } from 'chai';
import { join } from 'node:path';
import sharp from 'sharp';
import type { RgbImage } from '../../src/data/dataset.ts';
import {
  MAX_PIXELS,
  decodeImage,
  encodeJpeg,
  encodePng,
  inspectImage,
  jpegRoundTrip,
  resizeSquare,
  resizeTo,
  toFloat,
  toPicture,
} from '../../src/data/image.ts';
import { animated, bomb, cutShort, errorOf, picture, plain, put, temporaryFolder } from './image-files.ts';

const pixel = ({ data, width }: RgbImage, x: number, y: number): number[] => [
  ...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3),
];

function expectNear(actual: readonly number[], wanted: readonly number[], tolerance: number): void {
  wanted.forEach((value, i) => expect(actual[i]).to.be.closeTo(value, tolerance));
}

describe('data/image', () => {
  const folder = temporaryFolder();
  const file = (name: string): string => join(folder.path(), name);

  describe('decodes to upright 8-bit sRGB', () => {
    for (const format of ['jpeg', 'png', 'webp', 'gif', 'tiff', 'avif'] as const) {
      it(format, async () => {
        const image = await decodeImage(await put(file(`a.${format}`), plain('#c86432').toFormat(format)));
        expect([image.width, image.height, image.data.length]).to.deep.equal([32, 24, 32 * 24 * 3]);
        expectNear(pixel(image, 5, 7), [200, 100, 50], 4);
      });
    }

    it('grey: the value in all three channels', async () => {
      const grey = sharp(new Uint8Array([0, 60, 120, 255]), { raw: { width: 4, height: 1, channels: 1 } });
      const image = await decodeImage(await put(file('grey.png'), grey.toColourspace('b-w').png()));
      expect([...image.data]).to.deep.equal([0, 0, 0, 60, 60, 60, 120, 120, 120, 255, 255, 255]);
    });

    it('16 bits: v / 257, to within one', async () => {
      const values = Uint16Array.from([0, 257 * 10, 257 * 100, 257 * 200, 65535, 128]);
      const deep = sharp(values, { raw: { width: 2, height: 1, channels: 3 } })
        .toColourspace('rgb16')
        .png();
      const path = await put(file('16.png'), deep);
      expect((await sharp(path).metadata()).depth).to.equal('ushort');
      expectNear([...(await decodeImage(path)).data], [0, 10, 100, 200, 255, 0], 1);
    });

    it('16-bit grey', async () => {
      const values = Uint16Array.from([0, 257 * 100, 65535]);
      const deep = sharp(values, { raw: { width: 3, height: 1, channels: 1 } })
        .toColourspace('grey16')
        .png();
      const image = await decodeImage(await put(file('grey16.png'), deep));
      expectNear([...image.data], [0, 0, 0, 100, 100, 100, 255, 255, 255], 1);
    });

    it('CMYK: paper is white, ink is dark, red is red', async () => {
      const decoded = async (colour: string): Promise<number[]> => {
        const path = await put(file('cmyk.jpg'), plain(colour).toColourspace('cmyk').jpeg({ quality: 100 }));
        expect((await sharp(path).metadata()).space).to.equal('cmyk');
        return pixel(await decodeImage(path), 3, 3);
      };
      expectNear(await decoded('#ffffff'), [255, 255, 255], 6);
      expectNear(await decoded('#000000'), [20, 20, 20], 35);
      const [r = 0, g = 0, b = 0] = await decoded('#e02020');
      expect(r - Math.max(g, b)).to.be.above(120);
    });

    it('EXIF orientation 6: turned clockwise', async () => {
      const raw = new Uint8Array(16 * 8 * 3); // left half red, right half blue
      for (let i = 0; i < 16 * 8; i++) raw[3 * i + (i % 16 < 8 ? 0 : 2)] = 255;
      const turned = sharp(raw, { raw: { width: 16, height: 8, channels: 3 } })
        .withMetadata({ orientation: 6 })
        .png();
      const image = await decodeImage(await put(file('turned.png'), turned));
      expect([image.width, image.height]).to.deep.equal([8, 16]);
      expect(pixel(image, 4, 2)).to.deep.equal([255, 0, 0]);
      expect(pixel(image, 4, 13)).to.deep.equal([0, 0, 255]);
    });

    it('transparency: laid over white', async () => {
      const glass = sharp(Uint8Array.from([255, 0, 0, 255, 0, 0, 0, 0]), {
        raw: { width: 2, height: 1, channels: 4 },
      });
      const image = await decodeImage(await put(file('glass.png'), glass.png()));
      expect([...image.data]).to.deep.equal([255, 0, 0, 255, 255, 255]);
    });
  });

  describe('refuses, naming the file and the remedy', () => {
    const table: readonly [string, () => Promise<Uint8Array> | Uint8Array | string, RegExp][] = [
      ['empty.jpg', () => '', /is empty; replace it or take it out/],
      ['text.jpg', () => 'not an image at all', /is broken, or no image .*; replace it/],
      ['cut.jpg', () => cutShort(picture(1).jpeg()), /is broken or cut short .*; replace it/],
      ['cut.png', () => cutShort(picture(1).png()), /is broken or cut short .*; replace it/],
      ['cut.webp', () => cutShort(picture(1).webp()), /is broken.*; replace it/],
      ['cut.gif', () => cutShort(picture(1).gif()), /is broken.*; replace it/],
      ['cut.tiff', () => cutShort(picture(1).tiff()), /is broken.*; replace it/],
      ['cut.avif', () => cutShort(picture(1).avif()), /is broken.*; replace it/],
      ['animated.gif', () => animated().toBuffer(), /has 2 frames or pages; save the frames one by one/],
      ['bomb.png', () => bomb(), new RegExp(`has more than ${MAX_PIXELS} pixels; make it smaller`)],
      [
        'drawing.png',
        () => '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"><circle r="4"/></svg>',
        /is svg, not one of jpeg, png/,
      ],
    ];
    for (const [name, content, message] of table) {
      it(name, async () => {
        const path = await put(file(name), await content());
        const error = await errorOf(decodeImage(path));
        expect(error.message.startsWith(`${path} `)).to.equal(true, error.message);
        expect(error.message).to.match(message);
        expect(error.message).not.to.include('\n');
      });
    }

    it('a missing file, and a folder', async () => {
      expect((await errorOf(decodeImage(file('nowhere.jpg')))).message).to.match(
        /nowhere\.jpg cannot be read .*ENOENT/,
      );
      expect((await errorOf(inspectImage(file('nowhere.jpg')))).message).to.match(
        /nowhere\.jpg cannot be read .*ENOENT/,
      );
      expect((await errorOf(decodeImage(folder.path()))).message).to.match(/cannot be read .*EISDIR/);
    });

    it('the header alone tells of frames, size and format, and gives width and height', async () => {
      for (const name of ['empty.jpg', 'text.jpg', 'animated.gif', 'bomb.png', 'drawing.png']) {
        expect((await errorOf(inspectImage(file(name)))).message).to.include(file(name));
      }
      expect(await inspectImage(await put(file('b.png'), plain('#123').png()))).to.deep.equal({
        width: 32,
        height: 24,
        format: 'png',
      });
    });
  });

  describe('resizing', () => {
    const striped = (width: number, height: number): RgbImage => ({
      width,
      height,
      data: new Uint8Array(width * height * 3).map((_, i) => (Math.floor(i / 3) % 2 === 0 ? 0 : 255)),
    });

    it('of an image of that size is the image', async () => {
      const image = striped(8, 8);
      expect(await resizeSquare(image, 8)).to.equal(image);
    });

    it('averages what it shrinks: one-pixel stripes become grey', async () => {
      const { data } = await resizeSquare(striped(64, 64), 16);
      const inner = [...data].filter((_, i) => Math.floor(i / 3) % 16 > 1 && Math.floor(i / 3) % 16 < 14);
      expectNear([Math.min(...inner), Math.max(...inner)], [127.5, 127.5], 3);
    });

    it('takes the centred square of a wide image', async () => {
      const data = new Uint8Array(30 * 10 * 3); // black, white, black thirds
      for (let i = 0; i < 300; i++) if (i % 30 >= 10 && i % 30 < 20) data.fill(255, 3 * i, 3 * i + 3);
      const square = await resizeSquare({ width: 30, height: 10, data }, 5);
      expect(new Set(square.data)).to.deep.equal(new Set([255]));
    });

    it('to width and height keeps a plain colour', async () => {
      const image = await decodeImage(await put(file('plain.png'), plain('#0a141e').png()));
      const { width, height, data } = await resizeTo(image, 7, 90);
      expect([width, height]).to.deep.equal([7, 90]);
      expect(new Set(data)).to.deep.equal(new Set([10, 20, 30]));
    });
  });

  describe('JPEG and PNG', () => {
    const image = async (): Promise<RgbImage> => decodeImage(await put(file('p.png'), picture(3).png()));

    it('PNG keeps every byte', async () => {
      const original = await image();
      expect(await decodeImage(await put(file('q.png'), await encodePng(original)))).to.deep.equal(original);
    });

    it('a higher quality costs more bytes and is closer', async () => {
      const original = await image();
      const distance = ({ data }: RgbImage): number =>
        data.reduce((total, value, i) => total + Math.abs(value - (original.data[i] as number)), 0);
      expect((await encodeJpeg(original, 95)).length).to.be.above((await encodeJpeg(original, 20)).length);
      const [fine, coarse] = [await jpegRoundTrip(original, 95), await jpegRoundTrip(original, 20)];
      expect(distance(fine)).to.be.below(distance(coarse));
      expect(distance(fine)).to.be.above(0);
    });

    it('the round trip is what decoding the file gives', async () => {
      const original = await image();
      const path = await put(file('q.jpg'), await encodeJpeg(original, 70));
      expect(await jpegRoundTrip(original, 70)).to.deep.equal(await decodeImage(path));
    });
  });

  describe('floats', () => {
    it('there and back keeps all 256 values', () => {
      const data = Uint8Array.from({ length: 768 }, (_, i) => i % 256);
      const values = new Float32Array(770);
      toFloat({ width: 16, height: 16, data }, values, 2);
      expect(values[2 + 255]).to.equal(1);
      expect(values[2 + 51]).to.equal(Math.fround(0.2));
      expect(toPicture(values.subarray(2), 16, 16).data).to.deep.equal(data);
    });

    it('clips, and refuses NaN and wrong sizes', () => {
      expect([...toPicture(Float32Array.from([-1, 0.5, 7]), 1, 1).data]).to.deep.equal([0, 128, 255]);
      expect(() => toPicture(Float32Array.from([0, NaN, 0]), 1, 1)).to.throw('NaN');
      expect(() => toPicture(new Float32Array(4), 1, 1)).to.throw('4 values');
      expect(() => toFloat({ width: 1, height: 1, data: new Uint8Array(3) }, new Float32Array(2))).to.throw(
        RangeError,
      );
    });
  });
});
