/**
 * Keras's files of weights, without Python: HDF5 as Keras 1, 2 and 3 write it (`.h5`: weights or a whole model), Keras 3's `.weights.h5`, and `.keras`, an
 * archive with such a file in it. Only names and numbers are read: no configuration is looked at, so nothing in a file can be executed.
 */
import type { NamedArray } from '../ops/safetensors.ts';
import { isHdf5, readHdf5, type Hdf5 } from './hdf5.ts';
import { storedEntries } from './zip-entries.ts';

/**
 * The tensors by `LAYER/WEIGHT`: the layer's own name also where it lies in a model within the model; the weight's name, or in Keras 3's own format, which
 * has none, its place in the layer, from 0. What an optimiser, metrics or a random generator keep is left out. Floats are float32, integers int32, row-major.
 *
 * @throws naming the place, if the file is cut off or damaged, has no weights of Keras's, links, compressed or foreign data, or two tensors of one name
 */
export async function kerasTensors(bytes: Uint8Array): Promise<Map<string, NamedArray>> {
  return readHdf5(isHdf5(bytes) ? bytes : weightsWithin(bytes), (file) => {
    const tensors = new Map<string, NamedArray>();
    for (const [name, path] of namedPaths(file)) {
      if (tensors.has(name)) throw new Error(`it has two tensors ${name}`);
      tensors.set(name, file.array(path));
    }
    return tensors;
  });
}

/** The file of weights in a `.keras`. */
const WEIGHTS = 'model.weights.h5';

function weightsWithin(bytes: Uint8Array): Uint8Array {
  const weights = storedEntries(bytes).get(WEIGHTS);
  if (weights === undefined || !isHdf5(weights)) throw new Error(`the archive has no ${WEIGHTS}`);
  return weights;
}

type NamedPath = readonly [name: string, path: string];

function namedPaths(file: Hdf5): readonly NamedPath[] {
  const top = file.names('');
  if (top.includes('model_weights')) return byAttributes(file, 'model_weights');
  if (texts(file, '', 'layer_names') !== null) return byAttributes(file, '');
  if (top.includes('layers')) return [...byFolders(file, '', 0)];
  throw new Error('it is HDF5, but has neither layer_names, nor model_weights, nor layers');
}

/** Keras 1 and 2, and Keras 3 under `.h5`: attributes tell the layers in order, and each layer's tensors in order. */
function byAttributes(file: Hdf5, root: string): readonly NamedPath[] {
  const within = (...parts: string[]): string => [root, ...parts].filter((part) => part !== '').join('/');
  const layers = texts(file, root, 'layer_names');
  if (layers === null) throw new Error(`${root} has no layer_names`);
  const own = file.names(root).includes(OF_MODEL) ? [OF_MODEL] : [];
  return [...layers, ...own].flatMap((layer) => {
    const weights = texts(file, within(layer), 'weight_names');
    if (weights === null) throw new Error(`the layer ${layer} has no weight_names`);
    const places = weights.map((weight) => placeOf(layer, weight));
    const nested = new Set(places.map(({ scope }) => scope)).size > 1;
    return places.map(({ scope, last }, i): NamedPath => {
      const name = nested ? scope.split('/').at(-1)! : layer;
      return [`${name}/${last}`, within(layer, weights[i]!)];
    });
  });
}

/** Where Keras 2 and 3 keep the weights of a model that are no layer's. */
const OF_MODEL = 'top_level_model_weights';

/** `SCOPE/WEIGHT:0`; Keras 1 wrote `LAYER_WEIGHT:0`. Weights of a model within the model have several scopes. */
function placeOf(layer: string, weight: string): { readonly scope: string; readonly last: string } {
  const name = weight.replace(/:\d+$/, '');
  const at = name.lastIndexOf('/');
  if (at >= 0) return { scope: name.slice(0, at), last: name.slice(at + 1) };
  return { scope: layer, last: name.startsWith(`${layer}_`) ? name.slice(layer.length + 1) : name };
}

/** A list in an attribute, or where it was too long for one, in several with a number behind. */
function texts(file: Hdf5, path: string, attribute: string): readonly string[] | null {
  const whole = file.texts(path, attribute);
  if (whole !== null) return whole;
  const parts: string[] = [];
  for (let i = 0; ; i++) {
    const part = file.texts(path, `${attribute}${i}`);
    if (part === null) return i === 0 ? null : parts;
    parts.push(...part);
  }
}

/** What Keras keeps in a file beside weights. */
const BESIDE = ['optimizer', 'seed_generator'];
/** Deepest group; a file's groups could hold themselves. */
const DEEPEST = 16;

/** Keras 3: each `vars` holds the tensors of the group that it is in, by number, and says the layer's name. */
function* byFolders(file: Hdf5, path: string, depth: number): Generator<NamedPath> {
  if (depth > DEEPEST) throw new Error(`its groups are deeper than ${DEEPEST}`);
  for (const name of file.names(path)) {
    const inner = path === '' ? name : `${path}/${name}`;
    if (BESIDE.includes(name)) continue;
    if (!file.isGroup(inner)) throw new Error(`${inner} is a tensor of no layer`);
    if (name !== 'vars') {
      yield* byFolders(file, inner, depth + 1);
      continue;
    }
    const numbers = file.names(inner);
    const [layer] = file.texts(inner, 'name') ?? [];
    if (layer === undefined && numbers.length > 0) {
      throw new Error(
        `${inner} does not say which layer's it is, as an older Keras 3 wrote it: save the weights again as .h5`,
      );
    }
    for (const number of numbers) yield [`${layer}/${number}`, `${inner}/${number}`];
  }
}
