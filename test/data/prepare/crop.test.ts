import { expect } from 'chai';
import fc from 'fast-check';
import type { RgbImage } from '../../../src/data/dataset.ts';
import { applyAffine, rotationAbout, type Point } from '../../../src/data/forgery/geometry.ts';
import { crop, landmarksInCrop, squareAround, toCrop } from '../../../src/data/prepare/crop.ts';

/** 68 landmarks of which only the eyes matter, around two centres. */
function withEyes(left: Point, right: Point): Point[] {
  const around = ([x, y]: Point): Point[] =>
    Array.from({ length: 6 }, (_, i): Point => [
      x + Math.cos((Math.PI * i) / 3),
      y + Math.sin((Math.PI * i) / 3),
    ]);
  return [
    ...Array.from({ length: 36 }, (): Point => [0, 0]),
    ...around(left),
    ...around(right),
    ...around(left),
    ...around(left),
    ...around(left),
  ].slice(0, 68);
}

/** Red grows by one a column, green by one a row. */
function ramp(width: number, height: number): RgbImage {
  const data = new Uint8Array(width * height * 3);
  for (let i = 0; i < width * height; i++) {
    data[3 * i] = i % width;
    data[3 * i + 1] = Math.floor(i / width);
  }
  return { width, height, data };
}

const pixel = ({ width, data }: RgbImage, x: number, y: number): readonly number[] => [
  ...data.subarray(3 * (y * width + x), 3 * (y * width + x) + 3),
];

const upright = { min_score: 0.5, margin: 1.5, align: 'box' } as const;

describe('data/prepare/crop', () => {
  it('puts a square around the box: same centre, margin times the longer side', () => {
    const square = squareAround([10, 20, 40, 60], withEyes([20, 40], [40, 40]), upright);
    // the box covers the pixels 10 … 49 and 20 … 79, whose middle is 29.5, 49.5
    expect(square).to.deep.equal({ centre: [29.5, 49.5], side: 90, tilt: 0 });
  });

  it('maps the outer edges of the square to those of the crop', () => {
    const map = toCrop({ centre: [29.5, 49.5], side: 90, tilt: 0 }, 30);
    const close = (point: Point, to: Point): void =>
      point.forEach((value, i) => expect(value).to.be.closeTo(to[i]!, 1e-9));
    close(applyAffine(map, [29.5 - 45, 49.5 - 45]), [-0.5, -0.5]);
    close(applyAffine(map, [29.5 + 45, 49.5 + 45]), [29.5, 29.5]);
    close(applyAffine(map, [29.5, 49.5]), [14.5, 14.5]);
  });

  it('copies pixels where the square is whole and nothing is scaled', async () => {
    const part = await crop(ramp(60, 50), { centre: [24.5, 19.5], side: 20, tilt: 0 }, 20);
    for (const [x, y] of [
      [0, 0],
      [19, 0],
      [0, 19],
      [7, 13],
    ] as const) {
      expect(pixel(part, x, y)).to.deep.equal([15 + x, 10 + y, 0]);
    }
  });

  it('reduces and enlarges about the right place', async () => {
    const image = ramp(240, 230);
    for (const size of [16, 40, 128]) {
      const part = await crop(image, { centre: [120, 110], side: 80, tilt: 0 }, size);
      for (const at of [2, Math.floor(size / 2), size - 3]) {
        const offset = ((at - (size - 1) / 2) * 80) / size;
        const [red, green] = pixel(part, at, at);
        expect(red).to.be.closeTo(120 + offset, 1);
        expect(green).to.be.closeTo(110 + offset, 1);
      }
    }
  });

  it('repeats the border beyond the image, also where nothing of the square is inside', async () => {
    const image = ramp(60, 50);
    const part = await crop(image, { centre: [0, 0], side: 20, tilt: 0 }, 20);
    expect(pixel(part, 0, 0)).to.deep.equal([0, 0, 0]);
    expect(pixel(part, 2, 15)[1]).to.be.closeTo(5.5, 0.6);
    expect(pixel(part, 2, 15)[0]).to.equal(0);
    const outside = await crop(image, { centre: [500, 500], side: 20, tilt: 0 }, 20);
    expect(pixel(outside, 10, 10)).to.deep.equal([59, 49, 0]);
  });

  it('levels the eyes where it is asked to, whatever the turn', () => {
    fc.assert(
      fc.property(fc.integer({ min: -60, max: 60 }), fc.integer({ min: 10, max: 80 }), (degrees, apart) => {
        const turn = rotationAbout([100, 100], degrees, 1);
        const eyes = [
          applyAffine(turn, [100 - apart / 2, 90]),
          applyAffine(turn, [100 + apart / 2, 90]),
        ] as const;
        const landmarks = withEyes(...eyes);
        const square = squareAround([60, 60, 80, 80], landmarks, { ...upright, align: 'eyes' });
        expect(square.tilt).to.be.closeTo(degrees, 0.01);
        const [left, right] = eyes.map((eye) => applyAffine(toCrop(square, 128), eye)) as [Point, Point];
        expect(left[1]).to.be.closeTo(right[1], 0.05);
        expect(left[0]).to.be.below(right[0]);
        expect(squareAround([60, 60, 80, 80], landmarks, upright).tilt).to.equal(0);
      }),
    );
  });

  it('turns the pixels with the landmarks', async () => {
    const image: RgbImage = { width: 200, height: 200, data: new Uint8Array(200 * 200 * 3) };
    const spot: Point = [120, 70];
    for (let y = -2; y <= 2; y++)
      for (let x = -2; x <= 2; x++)
        image.data.fill(255, 3 * ((70 + y) * 200 + 120 + x), 3 * ((70 + y) * 200 + 121 + x));
    const square = { centre: [100, 90], side: 100, tilt: 20 } as const;
    const part = await crop(image, square, 64);
    const [x, y] = landmarksInCrop([spot], square, 64) as [number, number];
    const weights = Array.from({ length: 64 * 64 }, (_, i) => part.data[3 * i]!);
    const sum = weights.reduce((a, b) => a + b, 0);
    expect(weights.reduce((at, weight, i) => at + weight * (i % 64), 0) / sum).to.be.closeTo(x, 0.1);
    expect(weights.reduce((at, weight, i) => at + weight * Math.floor(i / 64), 0) / sum).to.be.closeTo(
      y,
      0.1,
    );
  });
});
