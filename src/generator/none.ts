/** No opponent: the images as they are. The baseline that every other opponent is measured against. */
import { NOT_LEARNED, type GeneratorVariant, type LabelledImages, type Perturbed } from './generator.ts';

const settings = {};

/** Gives the batch back unchanged. */
export const none: GeneratorVariant<typeof settings> = {
  name: 'none',
  settings,
  startsClean: true,
  create: () => ({ ...NOT_LEARNED, name: 'none', perturb: unchanged, perturbFrom: unchanged }),
};

function unchanged({ images }: LabelledImages): Perturbed {
  return { images: images.clone(), maps: {}, bounds: { pixels: { norm: 'linf', limit: 0 } } };
}
