/** Keras's names for the layers of an EfficientNet (`keras.applications.EfficientNetB0` and the like). */
import type { Naming, NamingOfFile } from '../../weights/pretrained.ts';
import { entry, layer, namingOf, type NamedLayer } from './naming.ts';

const OUTSIDE: Readonly<Record<string, NamedLayer>> = {
  stem_conv: layer('stem_conv', 'conv'),
  stem_bn: layer('stem_bn', 'norm'),
  top_conv: layer('head_conv', 'conv'),
  top_bn: layer('head_bn', 'norm'),
  predictions: layer('logits', 'linear'),
};

const IN_BLOCK: Readonly<Record<string, NamedLayer>> = {
  expand_conv: layer('_expand_conv', 'conv'),
  expand_bn: layer('_expand_bn', 'norm'),
  dwconv: layer('_depthwise', 'depthwise'),
  bn: layer('_bn', 'norm'),
  se_reduce: layer('_squeeze', 'conv'),
  se_expand: layer('_excite', 'conv'),
  project_conv: layer('_project_conv', 'conv'),
  project_bn: layer('_project_bn', 'norm'),
};

/** Blocks are lettered within their stage. Linear layers without names are another head. */
const layers = namingOf((of) => {
  if (typeof of !== 'string') return of.of === 'linear' ? 'unused' : undefined;
  const inBlock = /^block([1-7])([a-z])_(\w+)$/.exec(of);
  if (inBlock === null) return entry(OUTSIDE, of);
  const [, stage, letter, part] = inBlock;
  const found = entry(IN_BLOCK, part!);
  const block = letter!.charCodeAt(0) - 'a'.charCodeAt(0) + 1;
  return found && layer(`stage${stage}_block${block}${found.layer}`, found.kind);
});

const OTHERWISE =
  'of an EfficientNet that sees its images normalised in another way than by ImageNet’s mean and deviation';

/**
 * The layer in front, whose numbers are in the file. Published are ImageNet's mean, and its deviation as the variance: the layer divides by the root of it, and
 * one behind, without numbers, by the root again.
 */
const NORMALIZATION: Readonly<Record<string, ReturnType<Naming>>> = {
  mean: { equals: [0.485, 0.456, 0.406], otherwise: OTHERWISE },
  variance: { equals: [0.229, 0.224, 0.225], otherwise: OTHERWISE },
  count: 'unused',
};
const PLACES = ['mean', 'variance', 'count'];

/** From Keras's names to those of `efficientnet-b0` … `efficientnet-b7`. */
export const efficientNetKerasNames: NamingOfFile = (tensors) => {
  const naming = layers(tensors);
  return (tensor) => {
    const [, part] = /^normalization(?:_\d+)?\/(\w+)$/.exec(tensor) ?? [];
    if (part === undefined) return naming(tensor);
    return entry(NORMALIZATION, PLACES[Number(part)] ?? part);
  };
};
