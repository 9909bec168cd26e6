/** Keras's names for the layers of its ResNets, which are other networks than ours. */
import type { NamingOfFile } from '../../weights/pretrained.ts';

const REFUSED =
  "is of Keras's ResNet, which is not this network: it has biases in its convolutions and the stride in the first 1×1 of a block (version 1) or the normalisation before the convolutions (version 2), where this one is version 1.5: take the weights of torchvision or timm";

/** Refuses what `keras.applications` calls its ResNets' layers. */
export const resNetKerasNames: NamingOfFile = () => (tensor) =>
  /^(conv[1-5]_|bn[2-5]|res[2-5]|bn_conv1|conv1\/|post_)/.test(tensor) ? { refused: REFUSED } : undefined;
