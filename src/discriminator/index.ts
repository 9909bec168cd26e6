/** The detectors by name. */
import { attention } from './attention.ts';
import { autoencoder } from './autoencoder.ts';
import type { AnyDiscriminatorVariant } from './discriminator.ts';
import { efficientNets } from './efficientnet.ts';
import { efficientNetLites } from './efficientnet-lite.ts';
import { faceXray } from './face-xray.ts';
import { illumination } from './illumination.ts';
import { meso4, mesoInception4 } from './meso.ts';
import { mobileNetV3Large, mobileNetV3Small } from './mobilenet-v3.ts';
import { noise } from './noise.ts';
import { resNet50 } from './resnet.ts';
import { smallCnn } from './small-cnn.ts';
import { spectrum } from './spectrum.ts';
import { xception } from './xception.ts';

/** Every detector that ships, by the name that `discriminator=NAME` takes. */
export const DISCRIMINATORS: Readonly<Record<string, AnyDiscriminatorVariant>> = Object.fromEntries(
  [
    attention, //
    autoencoder,
    ...efficientNets,
    ...efficientNetLites,
    faceXray,
    illumination,
    meso4,
    mesoInception4,
    mobileNetV3Large,
    mobileNetV3Small,
    noise,
    resNet50,
    smallCnn,
    spectrum,
    xception,
  ].map((variant) => [variant.name, variant as unknown as AnyDiscriminatorVariant]),
);
