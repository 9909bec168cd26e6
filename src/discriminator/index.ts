/** The detectors by name. */
import type { AnyDiscriminatorVariant } from './discriminator.ts';
import { efficientNets } from './efficientnet.ts';
import { meso4, mesoInception4 } from './meso.ts';
import { mobileNetV3Large, mobileNetV3Small } from './mobilenet-v3.ts';
import { resNet50 } from './resnet.ts';
import { smallCnn } from './small-cnn.ts';
import { xception } from './xception.ts';

/** Every detector that ships, by the name that `discriminator=NAME` takes. */
export const DISCRIMINATORS: Readonly<Record<string, AnyDiscriminatorVariant>> = Object.fromEntries(
  [
    ...efficientNets,
    meso4,
    mesoInception4,
    mobileNetV3Large,
    mobileNetV3Small,
    resNet50,
    smallCnn,
    xception,
  ].map((variant) => [variant.name, variant as unknown as AnyDiscriminatorVariant]),
);
