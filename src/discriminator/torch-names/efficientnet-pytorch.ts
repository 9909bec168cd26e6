/** The names of the PyTorch packages efficientnet_pytorch and efficientnet_lite_pytorch for the tensors of an EfficientNet. */
import type { Naming } from '../../weights/pretrained.ts';
import { entry, layer, namingOf, type NamedLayer } from './naming.ts';

/** A block's layers: the names of ours without the block's own. */
const IN_BLOCK: Readonly<Record<string, NamedLayer>> = {
  _expand_conv: layer('_expand_conv', 'conv'),
  _bn0: layer('_expand_bn', 'norm'),
  _depthwise_conv: layer('_depthwise', 'depthwise'),
  _bn1: layer('_bn', 'norm'),
  _project_conv: layer('_project_conv', 'conv'),
  _bn2: layer('_project_bn', 'norm'),
};

const OUTSIDE: Readonly<Record<string, NamedLayer>> = {
  _conv_stem: layer('stem_conv', 'conv'),
  _bn0: layer('stem_bn', 'norm'),
  _conv_head: layer('head_conv', 'conv'),
  _bn1: layer('head_bn', 'norm'),
  _fc: layer('logits', 'linear'),
};

/**
 * The naming of a network with so many blocks in each stage; the packages number the blocks through.
 *
 * @param blocks of each stage, first to last
 */
export function efficientNetPytorchNames(blocks: readonly number[]): Naming {
  const names = blocks.flatMap((count, s) =>
    Array.from({ length: count }, (_, i) => `stage${s + 1}_block${i + 1}`),
  );
  return namingOf((module) => {
    const inBlock = /^_blocks\.(\d+)\.(\w+)$/.exec(module);
    if (inBlock === null) return entry(OUTSIDE, module);
    const [block, found] = [names[Number(inBlock[1])], entry(IN_BLOCK, inBlock[2]!)];
    return block === undefined || found === undefined ? undefined : layer(block + found.layer, found.kind);
  });
}
