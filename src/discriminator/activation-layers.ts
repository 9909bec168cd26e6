/** Activations as layers of their own, where no normalisation before them can take them in. */
import * as tf from '@tensorflow/tfjs';
import { hardSigmoid, hardSwish } from '../ops/hard-activations.ts';
import { apply } from '../ops/layers.ts';
import { stock } from '../ops/standard-layer.ts';

type Symbolic = tf.SymbolicTensor;

/** An activation and the stock layers that are the same. */
interface LayerActivation {
  readonly fn: (x: tf.Tensor) => tf.Tensor;
  readonly standard: (x: Symbolic, name: string) => Symbolic;
}

const ACTIVATIONS = {
  relu: {
    fn: (x) => tf.relu(x),
    standard: (x, name) => stock(tf.layers.activation({ name, activation: 'relu' }), x),
  },
  'hard-sigmoid': { fn: hardSigmoid, standard: standardHardSigmoid },
  'hard-swish': {
    fn: hardSwish,
    standard: (x, name) => stock(tf.layers.multiply({ name }), [x, standardHardSigmoid(x, `${name}_gate`)]),
  },
} satisfies Readonly<Record<string, LayerActivation>>;

/** The activation of x as a layer `NAME_ACTIVATION`, any shape. */
export function activated(x: Symbolic, name: string, activation: keyof typeof ACTIVATIONS): Symbolic {
  const { fn, standard }: LayerActivation = ACTIVATIONS[activation];
  const own = `${name}_${activation}`;
  return apply(own, fn, undefined, (of) => standard(of, own)).apply(x) as Symbolic;
}

/** Keras's own hard sigmoid has another slope, 1/5. */
function standardHardSigmoid(x: Symbolic, name: string): Symbolic {
  const raised = stock(tf.layers.rescaling({ name: `${name}_raised`, scale: 1, offset: 3 }), x);
  const clipped = stock(tf.layers.activation({ name: `${name}_clipped`, activation: 'relu6' }), raised);
  return stock(tf.layers.rescaling({ name, scale: 1 / 6, offset: 0 }), clipped);
}
