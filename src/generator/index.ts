/** The opponents by name. */
import { apgd } from './apgd.ts';
import { blur } from './blur.ts';
import { blurReleased } from './blur-released.ts';
import { chain } from './chain.ts';
import type { Combination } from './combined.ts';
import { fab } from './fab.ts';
import { fgsm } from './fgsm.ts';
import { generativeKernel } from './generative-kernel.ts';
import { generativeResidual } from './generative-residual.ts';
import { generative } from './generative.ts';
import type { AnyGeneratorVariant } from './generator.ts';
import { mixture } from './mixture.ts';
import { none } from './none.ts';
import { pgd } from './pgd.ts';
import { sat } from './sat.ts';
import { square } from './square.ts';

/** Every opponent that ships and is made of no others, by the name that `generator=NAME` takes. */
export const GENERATORS: Readonly<Record<string, AnyGeneratorVariant>> = Object.fromEntries(
  [
    none,
    fgsm,
    pgd,
    apgd,
    fab,
    square,
    sat,
    blur,
    blurReleased,
    generative,
    generativeKernel,
    generativeResidual,
  ].map((variant) => [variant.name, variant as unknown as AnyGeneratorVariant]),
);

/** Every opponent that is made of others, by the name that `generator=NAME` takes. */
export const COMBINATIONS: Readonly<Record<string, Combination>> = Object.fromEntries(
  [mixture, chain].map((combination) => [combination.name, combination]),
);
