import { expect } from 'chai';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { isSetting, type SettingsRecord } from '../../src/config/settings.ts';
import { NO_AUGMENTATION } from '../../src/data/augment.ts';
import { DATASET_NAMES, datasetSettings, openDataset } from '../../src/data/index.ts';
import { openLoader } from '../../src/data/loader.ts';
import { errorOf, put, temporaryFolder } from './image-files.ts';

const SETTINGS_FILE = fileURLToPath(new URL('../../src/config/settings.ts', import.meta.url));

describe('data/index', () => {
  const folder = temporaryFolder();
  const quiet = (): void => undefined;

  /** A dataset in one TypeScript file: plain pictures, one grey level a sample. */
  const OWN = `
    import { integer } from ${JSON.stringify(SETTINGS_FILE)};
    export const settings = { count: integer({ min: 1, doc: 'pairs' }) };
    export async function create({ count }: { count: number }, { seed }: { seed: number }) {
      const samples = Array.from({ length: 2 * count }, (_, i) => ({
        id: String(i), file: 'none', split: 'train', label: i % 2, manipulation: i % 2 ? 'grey' : 'real',
        videoId: String(i >> 1), pair: String(i >> 1),
      }));
      return {
        name: 'own', size: 8, skipped: [],
        samples: (split: string) => (split === 'train' ? samples : []),
        read: async ({ id }: { id: string }) => ({ width: 8, height: 8, data: new Uint8Array(192).fill(Number(id) + seed) }),
      };
    }`;

  it('knows its datasets and describes their settings', async () => {
    expect(DATASET_NAMES).to.include.members(['faces', 'folder', 'mix', 'module']);
    // these two have the settings of what they are told to open
    for (const name of DATASET_NAMES.filter((one) => one !== 'module' && one !== 'mix')) {
      const entries = Object.values(await datasetSettings(name));
      expect(entries.length).to.be.above(0);
      for (const entry of entries) expect(isSetting(entry) && entry.doc.length > 0).to.equal(true);
    }
  });

  it('a mix has the settings of its datasets, and a weight for each', async () => {
    const datasets = { first: { name: 'folder' }, second: { name: 'faces' } };
    const settings = await datasetSettings('mix', { datasets });
    expect(Object.keys(settings)).to.deep.equal(['datasets', 'weights']);
    const { first, second } = settings['datasets'] as Record<string, SettingsRecord>;
    expect(first).to.include.keys('name', 'path');
    expect(second).to.include.keys('name', 'methods_seen');
    expect(Object.keys(settings['weights']!)).to.deep.equal(['first', 'second']);
    expect((await errorOf(datasetSettings('mix', {}))).message).to.include("'data.datasets' must hold");
  });

  it('refuses an unknown name, listing the known', async () => {
    const message = /there is no dataset face; there are faces, folder, .*module/;
    expect((await errorOf(datasetSettings('face'))).message).to.match(message);
    expect((await errorOf(datasetSettings('toString'))).message).to.match(/there is no dataset toString/);
  });

  it('a dataset of the user’s own, in TypeScript, also in the worker', async () => {
    const module = await put(join(folder.path(), 'own.ts'), OWN);
    expect(Object.keys(await datasetSettings('module', { module: module }))).to.deep.equal([
      'module',
      'count',
    ]);
    const dataset = await openDataset(
      { name: 'module', settings: { module, count: 3 }, cacheFolder: '', seed: 51 },
      quiet,
    );
    expect(dataset.samples('train')).to.have.length(6);
    const loader = await openLoader(dataset, { seed: 1, augment: NO_AUGMENTATION });
    const { value } = await loader.evalBatches('train', 6).next();
    expect(() => loader.evalBatches('val', 2)).to.throw('dataset own has no samples in val');
    await loader.close();
    const firsts = Array.from({ length: 6 }, (_, row) => value?.images[row * 192]);
    expect(firsts).to.deep.equal([51, 52, 53, 54, 55, 56].map((v) => Math.fround(v / 255)));
  });

  it('says what is wrong with the user’s file', async () => {
    const table: readonly [string, string | null, RegExp][] = [
      ['nowhere.ts', null, /there is no readable file .*nowhere\.ts; paths start at the working folder/],
      ['broken.ts', 'export const = 3;', /broken\.ts cannot be imported: /],
      ['lacking.ts', 'export const settings = {};', /lacking\.ts must export .*; it exports settings/],
      [
        'clash.ts',
        'export const settings = { module: 1 }; export const create = () => 0;',
        /has a setting called `module`/,
      ],
    ];
    for (const [name, content, message] of table) {
      const file = join(folder.path(), name);
      if (content !== null) await put(file, content);
      expect((await errorOf(datasetSettings('module', { module: file }))).message).to.match(message);
    }
    expect((await errorOf(datasetSettings('module'))).message).to.include('data.module=./my-dataset.ts');
  });

  it('a dataset whose pictures have the wrong size is stopped, the sample named', async () => {
    const module = await put(
      join(folder.path(), 'wrong.ts'),
      OWN.replace('width: 8, height: 8', 'width: 6, height: 8'),
    );
    const source = { name: 'module', settings: { module, count: 1 }, cacheFolder: '', seed: 1 };
    const loader = await openLoader(await openDataset(source, quiet), { seed: 1, augment: NO_AUGMENTATION });
    const error = await errorOf(loader.evalBatches('train', 2).next());
    await loader.close();
    expect(error.message).to.match(/sample [01] .*read\(\) gave 6×8 with 192 bytes, not 8×8×3/);
  });
});
