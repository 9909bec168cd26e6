/** Which of a detector's variables the tensors of a PyTorch state dict are, and how they lie. */
import type { Naming } from '../../weights/pretrained.ts';
import type { NamedLayer as OfKind } from '../name-tables.ts';

export { entry, layer } from '../name-tables.ts';

/** A layer of ours, and what its weights are called and how they lie. */
export type NamedLayer = OfKind<'conv' | 'depthwise' | 'linear' | 'norm'>;

const NORM: Readonly<Record<string, string>> = {
  weight: 'gamma',
  bias: 'beta',
  running_mean: 'moving_mean',
  running_var: 'moving_variance',
};

/** The naming of an architecture, given the layer of ours that a module of PyTorch's is. */
export function namingOf(layerOf: (module: string) => NamedLayer | undefined): Naming {
  return (tensor) => {
    const at = tensor.lastIndexOf('.');
    const weight = tensor.slice(at + 1);
    const found = layerOf(tensor.slice(0, Math.max(0, at)));
    if (found === undefined) return undefined;
    const { layer, kind } = found;
    if (kind === 'norm') {
      if (weight === 'num_batches_tracked') return 'unused';
      const own = Object.hasOwn(NORM, weight) ? NORM[weight] : undefined;
      return own === undefined ? undefined : { variable: `${layer}/${own}`, layout: 'same' };
    }
    if (weight === 'weight') {
      return { variable: `${layer}/${kind === 'depthwise' ? 'depthwise_kernel' : 'kernel'}`, layout: kind };
    }
    return weight === 'bias' && kind !== 'depthwise'
      ? { variable: `${layer}/bias`, layout: 'same' }
      : undefined;
  };
}
