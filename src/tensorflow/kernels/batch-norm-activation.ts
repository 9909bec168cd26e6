/**
 * Batch norm with its activation by native/batch-norm*.cc, two passes over memory forward and two back; by given statistics one each
 * way. TensorFlow's operations for the same, FusedBatchNormV3, Relu and their gradients, take four to five times as long on the CPU.
 */
import * as tf from '@tensorflow/tfjs';
import {
  BATCH_NORM_ACTIVATION_INFERENCE,
  BATCH_NORM_ACTIVATION_TRAINING,
} from '../../ops/batch-norm-activation.ts';
import { attr, type OpAttribute } from '../backend.ts';
import { kernel } from './kernel.ts';

const TRAINING_GRAD = 'BatchNormActivationTrainingGrad';
const INPUT_GRAD = 'BatchNormActivationInputGrad';
const PARAMETER_GRAD = 'BatchNormActivationParameterGrad';

type Attributes = Record<string, unknown>;

/** Registers the kernels and their gradients; for the processor only. */
export function registerBatchNormActivation(): void {
  registerTraining();
  registerInference();
}

function attributes(x: tf.Tensor, { epsilon, activation }: Attributes): OpAttribute[] {
  return [
    attr.type('T', x.dtype),
    attr.float('epsilon', epsilon as number),
    attr.text('activation', activation as string),
  ];
}

function registerTraining(): void {
  kernel(BATCH_NORM_ACTIVATION_TRAINING, ({ x, scale, offset, mean, variance }, attrs, backend) =>
    backend.executeMultipleOutputs(
      'DeepfakeGame>BatchNormTraining',
      [...attributes(x!, attrs), attr.float('rate', attrs['rate'] as number)],
      [x!, scale!, offset!, mean!, variance!],
      5,
    ),
  );
  kernel(TRAINING_GRAD, ({ dy, x, scale, offset, mean, inverse }, attrs, backend) =>
    backend.executeMultipleOutputs(
      'DeepfakeGame>BatchNormTrainingGrad',
      attributes(x!, attrs),
      [dy!, x!, scale!, offset!, mean!, inverse!],
      3,
    ),
  );
  tf.registerGradient({
    kernelName: BATCH_NORM_ACTIVATION_TRAINING,
    inputsToSave: ['x', 'scale', 'offset'],
    // the batch's mean and 1 / √(variance + ε)
    outputsToSave: [false, false, false, true, true],
    gradFunc: (dy, saved, attrs) => {
      const [x, scale, offset, mean, inverse] = saved as [
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
      ];
      // Computed here and not inside the getters: the tape tidies after each getter, and the sums that are dscale and doffset are needed for dx.
      const [dx, dscale, doffset] = tf
        .engine()
        .runKernel<tf.Tensor[]>(
          TRAINING_GRAD,
          { dy: (dy as tf.Tensor[])[0]!, x, scale, offset, mean, inverse },
          attrs,
        );
      return { x: () => dx!, scale: () => dscale!, offset: () => doffset! };
    },
  });
}

function registerInference(): void {
  kernel(BATCH_NORM_ACTIVATION_INFERENCE, ({ x, scale, offset, mean, variance }, attrs, backend) =>
    backend.executeSingleOutput('DeepfakeGame>BatchNormInference', attributes(x!, attrs), [
      x!,
      scale!,
      offset!,
      mean!,
      variance!,
    ]),
  );
  const gradient = (name: string, op: string, outputs: number): void =>
    kernel(name, ({ dy, x, scale, offset, mean, variance }, attrs, backend) =>
      backend.executeMultipleOutputs(
        op,
        attributes(x!, attrs),
        [dy!, x!, scale!, offset!, mean!, variance!],
        outputs,
      ),
    );
  gradient(INPUT_GRAD, 'DeepfakeGame>BatchNormInferenceGrad', 1);
  gradient(PARAMETER_GRAD, 'DeepfakeGame>BatchNormParameterGrad', 2);
  tf.registerGradient({
    kernelName: BATCH_NORM_ACTIVATION_INFERENCE,
    inputsToSave: ['x', 'scale', 'offset', 'mean', 'variance'],
    gradFunc: (dy, saved, attrs) => {
      const [x, scale, offset, mean, variance] = saved as [
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
        tf.Tensor,
      ];
      const run = (name: string, output: number): tf.Tensor =>
        tf
          .engine()
          .runKernel<tf.Tensor[]>(name, { dy: dy as tf.Tensor, x, scale, offset, mean, variance }, attrs)[
          output
        ]!;
      // An attack asks for x alone. Parameters that move under running statistics are rare, so their sums are computed for each of the two.
      return {
        x: () => run(INPUT_GRAD, 0),
        scale: () => run(PARAMETER_GRAD, 0),
        offset: () => run(PARAMETER_GRAD, 1),
      };
    },
  });
}
