import { expect } from 'chai';
import sharp from 'sharp';
import { comparisonGrid, encodePng, viridis } from '../../src/reports/pictures.ts';
import type { ImageBatch } from '../../src/reports/pictures.ts';

/** Two images of 2×3 pixels, every value the same per image. */
function flat(first: number, second: number, channels: number): ImageBatch {
  const data = new Float32Array(2 * 6 * channels);
  data.fill(first, 0, 6 * channels);
  data.fill(second, 6 * channels);
  return { shape: [2, 2, 3, channels], data };
}

describe('comparisonGrid', () => {
  const { name, picture } = comparisonGrid({
    clean: flat(0.2, 0.8, 3),
    adversarial: flat(0.21, 0.7, 3),
    sigma: flat(0, 3, 1),
    amplification: 10,
    largestSigma: 3,
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

  it('refuses NaN and shapes that do not fit', () => {
    const clean = flat(0, 0, 3);
    expect(() => comparisonGrid({ clean, adversarial: flat(NaN, 0, 3), amplification: 1 })).to.throw('NaN');
    expect(() => comparisonGrid({ clean, adversarial: flat(0, 0, 1), amplification: 1 })).to.throw(
      'adversarial has shape [2, 2, 3, 1]',
    );
    expect(() =>
      comparisonGrid({ clean, adversarial: clean, sigma: flat(0, 0, 1), amplification: 1 }),
    ).to.throw('largestSigma');
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
