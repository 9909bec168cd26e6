/**
 * bfloat16 and float16 through a binding that knows neither. A handle of such a type passes as a float32 tensor; the backend keeps its
 * real type, gives it to every operation as the attribute T, and refuses operations that would mix widths.
 */
import * as tf from '@tensorflow/tfjs';
import { CAST_PRECISION, castTo, type Precision } from '../ops/precision.ts';
import type { NodeBackend, OpAttribute } from './backend.ts';
import { nativeConvolutions } from './choose-precision.ts';

/** TensorFlow's numbers of the types (tensorflow/c/tf_datatype.h). */
const TF_TYPE: Readonly<Record<Precision, number>> = { float32: 1, bfloat16: 14, float16: 19 };
const PRECISION: ReadonlyMap<number, Precision> = new Map(
  (Object.keys(TF_TYPE) as Precision[]).map((precision) => [TF_TYPE[precision], precision]),
);

/** Attributes that name the type of an operation's floating-point inputs. Others (U, DstT, …) name other types. */
const INPUT_TYPES: ReadonlySet<string> = new Set(['T', 'SrcT', 'Tparams', 'TI']);

/** Inputs that are float32 whatever T is: the statistics and parameters of batch norm, by position. */
const FLOAT32_INPUTS: ReadonlyMap<string, ReadonlySet<number>> = new Map([
  ['FusedBatchNormV3', new Set([1, 2, 3, 4])],
  ['FusedBatchNormGradV3', new Set([2, 3, 4, 5])],
]);

/**
 * Reductions that TensorFlow's kernels, for some shapes, add up in the narrow type itself: a sum of ones stops at 256 in bfloat16. They
 * are computed in float32, and rounded once.
 */
const REDUCTIONS: ReadonlySet<string> = new Set(['Sum', 'Mean', 'Prod', 'Cumsum']);

/**
 * Convolutions. Without instructions for the narrow type TensorFlow falls back to kernels that are slow, and whose gradients add up in
 * it. Then they are computed in float32 on the narrow operands and rounded once, which is what the instructions do.
 */
const CONVOLUTIONS: ReadonlySet<string> = new Set([
  'Conv2D',
  'Conv2DBackpropInput',
  'Conv2DBackpropFilter',
  'DepthwiseConv2dNative',
  'DepthwiseConv2dNativeBackpropInput',
]);

interface TensorRecord {
  readonly id: number;
  dtype: number;
}

interface OutputMetadata {
  readonly id: number;
  readonly dtype: number;
  readonly shape: number[];
}

/** The methods of the binding's backend that are taught the types. */
interface Backend extends NodeBackend {
  readonly tensorMap: { get(dataId: object): TensorRecord; has(dataId: object): boolean };
  createOutputTensor(metadata: OutputMetadata): tf.Tensor;
  precisionOf?(x: tf.TensorInfo): Precision;
}

/** Two widths met in one operation. */
export class MixedPrecisionError extends Error {
  constructor(op: string, inputs: readonly tf.Tensor[], precisions: readonly (Precision | undefined)[]) {
    const list = inputs.map(({ shape, dtype }, i) => `${precisions[i] ?? dtype} [${shape.join(', ')}]`);
    super(
      `${op} was given ${list.join(' and ')}: cast one side, with enter or leave of the network's casts, or scalarLike for a number (src/ops/precision.ts)`,
    );
    this.name = 'MixedPrecisionError';
  }
}

/** Teaches the open backend the narrow types, once. A process that never casts to one pays a comparison an operation. */
export function passNarrowTypes(nodeBackend: NodeBackend): void {
  const backend = nodeBackend as Backend;
  if (backend.precisionOf !== undefined) return;
  let met = false;
  let fast: ReturnType<typeof nativeConvolutions> | undefined;
  const native = () => (fast ??= nativeConvolutions(backend.isUsingGpuDevice ? 'gpu' : 'cpu'));
  const precisionOf = (x: tf.TensorInfo): Precision | undefined =>
    PRECISION.get(backend.tensorMap.get(x.dataId).dtype);
  backend.precisionOf = (x) => (met ? precisionOf(x) : undefined) ?? 'float32';

  const createOutputTensor = backend.createOutputTensor.bind(backend);
  backend.createOutputTensor = (metadata) => {
    if (metadata.dtype !== TF_TYPE.bfloat16 && metadata.dtype !== TF_TYPE.float16) {
      return createOutputTensor(metadata);
    }
    met = true;
    const tensor = createOutputTensor({ ...metadata, dtype: TF_TYPE.float32 });
    backend.tensorMap.get(tensor.dataId).dtype = metadata.dtype;
    return tensor;
  };

  const typed = (op: string, attributes: readonly OpAttribute[], inputs: readonly tf.Tensor[]) =>
    met ? realAttributes(op, attributes, inputs, precisionOf) : attributes;
  const single = backend.executeSingleOutput.bind(backend);
  backend.executeSingleOutput = (op, attributes, inputs) => {
    const real = typed(op, attributes, inputs);
    const narrow = real === attributes ? undefined : inputs.map(precisionOf).find(isNarrow);
    const wide = narrow !== undefined && (REDUCTIONS.has(op) || (CONVOLUTIONS.has(op) && !native()[narrow]));
    if (!wide) return single(op, real, inputs);
    const operands = inputs.map((x) => (isNarrow(precisionOf(x)) ? cast(backend, x, 'float32') : x));
    const result = single(op, attributes, operands);
    const rounded = cast(backend, result, narrow);
    tf.dispose([result, ...operands.filter((operand) => !inputs.includes(operand))]);
    return rounded;
  };
  const multiple = backend.executeMultipleOutputs.bind(backend);
  backend.executeMultipleOutputs = (op, attributes, inputs, outputs) =>
    multiple(op, typed(op, attributes, inputs), inputs, outputs);

  const readSync = backend.readSync.bind(backend);
  backend.readSync = (dataId) =>
    met && isNarrow(PRECISION.get(backend.tensorMap.get(dataId).dtype))
      ? readNarrow(backend, dataId)
      : readSync(dataId);

  passCastsToFloat32(backend);
  tf.registerKernel({
    kernelName: CAST_PRECISION,
    backendName: 'tensorflow',
    kernelFunc: ({ inputs, attrs }) => cast(backend, inputs['x'] as tf.Tensor, attrs!['to'] as Precision),
  });
  tf.registerGradient({
    kernelName: CAST_PRECISION,
    gradFunc: (dy, _saved, attrs) => ({ x: () => castTo(dy as tf.Tensor, attrs['from'] as Precision) }),
  });
}

