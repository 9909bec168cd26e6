/** Reads a file of weights, whatever wrote it. */
import { readFile } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { decodeSafeTensors, type NamedArray } from '../ops/safetensors.ts';
import { isKerasFile, readKerasFile } from './keras-file.ts';
import type { Framework } from './pretrained.ts';
import { isTorchFile, readTorchFile } from './torch-file.ts';

export interface WeightsFile {
  readonly file: string;
  readonly tensors: ReadonlyMap<string, NamedArray>;
  /** Whose names the tensors have: a framework's, or this program's own (`npm run export`). */
  readonly namedBy: Framework | 'own';
  /** The detector's name in an export of this program's; null in others. */
  readonly architecture: string | null;
  readonly sha256: string;
}

/**
 * Reads a file of weights. What it is, its first bytes say, not its name.
 *
 * @param remedy what helps if it is missing, for the message
 * @throws naming the file, if it is missing, of no known format, or damaged
 */
export async function readWeights(file: string, remedy: string): Promise<WeightsFile> {
  const bytes = await readFile(file).catch((cause: Error) => {
    throw new Error(`cannot read the weights ${file}: ${cause.message}. ${remedy}`, { cause });
  });
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  if (isKerasFile(bytes)) {
    const tensors = await readKerasFile(bytes, file);
    return { file, tensors, namedBy: 'keras', architecture: null, sha256 };
  }
  if (isTorchFile(bytes)) {
    return { file, tensors: readTorchFile(bytes, file), namedBy: 'torch', architecture: null, sha256 };
  }
  const { tensors, metadata } = decodeSafeTensors(bytes, file);
  const own = metadata['format']?.startsWith('deepfake-game detector ') === true;
  const architecture = own ? (metadata['architecture'] ?? '') : null;
  return { file, tensors, namedBy: own ? 'own' : 'torch', architecture, sha256 };
}
