import { itIsAsItsOriginal } from '../support/parity.ts';

itIsAsItsOriginal(['resnet-50', 'xception']);
