/** Keras's names for the layers of a MobileNetV3 (`keras.applications.MobileNetV3Large` and `MobileNetV3Small`). */
import { entry, layer, namingOf, type NamedLayer } from './naming.ts';

const OUTSIDE: Readonly<Record<string, NamedLayer>> = {
  conv: layer('stem_conv', 'conv'),
  conv_bn: layer('stem_bn', 'norm'),
  conv_1: layer('head_conv', 'conv'),
  conv_1_bn: layer('head_bn', 'norm'),
  conv_2: layer('hidden', 'pointwise'),
  logits: layer('logits', 'pointwise'),
};

const IN_BLOCK: Readonly<Record<string, NamedLayer>> = {
  expand: layer('_expand_conv', 'conv'),
  expand_bn: layer('_expand_bn', 'norm'),
  depthwise: layer('_depthwise', 'depthwise'),
  depthwise_bn: layer('_bn', 'norm'),
  squeeze_excite_conv: layer('_squeeze', 'conv'),
  squeeze_excite_conv_1: layer('_excite', 'conv'),
  project: layer('_project_conv', 'conv'),
  project_bn: layer('_project_bn', 'norm'),
};

/** From Keras's names to those of `mobilenet-v3-large` and `-small`; before Keras 3 they had `/` for `_`, `BatchNorm` for `bn`, and capitals. */
export const mobileNetV3KerasNames = namingOf((of) => {
  if (typeof of !== 'string') return of.of === 'linear' ? 'unused' : undefined;
  const name = of.toLowerCase().replaceAll('/', '_').replaceAll('batchnorm', 'bn');
  const inBlock = /^expanded_conv(?:_(\d+))?_(\D\w*)$/.exec(name);
  if (inBlock === null) return entry(OUTSIDE, name);
  const found = entry(IN_BLOCK, inBlock[2]!);
  return found && layer(`block${Number(inBlock[1] ?? 0) + 1}${found.layer}`, found.kind);
});
