/** What a forgery method is. */

import type { Rng } from '../rng.ts';
import type { FloatImage, Masked } from './float-image.ts';
import type { Point } from './geometry.ts';

/** A face on the aligned canvas, with its 68 landmarks in canvas pixels. */
export interface CanvasFace {
  readonly image: FloatImage;
  readonly landmarks: readonly Point[];
}

export interface ForgeryInput {
  /** The face that is changed: pose, background and, save for the method's own warp, expression stay. */
  readonly target: CanvasFace;
  /** Faces of other people, at least one; a method that needs none ignores them. */
  readonly donors: readonly CanvasFace[];
  /** The only source of chance: the same input with the same stream gives the same image. */
  readonly rng: Rng;
}

/** A forged face of the target's size. Never changes its input. */
export type Forge = (input: ForgeryInput) => Masked;
