import { expect } from 'chai';
import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset, Split } from '../../src/data/dataset.ts';
import { createFolder } from '../../src/data/folder.ts';
import type { FolderSettings } from '../../src/data/folder.ts';
import { videoOf } from '../../src/data/path-rule.ts';
import { splitByVideo } from '../../src/data/split.ts';
import { animated, bomb, cutShort, errorOf, picture, put, temporaryFolder } from './image-files.ts';

const SPLITS: readonly Split[] = ['train', 'val', 'test'];

describe('data/folder', () => {
  const folder = temporaryFolder();
  const context = { cacheFolder: '', seed: 1, progress: () => undefined };

  /** Fills a folder with small pictures under the given names. */
  async function fill(name: string, files: readonly string[]): Promise<string> {
    const root = join(folder.path(), name);
    for (const [i, file] of files.entries()) await put(join(root, file), picture(i, 16).png());
    return root;
  }

  function open(path: string, settings: Partial<FolderSettings> = {}, seed = 1): Promise<Dataset> {
    const defaults = {
      size: 16,
      val_fraction: 0.15,
      test_fraction: 0.15,
      unit: 'video',
      check: 'header',
    } as const;
    return createFolder({ path, ...defaults, ...settings }, { ...context, seed });
  }

  const videos = (count: number): string[] => Array.from({ length: count }, (_, i) => `vid${i}`);
  const all = (dataset: Dataset) => SPLITS.flatMap((split) => dataset.samples(split));
  const manipulations = (dataset: Dataset): string[] =>
    [...new Set(all(dataset).map(({ manipulation }) => manipulation))].sort();

  describe('layouts', () => {
    const table: readonly [string, string, readonly string[], readonly string[]][] = [
      ['real and fake', 'real', ['fake'], ['fake', 'real']],
      ['0_real and 1_fake', '0_real', ['1_fake'], ['fake', 'real']],
      ['any case', 'Real', ['FAKE'], ['fake', 'real']],
      ['one folder a manipulation', 'original', ['deepfakes', 'faceswap'], ['deepfakes', 'faceswap', 'real']],
      ['pristine', 'pristine', ['swap'], ['real', 'swap']],
    ];
    for (const [name, real, fakes, wanted] of table) {
      it(name, async () => {
        const files = [real, ...fakes].flatMap((kind) => videos(4).map((video) => `${kind}/${video}.png`));
        const dataset = await open(await fill(`layout ${name}`, files));
        expect(manipulations(dataset)).to.deep.equal(wanted);
        expect(all(dataset)).to.have.length(files.length);
        for (const { label, manipulation, id } of all(dataset)) {
          expect(label).to.equal(id.startsWith(`${real}/`) ? 0 : 1);
          expect(manipulation === 'real').to.equal(label === 0);
        }
      });
    }

    it('split folders are kept as they are', async () => {
      const files = [
        'train/real/a',
        'train/fake/a',
        'valid/real/b',
        'valid/fake/c',
        'test/real/d',
        'test/fake/e',
      ];
      const dataset = await open(
        await fill(
          'given',
          files.map((file) => `${file}.png`),
        ),
      );
      const ids = SPLITS.map((split) => dataset.samples(split).map(({ id }) => id));
      expect(ids).to.deep.equal([
        ['train/real/a.png', 'train/fake/a.png'],
        ['valid/real/b.png', 'valid/fake/c.png'],
        ['test/real/d.png', 'test/fake/e.png'],
      ]);
    });

    it('test/ alone, and test_fraction=1, make a test set', async () => {
      const alone = await open(await fill('alone', ['test/real/a.png', 'test/fake/b.png']));
      expect(SPLITS.map((split) => alone.samples(split).length)).to.deep.equal([0, 0, 2]);
      const path = await fill('whole', ['real/a.png', 'fake/b.png']);
      const whole = await open(path, { test_fraction: 1 });
      expect(SPLITS.map((split) => whole.samples(split).length)).to.deep.equal([0, 0, 2]);
    });

    it('nested folders, and links', async () => {
      const root = await fill(
        'nested',
        videos(4).flatMap((v) => [`real/${v}/x/1.png`, `fake/${v}/x/1.png`]),
      );
      await symlink(await fill('elsewhere', ['1.png']), join(root, 'real', 'linked'));
      const dataset = await open(root);
      expect(all(dataset)).to.have.length(9);
      expect(all(dataset).some(({ videoId }) => videoId === 'linked')).to.equal(true);
      await symlink(root, join(root, 'real', 'circle'));
      expect((await errorOf(open(root))).message).to.match(/circle.* is a link to a folder that contains it/);
    });
  });

  it('the path says the video', () => {
    const table = {
      'vid12/0003.png': 'vid12',
      'vid12/a/b/0003.png': 'vid12',
      'vid12_0003.png': 'vid12',
      'vid12-frame0003.jpg': 'vid12',
      'vid12_f3.jpg': 'vid12',
      'id0_id1_0000_00042.png': 'id0_id1_0000',
      'anna.jpg': 'anna',
      '0003.png': '0003',
      '_3.png': '_3',
      'a.b_7.jpeg': 'a.b',
    };
    for (const [path, video] of Object.entries(table)) expect(videoOf(path), path).to.equal(video);
  });

  it('pairs are the same path in real and fake; unit=file makes none', async () => {
    const root = await fill(
      'pairs',
      videos(4).flatMap((v) => [`real/${v}_1.png`, `fake/${v}_1.png`, `fake/${v}_2.png`]),
    );
    const pairs = all(await open(root)).map(({ pair }) => pair);
    expect(new Set(pairs).size).to.equal(8);
    const single = all(await open(root, { unit: 'file' }));
    expect(single.every(({ id, pair, videoId }) => pair === id && videoId === id)).to.equal(true);
  });

  it('reads at the asked size, the same bytes twice', async () => {
    const dataset = await open(
      await fill(
        'sizes',
        videos(4).flatMap((v) => [`real/${v}.png`, `fake/${v}.png`]),
      ),
      { size: 20 },
    );
    const sample = all(dataset)[0];
    if (sample === undefined) throw new Error('no sample');
    const [once, twice] = [await dataset.read(sample), await dataset.read(sample)];
    expect([once.width, once.height, once.data.length]).to.deep.equal([20, 20, 1200]);
    expect(once).to.deep.equal(twice);
  });

  describe('unusable files', () => {
    const good = videos(8).flatMap((v) => [`real/${v}.png`, `fake/${v}.png`]);
    it('are listed with the reason, and no others', async () => {
      const root = await fill('bad', good);
      await put(join(root, 'real/empty.jpg'), '');
      await put(join(root, 'real/text.jpg'), 'text');
      await put(join(root, 'fake/bomb.png'), await bomb());
      await put(join(root, 'fake/moving.gif'), animated());
      await put(join(root, 'fake/labels.csv'), 'a,b');
      await put(join(root, 'README.md'), 'read me');
      await put(join(root, '.DS_Store'), 'hidden');
      await put(join(root, 'fake/.hidden/x.png'), 'hidden');
      await symlink(join(root, 'nowhere.png'), join(root, 'real/dangling.png'));
      const dataset = await open(root);
      const why = Object.fromEntries(
        dataset.skipped.map((entry) => [entry.file.slice(root.length + 1), entry.why]),
      );
      expect(Object.keys(why).sort()).to.deep.equal([
        ...['README.md', 'fake/bomb.png', 'fake/labels.csv', 'fake/moving.gif'],
        ...['real/dangling.png', 'real/empty.jpg', 'real/text.jpg'],
      ]);
      expect(why['fake/labels.csv']).to.equal('is no image of a known extension');
      expect(why['fake/moving.gif']).to.match(/^has 2 frames/);
      expect(why['real/empty.jpg']).to.match(/^is empty/);
      expect(all(dataset)).to.have.length(good.length);
    });

    it('cut short: found when read, or at once with check=full', async () => {
      const root = await fill('cut', good);
      const file = await put(join(root, 'real/vid0.png'), await cutShort(picture(0).png()));
      const dataset = await open(root);
      const sample = all(dataset).find((one) => one.file === file);
      if (sample === undefined) throw new Error('its header is whole, so it is there');
      expect((await errorOf(dataset.read(sample))).message).to.include(`${file} is broken or cut short`);
      const checked = await open(root, { check: 'full' });
      expect(checked.skipped.map((entry) => entry.file)).to.deep.equal([file]);
      expect(all(checked)).to.have.length(good.length - 1);
    });
  });

  describe('refuses', () => {
    const table: readonly [string, readonly string[], RegExp][] = [
      [
        'no real folder',
        ['fake/a.png', 'swap/a.png'],
        /has no folder of real images \(it has fake, swap\); understood are/,
      ],
      ['no fake folder', ['real/a.png'], /has no folder of fake images/],
      ['two real folders', ['real/a.png', 'original/a.png', 'fake/a.png'], /has 2 folders of real images/],
      [
        'splits beside classes',
        ['train/real/a.png', 'fake/a.png'],
        /has split folders \(train\) beside others \(fake\)/,
      ],
      ['train without val', ['train/real/a.png', 'train/fake/a.png'], /has train\/ but no val\//],
      ['loose images only', ['a.png'], /has no folder of real images \(it has no subfolders\)/],
      [
        'a video in two splits',
        ['train/real/v_1.png', 'train/fake/w.png', 'val/real/v_2.png', 'val/fake/x.png'],
        /video v is in two splits, train \(train\/real\/v_1\.png\) and val \(val\/real\/v_2\.png\).*data\.unit=file/,
      ],
      ['too few videos', ['real/a.png', 'fake/a.png'], /no real image came into val; more videos/],
    ];
    for (const [name, files, message] of table) {
      it(name, async () => {
        const root = await fill(`refused ${name}`, files);
        const error = await errorOf(open(root));
        expect(error.message).to.match(message);
        expect(error.message).to.include(root);
      });
    }

    it('a missing folder, and a file', async () => {
      const missing = join(folder.path(), 'nowhere');
      expect((await errorOf(open(missing))).message).to.match(/nowhere does not exist; .*real\/ and fake\//);
      const file = await put(join(folder.path(), 'a-file'), 'x');
      expect((await errorOf(open(file))).message).to.match(/a-file is a file; /);
    });

    it('a class without a usable image, with the first reason', async () => {
      const root = await fill('emptied', ['real/a.png', 'fake/b.png']);
      await put(join(root, 'swap/c.png'), '');
      expect((await errorOf(open(root))).message).to.match(
        /swap: the class swap has no usable image \(1 skipped, the first: .*c\.png is empty/,
      );
    });
  });

  describe('split by video', () => {
    const strata = new Map([...Array(200).keys()].map((i) => [`v${i}`, i < 160 ? 'fake' : 'real']));
    const count = (splits: ReadonlyMap<string, Split>, stratum: string, split: Split): number =>
      [...splits].filter(([video, which]) => which === split && strata.get(video) === stratum).length;

    it('keeps the shares in every stratum', () => {
      const splits = splitByVideo(strata, { val: 0.15, test: 0.15 }, 3);
      expect(SPLITS.map((split) => count(splits, 'fake', split))).to.deep.equal([112, 24, 24]);
      expect(SPLITS.map((split) => count(splits, 'real', split))).to.deep.equal([28, 6, 6]);
    });

    it('depends on the seed, not on the order, and little on one more video', () => {
      const fractions = { val: 0.15, test: 0.15 };
      const splits = splitByVideo(strata, fractions, 3);
      expect(splitByVideo(new Map([...strata].reverse()), fractions, 3)).to.deep.equal(splits);
      expect(splitByVideo(strata, fractions, 4)).not.to.deep.equal(splits);
      const more = splitByVideo(new Map([...strata, ['new', 'fake']]), fractions, 3);
      expect([...splits].filter(([video, split]) => more.get(video) !== split).length).to.be.at.most(4);
    });

    it('gives every split something from three videos on', () => {
      const three = new Map(['a', 'b', 'c'].map((video) => [video, 'x']));
      const splits = splitByVideo(three, { val: 0.1, test: 0.1 }, 1);
      expect([...splits.values()].sort()).to.deep.equal(['test', 'train', 'val']);
    });

    it('refuses fractions above 1 together', () => {
      expect(() => splitByVideo(strata, { val: 0.6, test: 0.6 }, 1)).to.throw('at most 1 together');
    });
  });
});
