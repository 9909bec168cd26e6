/** The names of the PyTorch packages efficientnet_pytorch and efficientnet_lite_pytorch for the tensors of an EfficientNet. */
import type { Naming, Place } from '../../weights/pretrained.ts';

/** Batch norm's parameters and statistics, PyTorch's names and ours; the count of batches that it met is of no use. */
const BATCH_NORM: Readonly<Record<string, string>> = {
  weight: 'gamma',
  bias: 'beta',
  running_mean: 'moving_mean',
  running_var: 'moving_variance',
};

/** A block's layers: the name of ours without the block's own, and whether that is a batch norm. */
const IN_BLOCK: Readonly<Record<string, { readonly layer: string; readonly layout?: 'conv' | 'depthwise' }>> =
  {
    _expand_conv: { layer: '_expand_conv', layout: 'conv' },
    _bn0: { layer: '_expand_bn' },
    _depthwise_conv: { layer: '_depthwise', layout: 'depthwise' },
    _bn1: { layer: '_bn' },
    _project_conv: { layer: '_project_conv', layout: 'conv' },
    _bn2: { layer: '_project_bn' },
  };

const OUTSIDE: typeof IN_BLOCK = {
  _conv_stem: { layer: 'stem_conv', layout: 'conv' },
  _bn0: { layer: 'stem_bn' },
  _conv_head: { layer: 'head_conv', layout: 'conv' },
  _bn1: { layer: 'head_bn' },
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
  return (tensor) => {
    const [, number, layer = '', weight = ''] = /^(?:_blocks\.(\d+)\.)?(\w+)\.(\w+)$/.exec(tensor) ?? [];
    if (weight === 'num_batches_tracked') return 'unused';
    if (number === undefined && layer === '_fc') return linear(weight);
    const table = number === undefined ? OUTSIDE : IN_BLOCK;
    const block = number === undefined ? '' : names[Number(number)];
    const found = Object.hasOwn(table, layer) ? table[layer] : undefined;
    return found === undefined || block === undefined
      ? undefined
      : placeOf(`${block}${found.layer}`, found.layout, weight);
  };
}

function placeOf(layer: string, layout: 'conv' | 'depthwise' | undefined, weight: string): Place | undefined {
  if (layout === undefined) {
    const own = Object.hasOwn(BATCH_NORM, weight) ? BATCH_NORM[weight] : undefined;
    return own === undefined ? undefined : { variable: `${layer}/${own}`, layout: 'same' };
  }
  if (weight !== 'weight') return undefined;
  return { variable: `${layer}/${layout === 'conv' ? 'kernel' : 'depthwise_kernel'}`, layout };
}

function linear(weight: string): Place | undefined {
  if (weight === 'weight') return { variable: 'logits/kernel', layout: 'linear' };
  return weight === 'bias' ? { variable: 'logits/bias', layout: 'same' } : undefined;
}
