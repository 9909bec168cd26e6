/** A face to forge without a photo. */
import { CANVAS } from '../../src/data/align.ts';
import type { CanvasFace } from '../../src/data/forgery/forgery.ts';
import type { Point } from '../../src/data/forgery/geometry.ts';
import { gaussianBlur } from '../../src/data/forgery/resample.ts';
import { rngFor } from '../../src/data/rng.ts';
import { noiseImage } from './noise-image.ts';

/** A face-like drawing: 68 landmarks on ovals, smooth colours and a little noise. */
export function drawnFace(seed: number): CanvasFace {
  const rng = rngFor(seed, 'drawn face');
  const arc = (
    n: number,
    cx: number,
    cy: number,
    rx: number,
    ry: number,
    from: number,
    to: number,
  ): Point[] =>
    Array.from({ length: n }, (_, i) => {
      const angle = ((from + ((to - from) * i) / (n - 1)) * Math.PI) / 180;
      return [
        cx + rx * Math.cos(angle) + rng.range(-0.5, 0.5),
        cy + ry * Math.sin(angle) + rng.range(-0.5, 0.5),
      ];
    });
  const landmarks = [
    ...arc(17, 60, 55, 42, 55, 180, 0),
    ...arc(5, 40, 44, 12, 6, 190, 350),
    ...arc(5, 80, 44, 12, 6, 190, 350),
    ...arc(4, 60, 62, 2, 12, 270, 90),
    ...arc(5, 60, 72, 9, 4, 170, 10),
    ...arc(6, 40, 51, 6, 3, 180, 480),
    ...arc(6, 80, 51, 6, 3, 180, 480),
    ...arc(12, 60, 91, 15, 6, 180, 510),
    ...arc(8, 60, 91, 10, 3, 180, 495),
  ];
  const noise = gaussianBlur(noiseImage(CANVAS, CANVAS, seed), 1);
  const tint = [rng.range(-20, 20), rng.range(-20, 20), rng.range(-20, 20)];
  const data = noise.data.map((value, i) => {
    const y = Math.floor(i / 3 / CANVAS);
    return 130 + tint[i % 3]! + 30 * Math.sin(y / 15) + (value - 127) * 0.5;
  });
  return { image: { ...noise, data }, landmarks };
}
