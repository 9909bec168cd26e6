/** A tf.layers model as the two files that `tf.loadLayersModel` reads. */
import path from 'node:path';
import type { io, LayersModel } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { writeFileAtomic } from './files.ts';

const WEIGHTS = 'weights.bin';

/**
 * Writes `weights.bin` and then `model.json` into a folder, which is made: where the second lies, both are whole.
 *
 * @param model of stock layers, or whoever loads it must know the others
 * @param metadata under `userDefinedMetadata` of model.json
 */
export async function writeLayersModel(
  folder: string,
  model: LayersModel,
  metadata: Readonly<Record<string, string>>,
): Promise<void> {
  const save = (artifacts: io.ModelArtifacts): Promise<io.SaveResult> => {
    const weights = tf.io.CompositeArrayBuffer.join(artifacts.weightData);
    writeFileAtomic(path.join(folder, WEIGHTS), Buffer.from(weights));
    const json = {
      format: 'layers-model',
      generatedBy: 'deepfake-game',
      convertedBy: null,
      modelTopology: artifacts.modelTopology,
      weightsManifest: [{ paths: [WEIGHTS], weights: artifacts.weightSpecs }],
      userDefinedMetadata: metadata,
    };
    writeFileAtomic(path.join(folder, 'model.json'), `${JSON.stringify(json)}\n`);
    return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
  };
  await model.save(tf.io.withSaveHandler(save));
}
