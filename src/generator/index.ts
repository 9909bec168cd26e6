/** The opponents by name. */
import { blur } from './blur.ts';
import { fgsm } from './fgsm.ts';
import { generative } from './generative.ts';
import type { AnyGeneratorVariant } from './generator.ts';
import { none } from './none.ts';

/** Every opponent that ships, by the name that `generator=NAME` takes. */
export const GENERATORS: Readonly<Record<string, AnyGeneratorVariant>> = Object.fromEntries(
  [none, fgsm, blur, generative].map((variant) => [variant.name, variant as unknown as AnyGeneratorVariant]),
);
