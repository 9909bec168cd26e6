/**
 * TensorBoard event files, written by TensorFlow's own summary writer. Everything but its life cycle goes through one op,
 * `WriteSummary`: a tensor, a tag, and metadata saying which of TensorBoard's plug-ins draws it.
 *
 * The tensors are made on the binding itself, not as tfjs tensors: tfjs knows no int64 (the step), and its string
 * tensors are freed by it alone. Here every handle is freed in the call that makes it.
 */
import { accessSync, constants, mkdirSync } from 'node:fs';
import { nodeBackend } from './backend.ts';
import { bytesField, doubleField, message, varintField } from './protobuf.ts';
import { hparamsMessages } from './summary-hparams.ts';
import type { HparamValue } from './summary-hparams.ts';

/** A PNG file's bytes with the size it has. */
export interface EncodedImage {
  readonly width: number;
  readonly height: number;
  readonly png: Uint8Array;
}

/** Steps are whole numbers from 0. All values of one tag are of one kind. */
export interface SummaryWriter {
  scalar(tag: string, value: number, step: number): void;
  /** `values` any number of finite values; they are counted into 30 bins of equal width. */
  histogram(tag: string, values: Float32Array, step: number): void;
  image(tag: string, image: EncodedImage, step: number): void;
  /** `markdown` as TensorBoard renders it. */
  text(tag: string, markdown: string, step: number): void;
  /** Six equally long rows: TP, FP, TN, FN, precision, recall, at thresholds spread evenly over [0, 1]. */
  prCurve(tag: string, rows: readonly (readonly number[])[], step: number): void;
  /** The run's settings and the tags of the scalars it is compared by; once a run. */
  hparams(settings: Readonly<Record<string, HparamValue>>, metricTags: readonly string[]): void;
  /** Hands what was written to the file system. */
  flush(): void;
  /** Flushes and ends. Nothing may be written afterwards. */
  close(): void;
}

export interface SummaryWriterOptions {
  /** Of a resumed run, the step it goes on from: TensorBoard then forgets what an earlier file holds of later steps. */
  readonly resumedStep?: number;
}

/** The part of the binding that makes and frees tensors, and runs ops on their handles. */
interface SummaryBinding {
  createTensor(
    shape: readonly number[],
    dtype: number,
    values: Float32Array | Int32Array | Uint8Array[],
  ): number;
  deleteTensor(id: number): void;
  executeOp(
    op: string,
    attributes: readonly { name: string; type: number; value: unknown }[],
    inputs: readonly number[],
    outputs: number,
  ): { id: number }[];
  readonly TF_FLOAT: number;
  readonly TF_INT32: number;
  readonly TF_INT64: number;
  readonly TF_STRING: number;
  readonly TF_ATTR_STRING: number;
  readonly TF_ATTR_TYPE: number;
}

interface TensorSpec {
  readonly dtype: 'TF_FLOAT' | 'TF_INT32' | 'TF_INT64' | 'TF_STRING';
  readonly shape: readonly number[];
  readonly values: Float32Array | Int32Array | Uint8Array[];
}

/** TensorBoard's classes of data: what its pages load eagerly. */
const SCALAR = 1;
const TENSOR = 2;
const BLOB = 3;

const HISTOGRAM_BINS = 30;
const QUEUE = 100;
const FLUSH_MILLISECONDS = 10_000;

let opened = 0;

/**
 * Opens a new event file in `logdir` (made if missing). TensorFlow must be open.
 *
 * @throws if the folder cannot be made or written, with the remedy
 */
