/**
 * Spectral normalisation (Miyato et al., "Spectral Normalization for Generative Adversarial Networks", ICLR 2018): a kernel is divided
 * by the largest singular value of its matrix [k·k·cin, cout], which one step of power iteration after each update keeps in sight.
 */
import * as tf from '@tensorflow/tfjs';

/** Under the root, so that a kernel of zeros stays one and has a gradient. */
const TINY = 1e-24;

/** Name of a layer's vector beside its `kernel`. */
export const SPECTRAL_VECTOR = 'spectral_u';

/**
 * The kernel over ‖M u‖, M its matrix [k·k·cin, cout]: the spectral norm as the power iteration sees it, never above the true one.
 * Differentiable in the kernel, with u constant: at v = M u / ‖M u‖, ∂‖M u‖/∂M = v uᵀ, as the paper's equation 10 has it.
 *
 * @param kernel [k, k, cin, cout] float32
 * @param u [cout] float32 of length 1, from `powerIteration`
 */
export function spectralNormalise(kernel: tf.Tensor4D, u: tf.Tensor1D): tf.Tensor4D {
  return tf.tidy(() => {
    const image = tf.matMul(matrixOf(kernel), tf.reshape(u, [-1, 1]));
    const sigma = tf.sqrt(tf.add(tf.sum(tf.square(image)), TINY));
    return tf.div(kernel, sigma) as tf.Tensor4D;
  });
}

/** One step of power iteration on MᵀM: u ← Mᵀ(M u), scaled to length 1. The angle to the first right singular vector shrinks. */
export function powerIteration(kernel: tf.Tensor4D, u: tf.Tensor1D): tf.Tensor1D {
  return tf.tidy(() => {
    const matrix = matrixOf(kernel);
    const image = unit(tf.matMul(matrix, tf.reshape(u, [-1, 1])));
    return tf.reshape(unit(tf.matMul(matrix, image, true)), [-1]) as tf.Tensor1D;
  });
}

/**
 * One power iteration for every layer of a model that has a spectral vector; moves those vectors and nothing else.
 *
 * @param state the model's variables by `layer/weight`
 */
export function iterateSpectralNorms(state: ReadonlyMap<string, tf.Variable>): void {
  for (const [name, u] of state) {
    const at = name.lastIndexOf('/') + 1;
    if (name.slice(at) === SPECTRAL_VECTOR) {
      const kernel = state.get(`${name.slice(0, at)}kernel`)! as tf.Variable<tf.Rank.R4>;
      tf.tidy(() => u.assign(powerIteration(kernel, u as tf.Variable<tf.Rank.R1>)));
    }
  }
}

function matrixOf(kernel: tf.Tensor4D): tf.Tensor2D {
  return tf.reshape(kernel, [-1, kernel.shape[3]]);
}

function unit(vector: tf.Tensor): tf.Tensor {
  return tf.div(vector, tf.sqrt(tf.add(tf.sum(tf.square(vector)), TINY)));
}
