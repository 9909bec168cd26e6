import { expect } from 'chai';
import { ANCHORS, CANVAS, alignFace, alignment, scaleOf } from '../../src/data/align.ts';
import { applyAffine, centroid, rotationAbout, type Point } from '../../src/data/forgery/geometry.ts';

/** 68 landmarks whose eyes and mouth have their middles where a rotation and scaling of the anchors put them. */
function landmarksAt(degrees: number, scale: number, to: Point): Point[] {
  const map = rotationAbout([60, 60], degrees, scale, to);
  const around = ([x, y]: Point, n: number): Point[] =>
    Array.from({ length: n }, (_, i): Point => {
      const angle = (2 * Math.PI * i) / n;
      return applyAffine(map, [x + 4 * Math.cos(angle), y + 4 * Math.sin(angle)]);
    });
  const face = around([60, 70], 36);
  return [
    ...face,
    ...around(ANCHORS[0]!, 6),
    ...around(ANCHORS[1]!, 6),
    ...around(ANCHORS[2]!, 12),
    ...face.slice(0, 8),
  ];
}

describe('data/align', () => {
  it('brings eyes and mouth to their places, landmarks with them', async () => {
    const landmarks = landmarksAt(17, 2.5, [240, 200]);
    expect(scaleOf(alignment(landmarks))).to.be.closeTo(1 / 2.5, 1e-9);
    const photo = { width: 480, height: 400, data: new Uint8Array(480 * 400 * 3).fill(90) };
    const face = await alignFace(photo, landmarks);
    expect(face.landmarks).to.have.length(68);
    [face.landmarks.slice(36, 42), face.landmarks.slice(42, 48), face.landmarks.slice(48, 60)].forEach(
      (part, i) => {
        const [x, y] = centroid(part);
        expect(x).to.be.closeTo(ANCHORS[i]![0], 1e-6);
        expect(y).to.be.closeTo(ANCHORS[i]![1], 1e-6);
      },
    );
    face.image.data.forEach((value) => expect(value).to.be.closeTo(90, 0.01));
  });

  for (const scale of [0.7, 3]) {
    it(`moves the pixels as the landmarks, enlarging or reducing (photo ${scale} times the canvas)`, async () => {
      const [width, height] = [Math.round(150 * scale), Math.round(140 * scale)];
      // a linear ramp: its value at a canvas pixel is the photo position that it came from
      const data = new Uint8Array(width * height * 3);
      for (let i = 0; i < width * height; i++) {
        data[3 * i] = ((i % width) / width) * 255;
        data[3 * i + 1] = (Math.floor(i / width) / height) * 255;
      }
      const middle: Point = [width / 2, height / 2];
      const landmarks = landmarksAt(8, scale, middle);
      const { image } = await alignFace({ width, height, data }, landmarks);
      const toPhoto = rotationAbout([60, 60], 8, scale, middle);
      for (const [x, y] of [
        [40, 51],
        [79, 51],
        [60, 91],
        [60, 60],
      ] as const) {
        const [u, v] = applyAffine(toPhoto, [x, y]);
        expect(image.data[3 * (y * CANVAS + x)]).to.be.closeTo((u / width) * 255, 2);
        expect(image.data[3 * (y * CANVAS + x) + 1]).to.be.closeTo((v / height) * 255, 2);
      }
    });
  }
});
