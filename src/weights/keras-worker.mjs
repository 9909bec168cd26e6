// The first file of the thread that reads Keras's files: see data/loader-worker.mjs.
import { register as registerRequire } from 'tsx/cjs/api';
import { register as registerImport } from 'tsx/esm/api';

registerRequire();
registerImport();
await import('./keras-worker.ts');
