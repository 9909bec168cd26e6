/** Squeeze and excitation by native/squeeze-excite.cc, in place of some ten operations forward and twenty back, most of them on a few hundred numbers. */
import * as tf from '@tensorflow/tfjs';
import { SQUEEZE_EXCITE } from '../../ops/squeeze-excite.ts';
import { attr } from '../backend.ts';
import { kernel } from './kernel.ts';

const SQUEEZE_EXCITE_GRAD = 'SqueezeExciteGrad';

/** Registers the kernel and its gradient; for the processor only. */
export function registerSqueezeExcite(): void {
  kernel(SQUEEZE_EXCITE, ({ x, squeeze, squeezeBias, excite, exciteBias }, _attrs, backend) =>
    backend.executeMultipleOutputs(
      'DeepfakeGame>SqueezeExcite',
      [attr.type('T', x!.dtype)],
      [x!, squeeze!, squeezeBias!, excite!, exciteBias!],
      4,
    ),
  );
  kernel(SQUEEZE_EXCITE_GRAD, ({ dy, x, squeeze, excite, means, hidden, gates }, _attrs, backend) =>
    backend.executeMultipleOutputs(
      'DeepfakeGame>SqueezeExciteGrad',
      [attr.type('T', x!.dtype)],
      [dy!, x!, squeeze!, excite!, means!, hidden!, gates!],
      5,
    ),
  );
  tf.registerGradient({
    kernelName: SQUEEZE_EXCITE,
    inputsToSave: ['x', 'squeeze', 'excite'],
    outputsToSave: [false, true, true, true],
    gradFunc: (dy, saved) => {
      const [x, squeeze, excite, means, hidden, gates] = saved as [
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
      ];
      // Computed here and not inside the getters: the tape tidies after each getter, and beside x's gradient the layers' cost little.
      const [dx, dsqueeze, dsqueezeBias, dexcite, dexciteBias] = tf
        .engine()
        .runKernel<tf.Tensor[]>(SQUEEZE_EXCITE_GRAD, {
          dy: (dy as tf.Tensor[])[0]!,
          x,
          squeeze,
          excite,
          means,
          hidden,
          gates,
        });
      return {
        x: () => dx!,
        squeeze: () => dsqueeze!,
        squeezeBias: () => dsqueezeBias!,
        excite: () => dexcite!,
        exciteBias: () => dexciteBias!,
      };
    },
  });
}
