import { join } from 'node:path';
import { createFolder } from '../../src/data/folder.ts';
import { picture, put, temporaryFolder } from '../data/image-files.ts';
import { itIsADataset } from './dataset.ts';

describe('conformance: dataset', () => {
  const folder = temporaryFolder();
  const context = { cacheFolder: '', seed: 5, progress: (): void => undefined };
  const settings = {
    size: 16,
    val_fraction: 0.2,
    test_fraction: 0.2,
    unit: 'video',
    check: 'header',
  } as const;

  describe('folder, pairs of frames', () => {
    before(async () => {
      for (const [k, kind] of ['real', 'blend', 'swap'].entries()) {
        for (let i = 0; i < 16; i++) {
          await put(
            join(folder.path(), 'frames', kind, `v${i >> 1}`, `${i}.jpg`),
            picture(100 * k + i, 24).jpeg(),
          );
        }
      }
      await put(join(folder.path(), 'frames', 'swap', 'v0', 'broken.jpg'), 'text');
    });
    itIsADataset(() => createFolder({ ...settings, path: join(folder.path(), 'frames') }, context));
  });

  describe('folder, given splits, single files', () => {
    before(async () => {
      for (const [k, kind] of ['train/0_real', 'train/1_fake', 'val/0_real', 'val/1_fake'].entries()) {
        for (let i = 0; i < 3; i++)
          await put(join(folder.path(), 'given', kind, `${i}.png`), picture(10 * k + i, 24).png());
      }
    });
    itIsADataset(() =>
      createFolder({ ...settings, unit: 'file', path: join(folder.path(), 'given') }, context),
    );
  });
});
