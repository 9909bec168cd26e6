import { expect } from 'chai';
import sharp from 'sharp';
import { comparisonGrid, directionColour, encodePng, sheetOf, viridis } from '../../src/reports/pictures.ts';
import type { ImageBatch, ShownMap } from '../../src/reports/pictures.ts';

/** Two images of 2×3 pixels, every value the same per image. */
function flat(first: number, second: number, channels: number): ImageBatch {
  const data = new Float32Array(2 * 6 * channels);
  data.fill(first, 0, 6 * channels);
  data.fill(second, 6 * channels);
  return { shape: [2, 2, 3, channels], data };
}

describe('sheetOf', () => {
  const image = (value: number, width = 2) => ({
    width,
    height: 1,
    data: new Uint8Array(width * 3).fill(value),
  });

  it('sets images in rows and columns, two white pixels apart', () => {
    const { width, height, data } = sheetOf([
      [image(1), image(2)],
      [image(3), image(4)],
    ]);
    expect([width, height]).to.deep.equal([6, 4]);
    const at = (x: number, y: number): number => data[3 * (6 * y + x)]!;
    expect([at(0, 0), at(5, 0), at(1, 3), at(4, 3), at(2, 0), at(0, 1)]).to.deep.equal([
      1, 2, 3, 4, 255, 255,
    ]);
  });

  it('refuses rows of different lengths and images of different sizes', () => {
    expect(() => sheetOf([[image(1)], [image(1), image(2)]])).to.throw(/rows of different lengths/);
    expect(() => sheetOf([[image(1), image(2, 3)]])).to.throw(/an image of 3×1 among 2×1/);
  });
});

