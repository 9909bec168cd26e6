/** timm's names for the tensors of Xception (`legacy_xception`), which are also those of the detectors that FaceForensics++ and DeepfakeBench publish. */
import { entry, layer, namingOf, type NamedLayer } from './naming.ts';

const OUTSIDE: Readonly<Record<string, NamedLayer>> = {
  conv1: layer('stem1_conv', 'conv'),
  bn1: layer('stem1_bn', 'norm'),
  conv2: layer('stem2_conv', 'conv'),
  bn2: layer('stem2_bn', 'norm'),
  'conv3.conv1': layer('exit1_depthwise', 'depthwise'),
  'conv3.pointwise': layer('exit1_conv', 'conv'),
  bn3: layer('exit1_bn', 'norm'),
  'conv4.conv1': layer('exit2_depthwise', 'depthwise'),
  'conv4.pointwise': layer('exit2_conv', 'conv'),
  bn4: layer('exit2_bn', 'norm'),
  fc: layer('logits', 'linear'),
};

const BESIDE: Readonly<Record<string, NamedLayer>> = {
  skip: layer('_projection_conv', 'conv'),
  skipbn: layer('_projection_bn', 'norm'),
};

/** Of a separable convolution: its two convolutions at one place of a block's list, its batch norm at the next. */
const SEPARABLE: readonly Readonly<Record<string, NamedLayer>>[] = [
  { '.conv1': layer('_depthwise', 'depthwise'), '.pointwise': layer('_conv', 'conv') },
  { '': layer('_bn', 'norm') },
];

/** From timm's names to those of `xception`. */
export const xceptionTimmNames = namingOf((module) => {
  const inBlock = /^block(\d+)\.(.+)$/.exec(module);
  if (inBlock === null) return entry(OUTSIDE, module);
  const [, block, part] = inBlock;
  const inList = /^rep\.(\d+)(\..+|)$/.exec(part!);
  if (inList === null) {
    const found = entry(BESIDE, part!);
    return found && layer(`block${block}${found.layer}`, found.kind);
  }
  // the list repeats ReLU, separable convolution, batch norm; the first block has no ReLU at its head
  const place = Number(inList[1]) - (block === '1' ? 0 : 1);
  const found = entry(SEPARABLE[place % 3] ?? {}, inList[2]!);
  return found && layer(`block${block}_sep${Math.floor(place / 3) + 1}${found.layer}`, found.kind);
});
