/** Which of a detector's variables the tensors of a Keras file are, and how they lie. */
import type { Layout, Naming, NamingOfFile } from '../../weights/pretrained.ts';
import type { NamedLayer as OfKind } from '../name-tables.ts';

export { entry, layer } from '../name-tables.ts';

/** A layer of ours, or the two of a separable convolution, and of which kind Keras's is. */
export type NamedLayer = OfKind<keyof typeof WEIGHTS>;

/** A weight of a layer: our variable behind the layer's name, how it lies, and the names that Keras has had for it. */
interface Weight {
  readonly variable: string;
  readonly layout: Layout;
  readonly names: readonly string[];
}

function weight(variable: string, names: readonly string[], layout: Layout = 'same'): Weight {
  return { variable, layout, names };
}

const BIAS = ['bias', 'b'];

/** The weights of a layer in Keras's order, which is what its own format of Keras 3 has in place of names. */
const WEIGHTS = {
  conv: [weight('/kernel', ['kernel', 'W']), weight('/bias', BIAS)],
  depthwise: [weight('/depthwise_kernel', ['depthwise_kernel', 'kernel'])],
  separable: [
    weight('_depthwise/depthwise_kernel', ['depthwise_kernel']),
    weight('_conv/kernel', ['pointwise_kernel']),
  ],
  linear: [weight('/kernel', ['kernel', 'W']), weight('/bias', BIAS)],
  pointwise: [weight('/kernel', ['kernel'], 'pointwise'), weight('/bias', BIAS)],
  'real-unit': [weight('/kernel', ['kernel', 'W'], 'real-unit'), weight('/bias', BIAS, 'real-unit')],
  norm: [
    weight('/gamma', ['gamma']),
    weight('/beta', ['beta']),
    weight('/moving_mean', ['moving_mean', 'running_mean']),
    // Keras 1 kept the variance under the deviation's name
    weight('/moving_variance', ['moving_variance', 'running_std']),
  ],
} satisfies Readonly<Record<string, readonly Weight[]>>;

/** What Keras calls a layer that nobody named, the oldest name last; a number follows from the second one on. */
const UNNAMED = {
  conv: ['conv2d', 'convolution2d'],
  norm: ['batch_normalization', 'batchnormalization'],
  linear: ['dense'],
} as const;

/** A layer without a name of its own: its kind, and the how-manieth it is in the file, from 1. */
export interface Unnamed {
  readonly of: keyof typeof UNNAMED;
  readonly number: number;
}

/**
 * The naming of an architecture. Layers without names are counted, in the order in which they were made.
 *
 * @param layerOf the layer of ours that a layer of Keras's is; 'unused' for one without a place here; undefined for one that the architecture lacks
 */
export function namingOf(
  layerOf: (layer: string | Unnamed) => NamedLayer | 'unused' | undefined,
): NamingOfFile {
  return (tensors) => {
    const unnamed = counted(tensors.map((tensor) => layerName(tensor)));
    const naming: Naming = (tensor) => {
      const name = layerName(tensor);
      const found = layerOf(unnamed.get(name) ?? name);
      if (found === undefined || found === 'unused') return found;
      const last = tensor.slice(name.length + 1);
      const weights: readonly Weight[] = WEIGHTS[found.kind];
      const own = weights.find(({ names }, place) => last === String(place) || names.includes(last));
      return own && { variable: found.layer + own.variable, layout: own.layout };
    };
    return naming;
  };
}

const layerName = (tensor: string): string => tensor.slice(0, Math.max(0, tensor.lastIndexOf('/')));

/** Keras numbers its layers without names through all models that a program makes, so only their order tells. */
function counted(layers: readonly string[]): ReadonlyMap<string, Unnamed> {
  const found = new Map<string, Unnamed>();
  for (const of of Object.keys(UNNAMED) as (keyof typeof UNNAMED)[]) {
    const pattern = new RegExp(`^(?:${UNNAMED[of].join('|')})(?:_(\\d+))?$`);
    const numbered = [...new Set(layers)].flatMap((name) => {
      const match = pattern.exec(name);
      return match === null ? [] : [{ name, number: Number(match[1] ?? 0) }];
    });
    numbered.sort((a, b) => a.number - b.number);
    numbered.forEach(({ name }, i) => found.set(name, { of, number: i + 1 }));
  }
  return found;
}