function isNarrow(precision: Precision | undefined): precision is 'bfloat16' | 'float16' {
  return precision === 'bfloat16' || precision === 'float16';
}

/** The attributes with the inputs' real type in place of float32. Throws MixedPrecisionError. */
function realAttributes(
  op: string,
  attributes: readonly OpAttribute[],
  inputs: readonly tf.Tensor[],
  precisionOf: (x: tf.TensorInfo) => Precision | undefined,
): readonly OpAttribute[] {
  const precisions = inputs.map((input) => (input.dtype === 'float32' ? precisionOf(input) : undefined));
  const narrow = precisions.find(isNarrow);
  if (narrow === undefined) return attributes;
  const apart = FLOAT32_INPUTS.get(op);
  // operations of native/ say themselves which of their inputs are float32, and TensorFlow holds them to it
  const wrong =
    !op.startsWith('DeepfakeGame>') &&
    precisions.some(
      (precision, i) => precision !== undefined && precision !== (apart?.has(i) ? 'float32' : narrow),
    );
  if (wrong) throw new MixedPrecisionError(op, inputs, precisions);
  return attributes.map((attribute) =>
    INPUT_TYPES.has(attribute.name) && attribute.value === TF_TYPE.float32
      ? { ...attribute, value: TF_TYPE[narrow] }
      : attribute,
  );
}

/**
 * TensorFlow.js casts to 'float32' in passing, in gradients above all, what it takes for float32 anyway. Such a cast must leave a narrow
 * tensor what it is: widths change by CAST_PRECISION alone.
 */
function passCastsToFloat32(backend: Backend): void {
  const { kernelFunc } = tf.getKernel('Cast', 'tensorflow');
  tf.unregisterKernel('Cast', 'tensorflow');
  tf.registerKernel({
    kernelName: 'Cast',
    backendName: 'tensorflow',
    kernelFunc: (given) => {
      const x = given.inputs['x'] as tf.TensorInfo;
      if (x.dtype !== 'float32' || given.attrs!['dtype'] !== 'float32') return kernelFunc(given);
      backend.incRef(x.dataId);
      return { dataId: x.dataId, shape: x.shape, dtype: x.dtype };
    },
  });
}

function castAttributes(backend: Backend, from: number, to: number): OpAttribute[] {
  const { TF_ATTR_TYPE, TF_ATTR_BOOL } = backend.binding as Readonly<Record<string, number>> as {
    TF_ATTR_TYPE: number;
    TF_ATTR_BOOL: number;
  };
  return [
    { name: 'SrcT', type: TF_ATTR_TYPE, value: from },
    { name: 'DstT', type: TF_ATTR_TYPE, value: to },
    { name: 'Truncate', type: TF_ATTR_BOOL, value: false },
  ];
}

function cast(backend: Backend, x: tf.Tensor, to: Precision): tf.Tensor {
  if (x.dtype !== 'float32') {
    throw new Error(`a tensor of ${x.dtype} has no ${to}: only float32 tensors are cast to a precision`);
  }
  // as its own type: the attributes are corrected on the way
  return backend.executeSingleOutput('Cast', castAttributes(backend, TF_TYPE.float32, TF_TYPE[to]), [x]);
}

/** JavaScript has no array of such numbers: they are read as float32, which holds each of them exactly. */
function readNarrow(backend: Backend, dataId: object): Float32Array {
  const { id, dtype } = backend.tensorMap.get(dataId);
  const binding = backend.binding as unknown as {
    executeOp(op: string, attributes: OpAttribute[], ids: number[], outputs: number): OutputMetadata[];
    tensorDataSync(id: number): Float32Array;
    deleteTensor(id: number): void;
  };
  const [wide] = binding.executeOp('Cast', castAttributes(backend, dtype, TF_TYPE.float32), [id], 1);
  try {
    return binding.tensorDataSync(wide!.id);
  } finally {
    binding.deleteTensor(wide!.id);
  }
}
