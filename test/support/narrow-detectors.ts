/** Wide published networks by their own factories, but narrow, so that a test of their form is quick. */
import { mobileNetV3 } from '../../src/discriminator/mobilenet-v3.ts';
import { resNet } from '../../src/discriminator/resnet.ts';
import { xceptionOf } from '../../src/discriminator/xception.ts';

export const narrowMobileNet = mobileNetV3(
  'narrow',
  {
    stem: 8,
    lines: [
      [3, 8, 8, true, 'relu', 1],
      [5, 24, 16, true, 'hard-swish', 2],
    ],
    head: [24, 12],
  },
  () => undefined,
);

export const narrowResNet = resNet('narrow', { width: 4, blocks: [1, 1] });

export const narrowXception = xceptionOf('narrow', {
  stem: [4, 6],
  entry: [8, 10],
  middle: 1,
  exit: [10, 12, 14, 16],
});