describe('comparisonGrid', () => {
  const { name, picture } = comparisonGrid({
    clean: flat(0.2, 0.8, 3),
    adversarial: flat(0.21, 0.7, 3),
    maps: [{ name: 'sigma', values: flat(0, 3, 1), largest: 3, unit: 'px' }],
    amplification: 10,
  });
  const pixel = (x: number, y: number) => [...picture.data.slice((y * picture.width + x) * 3).slice(0, 3)];

  it('says what its rows are', () => {
    expect(name).to.equal('clean, adversarial, difference ×10, sigma 0–3 px');
    expect([picture.width, picture.height]).to.deep.equal([2 * 3 + 2, 4 * 2 + 3 * 2]);
  });

  it('paints each cell', () => {
    const grey = (value: number) => Array<number>(3).fill(Math.round(value * 255));
    expect(pixel(0, 0)).to.deep.equal(grey(0.2));
    expect(pixel(7, 1)).to.deep.equal(grey(0.8));
    expect(pixel(2, 4)).to.deep.equal(grey(0.21));
    expect(pixel(0, 8)).to.deep.equal(grey(0.6)); // 0.5 + 10 · 0.01
    expect(pixel(5, 9)).to.deep.equal(grey(0)); // 0.5 - 10 · 0.1, clipped
    expect(pixel(0, 12)).to.deep.equal([68, 1, 84]);
    expect(pixel(7, 13)).to.deep.equal([253, 231, 37]);
    expect([pixel(3, 0), pixel(0, 2)]).to.deep.equal([grey(1), grey(1)]); // gaps
  });

  it('shows maps of two and three channels, each with a row of its own', () => {
    const flow: ImageBatch = {
      shape: [2, 2, 3, 2],
      data: Float32Array.from({ length: 24 }, (_, i) => [0, 0, 0, 2, 2, 0, 0, -2, -2, 0, 0, 8][i % 12]!),
    };
    const grey = flat(0.5, 0.5, 3);
    const shown = comparisonGrid({
      clean: grey,
      adversarial: grey,
      maps: [
        { name: 'flow', values: flow, largest: 2, unit: 'px' },
        { name: 'residual', values: flat(-0.03, 0.015, 3), largest: 0.03 },
      ],
      amplification: 2,
    });
    expect(shown.name).to.equal(
      'clean, adversarial, difference ×2, flow 0–2 px (red right, yellow down, green left, blue up), residual ±0.03',
    );
    expect(shown.picture.height).to.equal(5 * 2 + 4 * 2);
    const at = (x: number, y: number) => [
      ...shown.picture.data.slice((y * shown.picture.width + x) * 3).slice(0, 3),
    ];
    // one image's six flows, row by row: none, right, down; left, up, right beyond the scale
    expect([at(0, 12), at(1, 12), at(2, 12), at(0, 13), at(1, 13), at(2, 13)]).to.deep.equal(
      [
        [0, 0],
        [0, 1],
        [1, 0],
        [0, -1],
        [-1, 0],
        [0, 1],
      ].map(([down, right]) => [...directionColour(down!, right!)]),
    );
    expect([at(0, 16), at(5, 16)]).to.deep.equal([Array(3).fill(0), Array(3).fill(191)]);
  });

  it('refuses NaN and what does not fit', () => {
    const clean = flat(0, 0, 3);
    const grid = (adversarial: ImageBatch, ...maps: ShownMap[]) =>
      comparisonGrid({ clean, adversarial, maps, amplification: 1 });
    expect(() => grid(flat(NaN, 0, 3))).to.throw('NaN');
    expect(() => grid(flat(0, 0, 1))).to.throw('adversarial has shape [2, 2, 3, 1]');
    expect(() => grid(clean, { name: 'sigma', values: flat(0, 0, 1), largest: 0 })).to.throw(
      'the map sigma needs a largest value > 0',
    );
    expect(() => grid(clean, { name: 'kernel', values: flat(0, 0, 9), largest: 1 })).to.throw('9 channels');
    expect(() => grid(clean, { name: 'flow', values: flat(NaN, 0, 2), largest: 1 })).to.throw('NaN');
    const narrow: ImageBatch = { shape: [2, 2, 2, 1], data: new Float32Array(8) };
    expect(() => grid(clean, { name: 'sigma', values: narrow, largest: 1 })).to.throw(
      'sigma has shape [2, 2, 2, 1]',
    );
  });

  it('directions of one length are equally light, longer is lighter, and no hue leaves the screen’s range', () => {
    const luminance = (rgb: readonly number[]) =>
      rgb
        .map((byte) => byte / 255)
        .map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
        .reduce((sum, v, c) => sum + [0.2126, 0.7152, 0.0722][c]! * v, 0);
    const ring = (length: number) =>
      Array.from({ length: 36 }, (_, i) => (i * Math.PI) / 18).map((angle) =>
        directionColour(length * Math.sin(angle), length * Math.cos(angle)),
      );
    const [full, half] = [ring(1), ring(0.5)];
    expect(directionColour(0, 0)).to.deep.equal([0, 0, 0]);
    // a lightness of .75 is a luminance of about .42; hues differ by a sixth of it, not by the factor 13 of plain RGB hues
    full.forEach((rgb) => expect(luminance(rgb)).to.be.within(0.38, 0.48));
    half.forEach((rgb, i) => expect(luminance(rgb)).to.be.below(luminance(full[i]!) / 3));
    full.forEach((rgb) => rgb.forEach((byte) => expect(byte).to.be.within(1, 254)));
    expect(new Set(full.map(String)).size).to.equal(36);
    const [right, down, left, up] = [full[0]!, full[9]!, full[18]!, full[27]!];
    expect(Math.max(...right)).to.equal(right[0]); // red
    expect(Math.min(...down)).to.equal(down[2]); // yellow
    expect(Math.max(...left)).to.equal(left[1]); // green
    expect(Math.max(...up)).to.equal(up[2]); // blue
  });

  it('viridis brightens all along and clips', () => {
    const brightness = Array.from({ length: 101 }, (_, i) => {
      const [r, g, b] = viridis(i / 100);
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    });
    brightness.slice(1).forEach((value, i) => expect(value).to.be.greaterThan(brightness[i]! - 0.5));
    expect(viridis(-1)).to.deep.equal(viridis(0));
    expect(viridis(7)).to.deep.equal(viridis(1));
  });

  it('encodes losslessly, and refuses a picture of the wrong size', async () => {
    const raw = await sharp(await encodePng(picture))
      .raw()
      .toBuffer();
    expect(new Uint8Array(raw)).to.deep.equal(picture.data);
    let message = '';
    await encodePng({ width: 2, height: 2, data: new Uint8Array(3) }).catch(
      (error: Error) => (message = error.message),
    );
    expect(message).to.contain('needs 12');
  });
});
