/** The detectors by name. */
import { attention } from './attention.ts';
import { autoencoder } from './autoencoder.ts';
import type { AnyDiscriminatorVariant } from './discriminator.ts';
import { efficientNetB0 } from './efficientnet-b0.ts';
import { efficientNetLites } from './efficientnet-lite.ts';
import { faceXray } from './face-xray.ts';
import { illumination } from './illumination.ts';
import { noise } from './noise.ts';
import { smallCnn } from './small-cnn.ts';
import { spectrum } from './spectrum.ts';

/** Every detector that ships, by the name that `discriminator=NAME` takes. */
export const DISCRIMINATORS: Readonly<Record<string, AnyDiscriminatorVariant>> = Object.fromEntries(
  [
    attention, //
    autoencoder,
    efficientNetB0,
    ...efficientNetLites,
    faceXray,
    illumination,
    noise,
    smallCnn,
    spectrum,
  ].map((variant) => [variant.name, variant as unknown as AnyDiscriminatorVariant]),
);
