/** Keras's names for the layers of Xception (`keras.applications.Xception`). */
import { entry, layer, namingOf, type NamedLayer } from './naming.ts';

const OUTSIDE: Readonly<Record<string, NamedLayer>> = {
  block1_conv1: layer('stem1_conv', 'conv'),
  block1_conv1_bn: layer('stem1_bn', 'norm'),
  block1_conv2: layer('stem2_conv', 'conv'),
  block1_conv2_bn: layer('stem2_bn', 'norm'),
  block14_sepconv1: layer('exit1', 'separable'),
  block14_sepconv1_bn: layer('exit1_bn', 'norm'),
  block14_sepconv2: layer('exit2', 'separable'),
  block14_sepconv2_bn: layer('exit2_bn', 'norm'),
  predictions: layer('logits', 'linear'),
};

/** The blocks of ours with a convolution beside them, which Keras's has no names for, in their order. */
const PROJECTED = [1, 2, 3, 12];

/** From Keras's names to those of `xception`; linear layers without names are another head. */
export const xceptionKerasNames = namingOf((of) => {
  if (typeof of !== 'string') {
    if (of.of === 'linear') return 'unused';
    const block = PROJECTED[of.number - 1];
    return block === undefined
      ? undefined
      : layer(`block${block}_projection_${of.of === 'conv' ? 'conv' : 'bn'}`, of.of);
  }
  const inBlock = /^block(\d+)_sepconv([1-3])(_bn|)$/.exec(of);
  const outside = entry(OUTSIDE, of);
  if (outside !== undefined || inBlock === null) return outside;
  const name = `block${Number(inBlock[1]) - 1}_sep${inBlock[2]}`;
  return inBlock[3] === '' ? layer(name, 'separable') : layer(`${name}_bn`, 'norm');
});
