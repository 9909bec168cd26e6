import { join } from 'node:path';
import type { PUBLIC_CORPORA } from '../../src/data/corpora/index.ts';
import { createFolder } from '../../src/data/folder.ts';
import { openDataset } from '../../src/data/index.ts';
import { createManifest } from '../../src/data/manifest.ts';
import { writeManifest } from '../../src/data/manifest/manifest-file.ts';
import { corpusRows, writePictures } from '../data/manifest/rows.ts';
import { picture, put, temporaryFolder } from '../data/image-files.ts';
import { celebDfTree, dfdcTree, dfdcpTree, dfdTree, ffppTree, writeFrames } from '../support/corpora.ts';
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

  const deal = { val_fraction: 0.25, test_fraction: 0.25, seed: 1 };
  const corpora = {
    ffpp: [ffppTree({ qualities: ['c23', 'raw'] }), { splits: null, actors: false, ...deal }],
    'celeb-df': [celebDfTree({ people: 6 }), { val_fraction: 0.25, seed: 1 }],
    dfd: [dfdTree(), { split: 'test', ...deal }],
    dfdc: [dfdcTree(), { val_parts: [1], test_parts: [] }],
    dfdcp: [dfdcpTree(), { val_fraction: 0.25, seed: 1 }],
  } as const satisfies Record<keyof typeof PUBLIC_CORPORA, unknown>;
  for (const [name, [tree, own]] of Object.entries(corpora)) {
    describe(`frames of ${name}`, () => {
      before(() => writeFrames(join(folder.path(), name), tree, 3));
      const selected = { methods_seen: null, methods_unseen: [], qualities_seen: null, qualities_unseen: [] };
      itIsADataset(() =>
        openDataset(
          {
            ...{ name, cacheFolder: '', seed: 5 },
            settings: { root: join(folder.path(), name), ...own, ...selected, size: 16, frames: 2 },
          },
          () => undefined,
        ),
      );
    });
  }
  describe('manifest, two qualities, a file missing', () => {
    const path = (): string => join(folder.path(), 'manifest', 'list.parquet');
    before(async () => {
      const c23 = corpusRows(10, 2);
      const c40 = c23.map((row) => ({ ...row, image: `c40/${row.image}`, compression: 'c40' }));
      await writePictures(join(folder.path(), 'manifest'), [...c23, ...c40.slice(1)]);
      await writeManifest(path(), [...c23, ...c40]);
    });
    itIsADataset(() =>
      createManifest(
        {
          ...{
            path: path(),
            size: 16,
            val_fraction: 0.2,
            test_fraction: 0.2,
            unit: 'identity',
            check: 'header',
          },
          ...{
            methods_seen: null,
            methods_unseen: ['FaceSwap'],
            qualities_seen: ['c23'],
            qualities_unseen: ['c40'],
          },
        },
        context,
      ),
    );
  });
});
