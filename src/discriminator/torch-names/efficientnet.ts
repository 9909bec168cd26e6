/** timm's names for the tensors of an EfficientNet (`tf_efficientnet_b0` and the like). */
import { entry, layer, namingOf, type NamedLayer } from './naming.ts';

const OUTSIDE: Readonly<Record<string, NamedLayer>> = {
  conv_stem: layer('stem_conv', 'conv'),
  bn1: layer('stem_bn', 'norm'),
  conv_head: layer('head_conv', 'conv'),
  bn2: layer('head_bn', 'norm'),
  classifier: layer('logits', 'linear'),
};

const SQUEEZE_EXCITE: Readonly<Record<string, NamedLayer>> = {
  'se.conv_reduce': layer('_squeeze', 'conv'),
  'se.conv_expand': layer('_excite', 'conv'),
};

/** The first stage's blocks, which nothing widens. */
const SEPARABLE: Readonly<Record<string, NamedLayer>> = {
  ...SQUEEZE_EXCITE,
  conv_dw: layer('_depthwise', 'depthwise'),
  bn1: layer('_bn', 'norm'),
  conv_pw: layer('_project_conv', 'conv'),
  bn2: layer('_project_bn', 'norm'),
};

const INVERTED: Readonly<Record<string, NamedLayer>> = {
  ...SQUEEZE_EXCITE,
  conv_pw: layer('_expand_conv', 'conv'),
  bn1: layer('_expand_bn', 'norm'),
  conv_dw: layer('_depthwise', 'depthwise'),
  bn2: layer('_bn', 'norm'),
  conv_pwl: layer('_project_conv', 'conv'),
  bn3: layer('_project_bn', 'norm'),
};

/** From timm's names to those of `efficientnet-b0` … `efficientnet-b7`. */
export const efficientNetTimmNames = namingOf((module) => {
  const inBlock = /^blocks\.([0-6])\.(\d+)\.(.+)$/.exec(module);
  if (inBlock === null) return entry(OUTSIDE, module);
  const [, stage, block, part] = inBlock;
  const found = entry(stage === '0' ? SEPARABLE : INVERTED, part!);
  return found && layer(`stage${Number(stage) + 1}_block${Number(block) + 1}${found.layer}`, found.kind);
});
