/** Sheets of maps and the chart over frequencies. */
import { expect } from 'chai';
import { bandChart } from '../../src/reports/band-chart.ts';
import { svgOf } from '../../src/reports/charts.ts';
import { explanationSheet, sheetRows } from '../../src/reports/explanation-sheet.ts';
import { GAP, viridis } from '../../src/reports/pictures.ts';

const SIDE = 96;

describe('a sheet of maps', () => {
  const shape = (channels: number) => [2, SIDE, SIDE, channels] as const;
  const filled = (channels: number, value: number) => ({
    shape: shape(channels),
    data: new Float32Array(2 * SIDE * SIDE * channels).fill(value),
  });
  const attributions = filled(3, 0);
  // the left half of the second image speaks for fake, the right half for real
  for (let pixel = SIDE * SIDE; pixel < 2 * SIDE * SIDE; pixel++) {
    attributions.data[3 * pixel] = pixel % SIDE < SIDE / 2 ? 2 : -2;
  }
  const gradCam = filled(1, 0);
  gradCam.data.fill(3, SIDE * SIDE);
  const images = filled(3, 0.4);
  const sheet = explanationSheet({ images, gradCam, attributions });
  const at = (row: number, column: number, x: number): number[] => {
    const from = ((row * (SIDE + GAP) + 5) * sheet.width + column * (SIDE + GAP) + x) * 3;
    return [...sheet.data.subarray(from, from + 3)];
  };

  it('has a column an image and a row a map', () => {
    expect([sheet.width, sheet.height]).to.deep.equal([2 * SIDE + GAP, 3 * SIDE + 2 * GAP]);
    expect(at(0, 0, 3)).to.deep.equal([102, 102, 102]);
    expect(sheetRows(true)).to.have.length(3);
    expect(sheetRows(false)).to.have.length(2);
    expect(explanationSheet({ images, gradCam: null, attributions }).height).to.equal(2 * SIDE + GAP);
  });

  it('lays Grad-CAM over the grey image, each image on its own scale; nothing is dark blue', () => {
    const over = (top: readonly number[]): number[] => top.map((c) => Math.round(0.55 * c + 0.45 * 102));
    expect(at(1, 0, 3)).to.deep.equal(over(viridis(0)));
    expect(at(1, 1, 3)).to.deep.equal(over(viridis(1)));
  });

  it('shows what speaks for fake red, for real blue, and nothing white', () => {
    expect(at(2, 0, 3)).to.deep.equal([255, 255, 255]);
    expect(at(2, 1, 3)).to.deep.equal([178, 24, 43]);
    expect(at(2, 1, SIDE - 3)).to.deep.equal([33, 102, 172]);
  });

  it('repeats the pixels of small images, and refuses NaN', () => {
    const small = { shape: [1, 40, 40, 3] as const, data: new Float32Array(4800).fill(0.5) };
    expect(explanationSheet({ images: small, gradCam: null, attributions: small }).width).to.equal(120);
    small.data[7] = NaN;
    expect(() => explanationSheet({ images: small, gradCam: null, attributions: small })).to.throw(/NaN/);
  });
});

describe('the chart over frequencies', () => {
  it('has a panel for each sweep and group, and a line for each run and name', async () => {
    const points = (['band-stop', 'low-pass', 'high-pass'] as const).flatMap((sweep) =>
      ['all', 'seen'].flatMap((group) =>
        ['a1', 'a2', 'b1'].flatMap((run) =>
          [0.1, 0.4].map((frequency) => ({
            ...{ series: run[0] === 'a' ? 'none' : 'blur', run, sweep, group, frequency, auc: 0.7 },
          })),
        ),
      ),
    );
    const whole = points.filter(({ sweep, frequency }) => sweep === 'band-stop' && frequency === 0.1);
    const svg = await svgOf(bandChart('T', points, whole));
    for (const text of ['without the band around', 'with nothing above', 'seen', 'blur', 'cycles a pixel']) {
      expect(svg).to.include(text);
    }
    // in each of six panels two dashed lines, three thin ones, two thick ones
    expect(svg.match(/aria-roledescription="line mark"/g)).to.have.length(6 * 7);
  });
});
