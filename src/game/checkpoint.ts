/**
 * Checkpoints: both players, their optimisers, random counters and the data position, in one safetensors file, so that a resumed run ends
 * bit-identical to one that never stopped. Written beside and renamed: a kill at any moment leaves the last whole one.
 */
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
  openSync,
  fsyncSync,
  closeSync,
} from 'node:fs';
import path from 'node:path';
import type * as tf from '@tensorflow/tfjs';
import {
  decodeSafeTensors,
  encodeSafeTensors,
  type NamedArray,
  type SafeTensors,
} from '../ops/safetensors.ts';

/** Raised when the meaning of a checkpoint's contents changes. */
const FORMAT = 1;

/** Everything of a game that changes while it is played. */
export interface GameState {
  /** Variables by group and name: `detector/block1_conv/kernel`, `optimizer_d/m`. */
  readonly variables: ReadonlyMap<string, tf.Variable>;
  /** Counters by name: rounds played, optimiser updates, random draws. Safe integers. */
  readonly counters: Readonly<Record<string, number>>;
  /** Names of the players and the like, which must agree when it is loaded. */
  readonly identity: Readonly<Record<string, string>>;
  /** Notes that need not agree: the score on val that it was chosen by, the config as YAML. */
  readonly notes: Readonly<Record<string, string>>;
}

/** Writes a checkpoint atomically. Throws, naming the file and the remedy, if the disk refuses it. */
export function saveCheckpoint(file: string, state: GameState): void {
  const tensors = new Map<string, NamedArray>();
  for (const [name, variable] of state.variables) {
    const values = variable.dataSync<'float32'>();
    if (!values.every(Number.isFinite)) {
      throw new Error(
        `${file} was not written: ${name} holds NaN or infinity. Lower the learning rate; earlier checkpoints are good`,
      );
    }
    tensors.set(name, { shape: variable.shape, values });
  }
  const metadata = {
    format: `deepfake-game checkpoint ${FORMAT}`,
    counters: JSON.stringify(state.counters),
    identity: JSON.stringify(state.identity),
    notes: JSON.stringify(state.notes),
  };
  const bytes = encodeSafeTensors({ tensors, metadata });
  const partial = `${file}.partial`;
  try {
    mkdirSync(path.dirname(file), { recursive: true });
    const handle = openSync(partial, 'w');
    try {
      writeFileSync(handle, bytes);
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(partial, file);
  } catch (error) {
    // asked for first: where the folder itself is the trouble, removing fails too and would hide why
    if (existsSync(partial)) {
      rmSync(partial);
    }
    throw new Error(
      `cannot write checkpoint ${file}: ${(error as Error).message}. Free space or choose another run.dir; earlier checkpoints are untouched`,
      { cause: error },
    );
  }
}

export interface LoadedCheckpoint {
  readonly file: string;
  readonly tensors: SafeTensors['tensors'];
  readonly counters: Readonly<Record<string, number>>;
  readonly identity: Readonly<Record<string, string>>;
  readonly notes: Readonly<Record<string, string>>;
}

/** Reads a checkpoint; throws, naming the file, if it is damaged or of another version. */
export function readCheckpoint(file: string): LoadedCheckpoint {
  let bytes: Uint8Array;
  try {
    bytes = readFileSync(file);
  } catch (error) {
    throw new Error(`cannot read checkpoint ${file}: ${(error as Error).message}`, { cause: error });
  }
  const { tensors, metadata } = decodeSafeTensors(bytes, file);
  const expected = `deepfake-game checkpoint ${FORMAT}`;
  if (metadata['format'] !== expected) {
    throw new Error(
      `${file} is ${metadata['format'] ?? 'no checkpoint of this program'}, and this version reads ${expected}: train anew or use the version that wrote it`,
    );
  }
  const part = <T>(name: string): T => {
    try {
      return JSON.parse(metadata[name]!) as T;
    } catch (error) {
      throw new Error(`${file} is damaged: its ${name} are missing or no JSON`, { cause: error });
    }
  };
  return { file, tensors, counters: part('counters'), identity: part('identity'), notes: part('notes') };
}

/**
 * Puts a checkpoint's tensors into variables. Nothing is changed unless everything fits: names, shapes, types, finite values, and no
 * tensor of the same groups left over, which a larger model would have.
 *
 * @param identity what the running game is; every key must have the checkpoint's value
 */
export function restore(
  checkpoint: LoadedCheckpoint,
  variables: ReadonlyMap<string, tf.Variable>,
  identity: Readonly<Record<string, string>>,
  tensor: (values: Float32Array, shape: number[]) => tf.Tensor,
): void {
  for (const [key, value] of Object.entries(identity)) {
    if (checkpoint.identity[key] !== value) {
      throw new Error(
        `${checkpoint.file} holds ${key} '${checkpoint.identity[key] ?? 'none'}', this run has '${value}': use the config that it was trained with`,
      );
    }
  }
  for (const [name, variable] of variables) {
    const saved = checkpoint.tensors.get(name);
    if (saved === undefined) {
      throw new Error(`${checkpoint.file} has no tensor ${name}: it is of another model`);
    }
    if (saved.shape.join() !== variable.shape.join()) {
      throw new Error(
        `${checkpoint.file}: tensor ${name} has shape [${saved.shape.join(', ')}], the model wants [${variable.shape.join(', ')}]`,
      );
    }
    if (!(saved.values instanceof Float32Array)) {
      throw new Error(`${checkpoint.file}: tensor ${name} holds integers, the model wants float32`);
    }
    if (!saved.values.every(Number.isFinite)) {
      throw new Error(`${checkpoint.file}: tensor ${name} holds NaN or infinity`);
    }
  }
  const groups = new Set([...variables.keys()].map(groupOf));
  for (const name of checkpoint.tensors.keys()) {
    if (groups.has(groupOf(name)) && !variables.has(name)) {
      throw new Error(
        `${checkpoint.file} has a tensor ${name} that this model lacks: it is of another model`,
      );
    }
  }
  for (const [name, variable] of variables) {
    const saved = checkpoint.tensors.get(name)!;
    const value = tensor(saved.values as Float32Array, [...saved.shape]);
    variable.assign(value);
    value.dispose();
  }
}

function groupOf(name: string): string {
  return name.slice(0, name.indexOf('/'));
}

/** File name of the checkpoint after `step` rounds. */
export function checkpointName(step: number): string {
  return `step-${String(step).padStart(7, '0')}.safetensors`;
}

/** The checkpoints of a folder, oldest first; half-written ones are not among them. */
export function listCheckpoints(folder: string): readonly string[] {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') {
      return []; // no folder: nothing was saved yet
    }
    throw new Error(`cannot list checkpoints in ${folder}: ${(error as Error).message}`, { cause: error });
  }
  const stepOf = (name: string): number => Number(/^step-(\d+)\.safetensors$/.exec(name)?.[1]);
  return names
    .filter((name) => Number.isSafeInteger(stepOf(name)))
    .sort((a, b) => stepOf(a) - stepOf(b))
    .map((name) => path.join(folder, name));
}

/** Removes all but the newest `keep` checkpoints of a folder. Throws unless `keep` is at least 1. */
export function pruneCheckpoints(folder: string, keep: number): void {
  if (!Number.isSafeInteger(keep) || keep < 1) {
    throw new Error(`at least one checkpoint must be kept, not ${keep}`);
  }
  listCheckpoints(folder)
    .slice(0, -keep)
    .forEach((file) => rmSync(file, { force: true }));
}