export function openSummaryWriter(logdir: string, options: SummaryWriterOptions = {}): SummaryWriter {
  requireWritable(logdir);
  const binding = nodeBackend().binding as unknown as SummaryBinding;
  const run = (op: string, inputs: readonly TensorSpec[], dtype?: number): void => {
    const ids = inputs.map(({ shape, dtype, values }) => binding.createTensor(shape, binding[dtype], values));
    const attributes = dtype === undefined ? [] : [{ name: 'T', type: binding.TF_ATTR_TYPE, value: dtype }];
    try {
      binding.executeOp(op, attributes, [resource(), ...ids], 0);
    } catch (error) {
      const why = (error as Error).message;
      throw new Error(`TensorBoard file in ${logdir}: ${why}. Is the disk full or the folder gone?`, {
        cause: error,
      });
    } finally {
      for (const id of ids) binding.deleteTensor(id);
    }
  };
  const write = (tag: string, step: number, tensor: TensorSpec, metadata: Uint8Array): void =>
    run(
      'WriteSummary',
      [int64(step), tensor, strings([], [tag]), strings([], [metadata])],
      binding[tensor.dtype],
    );

  let handle: number | undefined = binding.executeOp(
    'SummaryWriter',
    [
      { name: 'shared_name', type: binding.TF_ATTR_STRING, value: `${logdir}#${++opened}` },
      { name: 'container', type: binding.TF_ATTR_STRING, value: '' },
    ],
    [],
    1,
  )[0]!.id;
  const resource = (): number => {
    if (handle === undefined) throw new Error(`the TensorBoard file in ${logdir} is closed already`);
    return handle;
  };
  run('CreateSummaryFileWriter', [
    strings([], [logdir]),
    int32(QUEUE),
    int32(FLUSH_MILLISECONDS),
    strings([], ['.v2']),
  ]);
  const firstStep = options.resumedStep === undefined ? 0 : options.resumedStep + 1;
  run('ImportEvent', [strings([], [startEvent(firstStep)])]);

  return {
    scalar: (tag, value, step) =>
      write(tag, step, floats([], Float32Array.of(value)), metadataOf('scalars', SCALAR)),
    histogram(tag, values, step) {
      const bins = histogramBins(tag, values, HISTOGRAM_BINS);
      write(tag, step, floats([bins.length / 3, 3], bins), metadataOf('histograms', TENSOR));
    },
    image: (tag, { width, height, png }, step) =>
      write(tag, step, strings([3], [String(width), String(height), png]), metadataOf('images', BLOB)),
    text: (tag, markdown, step) => write(tag, step, strings([1], [markdown]), metadataOf('text', TENSOR)),
    prCurve(tag, rows, step) {
      const points = rows[0]?.length ?? 0;
      if (rows.length !== 6 || rows.some((row) => row.length !== points)) {
        throw new Error(`PR curve '${tag}': six equally long rows are needed`);
      }
      write(
        tag,
        step,
        floats([6, points], Float32Array.from(rows.flat())),
        metadataOf('pr_curves', TENSOR, varintField(2, points)),
      );
    },
    hparams(settings, metricTags) {
      for (const [tag, content] of hparamsMessages(settings, metricTags)) {
        write(tag, 0, floats([0], new Float32Array(0)), metadataOf('hparams', TENSOR, content));
      }
    },
    flush: () => run('FlushSummaryWriter', []),
    close() {
      run('CloseSummaryWriter', []);
      binding.deleteTensor(resource());
      handle = undefined;
    },
  };
}

/** `SummaryMetadata`: plug-in data (name 1, content 2) in field 1, the class of data in field 4. */
function metadataOf(plugin: string, dataClass: number, content: Uint8Array = new Uint8Array(0)): Uint8Array {
  return message(
    bytesField(1, message(bytesField(1, plugin), bytesField(2, content))),
    varintField(4, dataClass),
  );
}

/**
 * `Event` (wall time 1, step 2, session log 7) with the session log's status START. TensorBoard takes every START but the
 * first as a restart, and forgets what came before it at `firstStep` and later.
 */
function startEvent(firstStep: number): Uint8Array {
  return message(
    doubleField(1, Date.now() / 1000),
    varintField(2, firstStep),
    bytesField(7, varintField(1, 1)),
  );
}

/**
 * Counts values into bins of equal width between their extremes.
 *
 * @returns rows [left edge, right edge, count], flat; one row if all values are equal, none if there are no values
 * @throws on NaN or infinite values, naming the tag
 */
export function histogramBins(tag: string, values: Float32Array, bins: number): Float32Array {
  if (values.length === 0) return new Float32Array(0);
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (!Number.isFinite(value))
      throw new Error(`histogram '${tag}': holds ${value}; only finite values can be counted`);
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  if (low === high) return Float32Array.of(low - 0.5, high + 0.5, values.length);
  const rows = new Float32Array(bins * 3);
  const edge = (bin: number) => (bin === bins ? high : low + ((high - low) * bin) / bins);
  for (let bin = 0; bin < bins; bin++) rows.set([edge(bin), edge(bin + 1)], bin * 3);
  for (const value of values) {
    const bin = Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins));
    rows[bin * 3 + 2]!++;
  }
  return rows;
}

function floats(shape: readonly number[], values: Float32Array): TensorSpec {
  return { dtype: 'TF_FLOAT', shape, values };
}

function int32(value: number): TensorSpec {
  return { dtype: 'TF_INT32', shape: [], values: Int32Array.of(value) };
}

/** The binding takes an int64 as two int32, low half first. */
function int64(step: number): TensorSpec {
  if (!Number.isSafeInteger(step) || step < 0)
    throw new Error(`a step is a whole number from 0, not ${step}`);
  return {
    dtype: 'TF_INT64',
    shape: [],
    values: Int32Array.of((step % 2 ** 32) | 0, Math.floor(step / 2 ** 32)),
  };
}

/** Text as UTF-8; bytes pass unharmed. */
function strings(shape: readonly number[], values: readonly (string | Uint8Array)[]): TensorSpec {
  const encoder = new TextEncoder();
  const bytes = values.map((value) => (typeof value === 'string' ? encoder.encode(value) : value));
  return { dtype: 'TF_STRING', shape, values: bytes };
}

function requireWritable(logdir: string): void {
  try {
    mkdirSync(logdir, { recursive: true });
    accessSync(logdir, constants.W_OK);
  } catch (error) {
    throw new Error(
      `cannot write TensorBoard files into ${logdir}: ${(error as Error).message}. ` +
        `Choose another folder or make this one writable`,
      { cause: error },
    );
  }
}
