/** A model as the two files that plain TensorFlow.js loads. */
import path from 'node:path';
import type { io } from '@tensorflow/tfjs';
import { writeFileAtomic } from './files.ts';

const WEIGHTS = 'weights.bin';

export interface TfjsModel {
  readonly format: 'layers-model' | 'graph-model';
  readonly modelTopology: object;
  readonly weightSpecs: readonly io.WeightsManifestEntry[];
  /** The weights' bytes one after the other. */
  readonly weights: Uint8Array;
  /** Of a graph: its inputs and outputs. */
  readonly signature?: object;
  /** Under `userDefinedMetadata` of model.json. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** Writes `weights.bin` and then `model.json` into a folder, which is made: where the second lies, both are whole. */
export function writeTfjsFolder(folder: string, { weights, weightSpecs, ...model }: TfjsModel): void {
  writeFileAtomic(path.join(folder, WEIGHTS), weights);
  const { format, modelTopology, signature, metadata } = model;
  const json = {
    format,
    generatedBy: 'deepfake-game',
    convertedBy: null,
    modelTopology,
    weightsManifest: [{ paths: [WEIGHTS], weights: weightSpecs }],
    ...(signature === undefined ? {} : { signature }),
    userDefinedMetadata: metadata,
  };
  writeFileAtomic(path.join(folder, 'model.json'), `${JSON.stringify(json)}\n`);
}
