/** torchvision's names for the tensors of a MobileNetV3. */
import type { Naming } from '../../weights/pretrained.ts';
import { entry, layer, namingOf, type NamedLayer } from './naming.ts';

const CLASSIFIER: Readonly<Record<string, NamedLayer>> = {
  'classifier.0': layer('hidden', 'linear'),
  'classifier.3': layer('logits', 'linear'),
};

/** The two parts of a convolution with batch norm: `0` and `1`. */
const inConvolution = (name: string, convolution: NamedLayer, part: string): NamedLayer | undefined =>
  entry({ '0': convolution, '1': layer(`${name}_bn`, 'norm') }, part);

/** From torchvision's names to those of `mobilenet-v3-large`. */
export const mobileNetV3LargeNames = mobileNetV3TorchvisionNames(15);

/** From torchvision's names to those of `mobilenet-v3-small`. */
export const mobileNetV3SmallNames = mobileNetV3TorchvisionNames(11);

/** @param blocks lines of the paper's table */
function mobileNetV3TorchvisionNames(blocks: number): Naming {
  return namingOf((module) => {
    const [, number, rest] = /^features\.(\d+)\.(.+)$/.exec(module) ?? [];
    if (number === undefined) return entry(CLASSIFIER, module);
    const at = Number(number);
    if (at === 0) return inConvolution('stem', layer('stem_conv', 'conv'), rest!);
    if (at === blocks + 1) return inConvolution('head', layer('head_conv', 'conv'), rest!);
    return at <= blocks ? inBlock(`block${at}`, at === 1, rest!) : undefined;
  });
}

/** Within a block's list: a convolution that widens, but for the first block; depthwise; squeeze and excitation or none; one that narrows. */
function inBlock(name: string, first: boolean, rest: string): NamedLayer | undefined {
  const [, place, part = ''] = /^block\.(\d)\.(\w+)$/.exec(rest) ?? [];
  if (part === 'fc1') return layer(`${name}_squeeze`, 'conv');
  if (part === 'fc2') return layer(`${name}_excite`, 'conv');
  switch (Number(place) + (first ? 1 : 0)) {
    case 0:
      return inConvolution(`${name}_expand`, layer(`${name}_expand_conv`, 'conv'), part);
    case 1:
      return inConvolution(name, layer(`${name}_depthwise`, 'depthwise'), part);
    case 2:
    case 3:
      return inConvolution(`${name}_project`, layer(`${name}_project_conv`, 'conv'), part);
    default:
      return undefined;
  }
}
