export { cacheFolder } from './cache-folder.mjs';
