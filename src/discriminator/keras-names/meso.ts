/** The layers of the authors' Keras models of Meso-4 and MesoInception-4 (`classifiers.py` of their release), which have no names. */
import type { NamingOfFile } from '../../weights/pretrained.ts';
import { layer, namingOf } from './naming.ts';

const CONVOLUTIONS = ['block1_conv', 'block2_conv', 'block3_conv', 'block4_conv'];

/** Of an inception module, in the order in which the authors make them. */
const ways = (block: string): string[] => [
  `${block}_way1_first_conv`,
  ...[2, 3, 4].flatMap((way) => [`${block}_way${way}_first_conv`, `${block}_way${way}_conv`]),
];

/** Of `meso-4`. */
export const meso4KerasNames = inOrder(CONVOLUTIONS);

/** Of `meso-inception-4`. */
export const mesoInception4KerasNames = inOrder([
  ...ways('block1'),
  ...ways('block2'),
  ...CONVOLUTIONS.slice(2),
]);

/** The single output is the authors': after its sigmoid, 1 is real and 0 fake. */
function inOrder(convolutions: readonly string[]): NamingOfFile {
  return namingOf((of) => {
    if (typeof of === 'string') return undefined;
    const at = of.number - 1;
    if (of.of === 'linear') {
      return [layer('hidden', 'linear'), layer('logits', 'real-unit')][at];
    }
    if (of.of === 'norm') return layer(`block${at + 1}_bn`, 'norm');
    const own = convolutions[at];
    return own === undefined ? undefined : layer(own, 'conv');
  });
}
