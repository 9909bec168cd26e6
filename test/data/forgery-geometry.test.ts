import { expect } from 'chai';
import fc from 'fast-check';
import {
  applyAffine,
  fitSimilarity,
  fitThinPlateSpline,
  invertAffine,
  rootMeanSquareDistance,
  rotationAbout,
  type Affine,
  type Point,
} from '../../src/data/forgery/geometry.ts';
import { convexHull, hullMask, blend } from '../../src/data/forgery/mask.ts';
import { warpAffine, warpNearest, warpSmooth } from '../../src/data/forgery/warp.ts';
import { noiseImage } from '../support/noise-image.ts';

const IDENTITY: Affine = { a: 1, b: 0, c: 0, d: 0, e: 1, f: 0 };
const SQUARE: readonly Point[] = [
  [0, 0],
  [10, 0],
  [10, 10],
  [0, 10],
  [4, 7],
];
const close = (point: Point, expected: Point, tolerance = 1e-6): void => {
  expect(point[0]).to.be.closeTo(expected[0], tolerance);
  expect(point[1]).to.be.closeTo(expected[1], tolerance);
};

describe('data/forgery geometry', () => {
  it('finds the similarity that moved the points', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -170, max: 170, noNaN: true }),
        fc.double({ min: 0.2, max: 5, noNaN: true }),
        fc.tuple(fc.integer({ min: -50, max: 50 }), fc.integer({ min: -50, max: 50 })),
        (degrees, scale, to) => {
          const map = rotationAbout([3, 4], degrees, scale, to);
          const moved = SQUARE.map((point) => applyAffine(map, point));
          const found = fitSimilarity(SQUARE, moved);
          expect(
            rootMeanSquareDistance(
              SQUARE.map((point) => applyAffine(found, point)),
              moved,
            ),
          ).to.be.below(1e-6);
          close(applyAffine(invertAffine(map), applyAffine(map, [7, -2])), [7, -2]);
        },
      ),
    );
    close(applyAffine(rotationAbout([0, 0], 90, 2), [1, 0]), [0, 2]); // x to y, downwards: clockwise on the screen
    expect(() => invertAffine({ ...IDENTITY, a: 0, e: 0 })).to.throw('singular');
    expect(() => fitSimilarity([[1, 1]], [[2, 2]])).to.throw('coincide');
  });

  it('bends exactly through the points, and not at all for an affine map', () => {
    const sheared: Affine = { a: 1.1, b: 0.3, c: -2, d: -0.1, e: 0.8, f: 5 };
    const affine = fitThinPlateSpline(
      SQUARE,
      SQUARE.map((point) => applyAffine(sheared, point)),
    );
    close(affine([23, -8]), applyAffine(sheared, [23, -8]));
    const bent = SQUARE.map(([x, y], i): Point => (i === 4 ? [x + 2, y - 1] : [x, y]));
    SQUARE.forEach((point, i) => close(fitThinPlateSpline(SQUARE, bent)(point), bent[i]!));
    const stiff = fitThinPlateSpline(SQUARE, bent, 1e9);
    SQUARE.forEach((point) => close(stiff(point), applyAffine(leastSquares(bent), point), 1e-3));
    expect(() => fitThinPlateSpline([[0, 0], [1, 1], [2, 2]], SQUARE.slice(0, 3))).to.throw('line'); // prettier-ignore
  });

  /** The affine map from SQUARE to `to` with the least squares, by hand: a regression on centred coordinates. */
  function leastSquares(to: readonly Point[]): Affine {
    const n = SQUARE.length;
    const mean = (f: (i: number) => number): number => SQUARE.reduce((sum, _p, i) => sum + f(i), 0) / n;
    const [mx, my] = [mean((i) => SQUARE[i]![0]), mean((i) => SQUARE[i]![1])];
    const [x, y] = [(i: number): number => SQUARE[i]![0] - mx, (i: number): number => SQUARE[i]![1] - my];
    const [xx, xy, yy] = [mean((i) => x(i) ** 2), mean((i) => x(i) * y(i)), mean((i) => y(i) ** 2)];
    const row = (axis: 0 | 1): [number, number, number] => {
      const [xt, yt] = [mean((i) => x(i) * to[i]![axis]), mean((i) => y(i) * to[i]![axis])];
      const det = xx * yy - xy * xy;
      const [p, q] = [(xt * yy - yt * xy) / det, (yt * xx - xt * xy) / det];
      return [p, q, mean((i) => to[i]![axis]) - p * mx - q * my];
    };
    const [[a, b, c], [d, e, f]] = [row(0), row(1)];
    return { a, b, c, d, e, f };
  }
});

describe('data/forgery warp', () => {
  const image = noiseImage(23, 17);

  it('copies under the identity, shifts by whole pixels exactly', () => {
    expect(warpAffine(image, IDENTITY, 23, 17).data).to.deep.equal(image.data);
    expect(warpSmooth(image, (point) => point, 23, 17).data).to.deep.equal(image.data);
    expect(warpNearest(image, ([x, y]) => [x + 0.3, y - 0.4], 23, 17).data).to.deep.equal(image.data);
    const shifted = warpAffine(image, { ...IDENTITY, c: 2, f: 1 }, 20, 15);
    expect(shifted.data[3 * (4 * 20 + 5) + 1]).to.equal(image.data[3 * (5 * 23 + 7) + 1]);
  });

  it('reproduces a ramp between pixels, as cubic convolution does for any parabola', () => {
    const parabola = { ...image, data: image.data.map((_, i) => (Math.floor(i / 3) % 23) ** 2) };
    const half = warpAffine(parabola, { ...IDENTITY, c: 0.5 }, 23, 17);
    for (let x = 2; x < 20; x++) expect(half.data[3 * (8 * 23 + x)]).to.be.closeTo((x + 0.5) ** 2, 1e-3);
  });

  it('repeats the border outside', () => {
    const far = warpAffine(image, { ...IDENTITY, c: -100, f: -100 }, 2, 2);
    expect([...far.data.subarray(0, 3)]).to.deep.equal([...image.data.subarray(0, 3)]);
  });
});

describe('data/forgery masks', () => {
  it('has the hull of the points', () => {
    const hull = convexHull(SQUARE);
    expect(hull).to.have.length(4);
    expect(hull).to.have.deep.members(SQUARE.slice(0, 4));
  });

  it('fades from 0 to 1 across the border, as the smoothstep of the depth says', () => {
    const corners: Point[] = [[10, 10], [50, 10], [50, 50], [10, 50]]; // prettier-ignore
    const { data } = hullMask(corners, { inset: 4, feather: 8 }, 60, 60);
    const at = (x: number): number => data[30 * 60 + x]!;
    for (let x = 0; x < 30; x++) {
      const t = Math.min(Math.max((x - 10 - 4) / 8 + 0.5, 0), 1);
      expect(at(x)).to.be.closeTo(t * t * (3 - 2 * t), 1e-6);
    }
    expect(Math.min(...data)).to.equal(0);
    expect(Math.max(...data)).to.equal(1);
  });

  it('blends by opacity', () => {
    const [under, over] = [noiseImage(5, 5, 1), noiseImage(5, 5, 2)];
    const mask = (value: number) => ({ width: 5, height: 5, data: new Float32Array(25).fill(value) });
    expect(blend(under, over, mask(0)).data).to.deep.equal(under.data);
    expect(blend(under, over, mask(0.25)).data[7]).to.be.closeTo(
      0.75 * under.data[7]! + 0.25 * over.data[7]!,
      1e-4,
    );
  });
});
