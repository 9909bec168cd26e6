/** torchvision's names for the tensors of a ResNet of bottleneck blocks. */
import { entry, layer, namingOf, type NamedLayer } from './naming.ts';

const OUTSIDE: Readonly<Record<string, NamedLayer>> = {
  conv1: layer('stem_conv', 'conv'),
  bn1: layer('stem_bn', 'norm'),
  fc: layer('logits', 'linear'),
};

const IN_BLOCK: Readonly<Record<string, NamedLayer>> = {
  conv1: layer('_reduce_conv', 'conv'),
  bn1: layer('_reduce_bn', 'norm'),
  conv2: layer('_spatial_conv', 'conv'),
  bn2: layer('_spatial_bn', 'norm'),
  conv3: layer('_expand_conv', 'conv'),
  bn3: layer('_expand_bn', 'norm'),
  'downsample.0': layer('_projection_conv', 'conv'),
  'downsample.1': layer('_projection_bn', 'norm'),
};

/** From torchvision's names, which are timm's too, to those of `resnet-50`. */
export const resNetTorchvisionNames = namingOf((module) => {
  const inBlock = /^layer([1-4])\.(\d+)\.(.+)$/.exec(module);
  if (inBlock === null) return entry(OUTSIDE, module);
  const [, stage, block, part] = inBlock;
  const found = entry(IN_BLOCK, part!);
  return found && layer(`stage${stage}_block${Number(block) + 1}${found.layer}`, found.kind);
});
