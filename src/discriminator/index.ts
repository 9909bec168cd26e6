/** The detectors by name. */
import { attention } from './attention.ts';
import { autoencoder } from './autoencoder.ts';
import type { AnyDiscriminatorVariant } from './discriminator.ts';
import { efficientNetB0 } from './efficientnet-b0.ts';
import { faceXray } from './face-xray.ts';
import { smallCnn } from './small-cnn.ts';

/** Every detector that ships, by the name that `discriminator=NAME` takes. */
export const DISCRIMINATORS: Readonly<Record<string, AnyDiscriminatorVariant>> = Object.fromEntries(
  [
    attention, //
    autoencoder,
    efficientNetB0,
    faceXray,
    smallCnn,
  ].map((variant) => [variant.name, variant as unknown as AnyDiscriminatorVariant]),
);
