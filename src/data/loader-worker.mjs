// The first file of the loader's worker. Node 20 does not load a worker's first file through the hooks that `--import tsx`
// registers, so this one is JavaScript: it registers them, for import and require, and goes on in TypeScript.
import { register as registerRequire } from 'tsx/cjs/api';
import { register as registerImport } from 'tsx/esm/api';

registerRequire();
registerImport();
await import('./loader-worker.ts');
