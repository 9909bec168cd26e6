import { itIsAsKerasSays } from '../support/keras-parity.ts';

itIsAsKerasSays(['xception', 'mobilenet-v3-large']);
