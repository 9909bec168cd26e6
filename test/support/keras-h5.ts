/** Keras's networks on weights by formula: what test/fixtures/weights/regenerate_keras.py tells of them, and their files, written again. */
import { readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import type { NamedArray } from '../../src/ops/safetensors.ts';
import { hashed } from '../bench/hashed.ts';
import { formulaValue } from './torch-weights.ts';

export interface KerasCase {
  readonly network: string;
  readonly size: number;
  readonly batch: number;
  readonly tensors: readonly (readonly [name: string, shape: readonly number[]])[];
  /** Of two classes; Meso's single one before its sigmoid. */
  readonly logits: readonly (readonly number[])[];
}

const CASES = JSON.parse(
  readFileSync(new URL('../fixtures/weights/keras.json', import.meta.url), 'utf8'),
) as readonly KerasCase[];

export function kerasCase(network: string): KerasCase {
  return CASES.find((each) => each.network === network)!;
}

const IMAGES = 1000;

/** [N, size, size, 3] in [0, 1]. */
export function imagesOf({ batch, size }: KerasCase): tf.Tensor4D {
  return tf.tensor4d(hashed(IMAGES, batch * size * size * 3), [batch, size, size, 3]);
}

/** The published numbers of EfficientNet's layer in front. */
const NORMALIZATION: Readonly<Record<string, readonly number[]>> = {
  'normalization/mean': [0.485, 0.456, 0.406],
  'normalization/variance': [0.229, 0.224, 0.225],
  'normalization/count': [0],
};

/** The tensors by their names in the file. */
export function tensorsOf({ tensors }: KerasCase): Map<string, NamedArray> {
  return new Map(
    tensors.map(([name, shape], at) => {
      const fixed = NORMALIZATION[name];
      const spatial = shape.length === 4 && shape[3] === 1;
      const fanIn = tf.util.sizeFromShape(shape.slice(0, spatial ? 2 : -1));
      const values = fixed === undefined ? formulaValue(name, shape, at, fanIn) : Float32Array.from(fixed);
      return [name, { shape, values }];
    }),
  );
}

const FILE = '/written.h5';

/**
 * A file as Keras 2 writes weights alone, by the library that reads it.
 *
 * @param tensors by `LAYER/WEIGHT`
 */
export async function writtenH5(tensors: ReadonlyMap<string, NamedArray>): Promise<Uint8Array> {
  const library = await import('h5wasm');
  const { FS } = await library.ready;
  const file = new library.File(FILE, 'w');
  const names = [...tensors.keys()];
  const layerOf = (name: string): string => name.slice(0, name.lastIndexOf('/'));
  const layers = [...new Set(names.map(layerOf))];
  file.create_attribute('layer_names', layers);
  for (const layer of layers) {
    const own = names.filter((name) => layerOf(name) === layer);
    file.create_group(layer);
    const group = file.get(layer) as InstanceType<typeof library.Group>;
    group.create_attribute(
      'weight_names',
      own.map((name) => `${name}:0`),
    );
    group.create_group(layer);
    for (const name of own) {
      const { shape, values } = tensors.get(name)!;
      group.create_dataset({ name: `${name}:0`, data: values, shape: [...shape], dtype: '<f4' });
    }
  }
  file.close();
  const bytes = FS.readFile(FILE);
  FS.unlink(FILE);
  return bytes;
}
