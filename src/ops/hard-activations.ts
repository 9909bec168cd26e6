/** Activations made of straight pieces, in operations that every engine and precision has. */
import * as tf from '@tensorflow/tfjs';
import { scalarLike } from './precision.ts';

/** min(max(x + 3, 0), 6) / 6, elementwise, any shape (Howard et al., "Searching for MobileNetV3", ICCV 2019). Its gradient is 1/6 within (−3, 3), else 0. */
export function hardSigmoid<T extends tf.Tensor>(x: T): T {
  const op = tf.customGrad((given, save) => {
    const of = given as tf.Tensor;
    (save as (saved: tf.Tensor[]) => void)([of]);
    return {
      value: tf.div(tf.relu6(tf.add(of, scalarLike(of, 3))), scalarLike(of, 6)),
      gradFunc: (dy: tf.Tensor, [kept]: tf.Tensor[]) =>
        tf.where(
          tf.less(tf.abs(kept!), scalarLike(kept!, 3)),
          tf.div(dy, scalarLike(dy, 6)),
          tf.zerosLike(dy),
        ),
    };
  });
  return tf.tidy(() => op(x) as T);
}

/** x · hardSigmoid(x), elementwise, any shape (Howard et al. 2019): swish by straight pieces. */
export function hardSwish<T extends tf.Tensor>(x: T): T {
  return tf.tidy(() => tf.mul(x, hardSigmoid(x)));
}

/** max(x, slope · x), elementwise, any shape; 0 < slope < 1 (Maas, Hannun & Ng 2013). */
export function leakyRelu<T extends tf.Tensor>(x: T, slope: number): T {
  return tf.tidy(() => tf.maximum(x, tf.mul(x, scalarLike(x, slope))));
}
