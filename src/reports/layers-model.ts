/** A tf.layers model as the folder that `tf.loadLayersModel` reads. */
import type { io, LayersModel } from '@tensorflow/tfjs';
import * as tf from '@tensorflow/tfjs';
import { writeTfjsFolder } from './tfjs-folder.ts';

/**
 * Writes a model as `writeTfjsFolder` does.
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
    writeTfjsFolder(folder, {
      format: 'layers-model',
      modelTopology: artifacts.modelTopology as object,
      weightSpecs: artifacts.weightSpecs!,
      weights: new Uint8Array(tf.io.CompositeArrayBuffer.join(artifacts.weightData)),
      metadata,
    });
    return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(0), modelTopologyType: 'JSON' } });
  };
  await model.save(tf.io.withSaveHandler(save));
}
