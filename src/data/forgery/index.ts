/** The forgery methods by name. */

import { deepfakes } from './deepfakes.ts';
import { face2face } from './face2face.ts';
import { faceswap } from './faceswap.ts';
import type { Forge } from './forgery.ts';
import { neuraltextures } from './neuraltextures.ts';
import { selfBlend } from './self-blend.ts';

export const FORGERIES = {
  deepfakes,
  faceswap,
  face2face,
  neuraltextures,
  'self-blend': selfBlend,
} as const satisfies Record<string, Forge>;

export type ForgeryName = keyof typeof FORGERIES;
