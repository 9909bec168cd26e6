import * as tf from '@tensorflow/tfjs';
import { attr, nodeBackend, type OpAttribute } from '../../src/tensorflow/backend.ts';
import { onTensorFlow } from '../support/engines.ts';
import { expectClose, noiseTensor } from '../support/tensors.ts';

const FLOAT32 = 1;
const BFLOAT16 = 14;

/** The binding below TensorFlow.js, which has no bfloat16: tensors by their handles' numbers. */
interface Binding {
  readonly TF_ATTR_TYPE: number;
  executeOp(op: string, attributes: OpAttribute[], ids: number[], outputs: number): { readonly id: number }[];
  tensorDataSync(id: number): Float32Array;
  deleteTensor(id: number): void;
}

onTensorFlow('kernels of batch norm and of squeeze and excitation in bfloat16', () => {
  const binding = (): Binding => nodeBackend().binding as unknown as Binding;
  const made: number[] = [];
  after(() => made.forEach((id) => binding().deleteTensor(id)));

  const execute = (op: string, attributes: OpAttribute[], ids: number[], outputs: number): number[] => {
    const results = binding()
      .executeOp(op, attributes, ids, outputs)
      .map(({ id }) => id);
    made.push(...results);
    return results;
  };
  const type = (name: string, value: number): OpAttribute => ({
    name,
    type: binding().TF_ATTR_TYPE,
    value,
  });
  const cast = (id: number, from: number, to: number): number =>
    execute('Cast', [type('SrcT', from), type('DstT', to), attr.bool('Truncate', false)], [id], 1)[0]!;
  const idOf = (tensor: tf.Tensor): number =>
    (nodeBackend() as unknown as { getInputTensorIds(of: tf.Tensor[]): number[] }).getInputTensorIds([
      tensor,
    ])[0]!;

  /** Every kernel's outputs with x and dy in a type; those of the shape of x are listed as narrow. */
  function outputs(
    T: number,
    x: number,
    dy: number,
    each: readonly number[],
    se: readonly number[],
    activation: string,
  ) {
    const attributes = [type('T', T), attr.float('epsilon', 1e-3), attr.text('activation', activation)];
    const [scale, offset] = each as [number, number];
    const rate = attr.float('rate', 0.5);
    const training = execute('DeepfakeGame>BatchNormTraining', [...attributes, rate], [x, ...each], 5);
    const back = [dy, x, scale, offset, training[3]!, training[4]!];
    const gradient = execute('DeepfakeGame>BatchNormTrainingGrad', attributes, back, 3);
    const inference = execute('DeepfakeGame>BatchNormInference', attributes, [x, ...each], 1);
    const input = execute('DeepfakeGame>BatchNormInferenceGrad', attributes, [dy, x, ...each], 1);
    const parameters = execute('DeepfakeGame>BatchNormParameterGrad', attributes, [dy, x, ...each], 2);
    const excited = execute('DeepfakeGame>SqueezeExcite', [type('T', T)], [x, ...se], 4);
    const seBack = [dy, x, se[0]!, se[2]!, ...excited.slice(1)];
    const seGradient = execute('DeepfakeGame>SqueezeExciteGrad', [type('T', T)], seBack, 5);
    const heads = [training, gradient, inference, input, excited, seGradient];
    const read = (id: number): Float32Array => binding().tensorDataSync(id);
    return {
      narrow: heads.map(([id]) => read(T === BFLOAT16 ? cast(id!, BFLOAT16, FLOAT32) : id!)),
      wide: [training, gradient, excited, seGradient]
        .flatMap((ids) => ids.slice(1))
        .concat(parameters)
        .map(read),
    };
  }

  for (const [shape, activation] of [
    [[2, 9, 9, 24], 'silu'],
    [[3, 40, 41, 17], 'relu'],
    [[1, 5, 5, 3], 'none'],
  ] as const) {
    it(`round their outputs once and compute the rest in float32: [${shape.join()}], ${activation}`, () => {
      tf.tidy(() => {
        const channels = shape[3];
        const row = (seed: number, low: number, high: number) => noiseTensor(seed, [channels], low, high);
        const each = [row(1, -2, 2), row(2, -1, 1), row(3, -1, 1), row(4, 0.5, 2)].map(idOf);
        const kernels = [noiseTensor(5, [channels, 4], -1, 1), noiseTensor(6, [4], -1, 1)];
        const se = [...kernels, noiseTensor(7, [4, channels], -1, 1), row(8, -1, 1)].map(idOf);
        const [x, dy] = [noiseTensor(9, shape, -3, 3), noiseTensor(10, shape, -1, 1)].map((tensor) =>
          cast(idOf(tensor), FLOAT32, BFLOAT16),
        ) as [number, number];
        const rounded = outputs(BFLOAT16, x, dy, each, se, activation);
        const [wideX, wideDy] = [cast(x, BFLOAT16, FLOAT32), cast(dy, BFLOAT16, FLOAT32)];
        const exact = outputs(FLOAT32, wideX, wideDy, each, se, activation);
        // half a unit of the last of 8 bits
        rounded.narrow.forEach((values, i) => expectClose(values, exact.narrow[i]!, { relative: 2 ** -8 }));
        rounded.wide.forEach((values, i) => expectClose(values, exact.wide[i]!, {}));
      });
    });
  }
});
