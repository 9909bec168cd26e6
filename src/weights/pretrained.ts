/** What a detector says of weights from elsewhere: which there are, and which of its variables each of their tensors is. */
import { nullable, text } from '../config/settings.ts';

/**
 * How a tensor of another framework lies beside the variable that it is for:
 *
 *   same        as it is
 *   conv        [out, in, h, w] → [h, w, in, out]
 *   depthwise   [channels, 1, h, w] → [h, w, channels, 1]
 *   linear      [out, in] → [in, out]
 */
export type Layout = 'same' | 'conv' | 'depthwise' | 'linear';

/** The detector's variable that a tensor is for. */
export interface Place {
  readonly variable: string;
  readonly layout: Layout;
}

/**
 * From a tensor's name in a file to its place; 'unused' for what the detector has no use for (counters of batches, the head of other
 * classes); undefined for a name that the architecture does not have.
 */
export type Naming = (tensor: string) => Place | 'unused' | undefined;

/** The weights that a detector can start from. */
export interface Pretrained {
  /** What `discriminator.weights=imagenet` stands for, a name that `npm run weights` takes; null where there are none. */
  readonly imagenet: string | null;
  /** Of PyTorch's names, in files of .pth and .safetensors. */
  readonly torch: Naming;
  /** Whether a variable keeps its random start, because no weights from elsewhere are for it: the head's. */
  readonly ownStart: (variable: string) => boolean;
}

/** Of a detector whose head is `logits` and that has no published weights here: files by PyTorch's names. */
export function fromTorch(torch: Naming): () => Pretrained {
  return () => ({ imagenet: null, torch, ownStart: (variable) => variable.startsWith('logits/') });
}

/** `discriminator.weights` of a detector with `pretrained`. */
export const weightsSetting = nullable(
  text(
    'What the detector starts from: null: random weights; imagenet: the published weights that `npm run weights` fetches; or a file: a PyTorch state dict (.pth or .safetensors), or what `npm run export` wrote. Read once, at the start of a new run.',
  ),
);
