/** Any detector as a graph that plain TensorFlow.js loads, by writing down what it does. */
import * as tf from '@tensorflow/tfjs';
import { INFERENCE, type Discriminator } from './discriminator/discriminator.ts';
import { writeTfjsFolder } from './reports/tfjs-folder.ts';
import { graphModel, type GraphModel } from './tensorflow/graph-model.ts';
import { withPlainKernels } from './tensorflow/kernels.ts';
import { record } from './tensorflow/recorder.ts';
import { UnrecordableError, type Recording } from './tensorflow/recording.ts';

/** Two batches of different sizes show what of a graph is the batch's size; of one image it could be anything. */
const BATCHES = [2, 3] as const;

/**
 * Writes a folder that `tf.loadGraphModel` reads: images [N, size, size, 3] → logits [N, 2], float32, for any N.
 *
 * @param detector of float32; TensorFlow's engine must be open
 * @param metadata under `userDefinedMetadata` of model.json
 * @throws naming the detector, if it does what no graph repeats, such as reading values back, or does different things for batches of different sizes
 */
export function writeDetectorGraph(
  folder: string,
  detector: Discriminator,
  imageSize: number,
  metadata: Readonly<Record<string, string>>,
): void {
  const { nodes, constants, signature } = detectorGraph(detector, imageSize);
  writeTfjsFolder(folder, {
    format: 'graph-model',
    modelTopology: { node: nodes, versions: {} },
    weightSpecs: constants.map(({ name, shape, dtype }) => ({ name, shape: [...shape], dtype })),
    weights: Buffer.concat(constants.map(({ bytes }) => bytes)),
    signature,
    metadata,
  });
}

function detectorGraph(detector: Discriminator, imageSize: number): GraphModel {
  const names = new Map([...detector.state].map(([name, variable]) => [variable, name]));
  const recorded = (batch: number): Recording => {
    const images: tf.Tensor4D = tf.zeros([batch, imageSize, imageSize, 3]);
    try {
      return record([images], () => [tf.tidy(() => detector.logits(images, INFERENCE))]);
    } finally {
      images.dispose();
    }
  };
  try {
    const [first, second] = withPlainKernels(() => BATCHES.map(recorded)) as [Recording, Recording];
    return graphModel([first, second], {
      input: 'images',
      output: { name: 'logits', shape: [-1, 2] },
      variable: (variable) => names.get(variable) ?? variable.name,
    });
  } catch (error) {
    if (!(error instanceof UnrecordableError)) throw error;
    throw new Error(
      `detector ${detector.name} cannot be written as a graph for batches of any size: ${error.message}. Export it with format=safetensors`,
      { cause: error },
    );
  }
}
