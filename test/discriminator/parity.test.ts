import { itIsAsItsOriginal } from '../support/parity.ts';

// the large ones, ResNet-50 and Xception, take longer: test/full/parity.test.ts
itIsAsItsOriginal([
  'efficientnet-b0',
  'meso-4',
  'meso-inception-4',
  'mobilenet-v3-large',
  'mobilenet-v3-small',
]);
