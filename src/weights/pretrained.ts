/** What a detector says of weights from elsewhere: which there are, and which of its variables each of their tensors is. */
import { nullable, text } from '../config/settings.ts';

/**
 * How a tensor of another framework lies beside the variable that it is for:
 *
 *   same        as it is
 *   conv        [out, in, h, w] → [h, w, in, out]
 *   depthwise   [channels, 1, h, w] → [h, w, channels, 1]
 *   linear      [out, in] → [in, out]
 *   pointwise   a 1×1 convolution of Keras's for a linear layer: [1, 1, in, out] → [in, out]
 *   real-unit   z, the logit of "real" that a single sigmoid was put on → the logits z / 2 of real and −z / 2 of fake: […, 1] → […, 2]
 */
export type Layout = 'same' | 'conv' | 'depthwise' | 'linear' | 'pointwise' | 'real-unit';

/** The detector's variable that a tensor is for. */
export interface Place {
  readonly variable: string;
  readonly layout: Layout;
}

/** A tensor that is part of what the detector is and no variable of it. */
export interface Constant {
  /** Its values, to 1e-4. */
  readonly equals: readonly number[];
  /** What a file with others is, for the message. */
  readonly otherwise: string;
}

/** Why a file with such a tensor is none for the detector. */
export interface Refusal {
  readonly refused: string;
}

/**
 * From a tensor's name in a file to its place; 'unused' for what the detector has no use for (counters of batches, the head of other
 * classes); undefined for a name that the architecture does not have.
 */
export type Naming = (tensor: string) => Place | Constant | Refusal | 'unused' | undefined;

/** The naming of a file, by the names of all its tensors: Keras numbers the layers that nobody named, from where it happens to be. */
export type NamingOfFile = (tensors: readonly string[]) => Naming;

/** Whose weights they are. */
export type Framework = 'torch' | 'keras';

/** The weights that a detector can start from. */
export interface Pretrained {
  /** What `discriminator.weights=imagenet` stands for, a name that `npm run weights` takes; null where there are none. */
  readonly imagenet: string | null;
  /** Of PyTorch's names, in files of .pth and .safetensors; null where there is no such network. */
  readonly torch: Naming | null;
  /** Of Keras's, in .h5, .weights.h5 and .keras; left out where there is no such network. */
  readonly keras?: NamingOfFile;
  /** Settings, as overrides, by which the detector would be the function that a framework's weights are of, and is not. */
  readonly unlike?: Readonly<Record<Framework, readonly string[]>>;
  /** Whether a variable keeps its random start, because no weights from elsewhere are for it: the head's. */
  readonly ownStart: (variable: string) => boolean;
}

/** Of a detector whose head is `logits` and that has no published weights here: files by PyTorch's names. */
export function fromTorch(torch: Naming): () => Pretrained {
  return () => ({ imagenet: null, torch, ownStart: (variable) => variable.startsWith('logits/') });
}

/** A network of another framework. */
export interface Original<Names> {
  readonly names: Names;
  /** The settings by which the detector is the same function. */
  readonly is: Readonly<Record<string, unknown>>;
}

/** The same of a detector with settings that make it one framework's network or the other's. */
export function fromTorchOrKeras(
  torch: Original<Naming>,
  keras: Original<NamingOfFile>,
): (settings: Readonly<Record<string, unknown>>) => Pretrained {
  return (settings) => ({
    ...fromTorch(torch.names)(),
    keras: keras.names,
    unlike: { torch: unlike(settings, torch.is), keras: unlike(settings, keras.is) },
  });
}

/** The overrides that would make settings what they should be. */
export function unlike(
  settings: Readonly<Record<string, unknown>>,
  wanted: Readonly<Record<string, unknown>>,
): readonly string[] {
  return Object.entries(wanted)
    .filter(([key, value]) => settings[key] !== value)
    .map(([key, value]) => `discriminator.${key}=${String(value)}`);
}

/** `discriminator.weights` of a detector with `pretrained`. */
export const weightsSetting = nullable(
  text(
    'What the detector starts from: null: random weights; imagenet: the published weights that `npm run weights` fetches; or a file: a PyTorch state dict (.pth or .safetensors), Keras weights (.h5, .weights.h5 or .keras), or what `npm run export` wrote. Read once, at the start of a new run.',
  ),
);
