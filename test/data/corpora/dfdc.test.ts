import { expect } from 'chai';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { dfdc, type DfdcSettings } from '../../../src/data/corpora/dfdc.ts';
import { dfdcTree, writeVideos, type CorpusTree } from '../../support/corpora.ts';
import { errorOf, put, temporaryFolder } from '../image-files.ts';

describe('data/corpora/dfdc', () => {
  const place = temporaryFolder();
  let count = 0;
  const fresh = (): string => join(place.path(), `tree${count++}`, 'DFDC');
  const list = (root: string, settings: Partial<DfdcSettings> = {}) =>
    dfdc.list({ root, val_parts: [1], test_parts: [], ...settings });
  const metadata = (part: number): string => `dfdc_train_part_${part}/metadata.json`;
  /** A tree with some entries of one part's metadata put in place of its own. */
  const changed = (part: number, entries: object): CorpusTree => {
    const { videos, lists } = dfdcTree();
    const own = JSON.parse(lists[metadata(part)] as string) as object;
    return { videos, lists: { ...lists, [metadata(part)]: JSON.stringify({ ...own, ...entries }) } };
  };

  for (const base of ['', 'train/']) {
    it(`parts in ${base === '' ? 'the root' : base}: a split each, an original with its fakes`, async () => {
      const root = await writeVideos(fresh(), dfdcTree({ base }));
      const { clips, skipped } = await list(root, { val_parts: [1], test_parts: [2] });
      expect(skipped).to.deep.equal([]);
      expect(clips.length).to.equal(3 * 2 * 3 + 4);
      expect(clips.find(({ id }) => id === `${base}dfdc_train_part_1/fake1x0b`)).to.deep.equal({
        id: `${base}dfdc_train_part_1/fake1x0b`,
        file: join(root, base, 'dfdc_train_part_1/fake1x0b.mp4'),
        ...{ label: 1, manipulation: 'fake', compression: null, split: 'val', identities: [] },
        video: `${base}dfdc_train_part_1/fake1x0b`,
        source: `${base}dfdc_train_part_1/real1x0`,
      });
      const splits = (part: string) => [
        ...new Set(clips.filter(({ id }) => id.includes(part)).map(({ split }) => split)),
      ];
      expect(['part_0/', 'part_1/', 'part_2/', 'test/'].map(splits)).to.deep.equal([
        ...[['train'], ['val'], ['test'], ['test']],
      ]);
    });
  }

  it('the test set: labels.csv, 1 is fake', async () => {
    const root = await writeVideos(fresh(), dfdcTree());
    const { clips } = await list(root);
    const test = clips.filter(({ split }) => split === 'test').map(({ id, label }) => `${label} ${id}`);
    expect(test).to.deep.equal(['0 test/aaaa', '1 test/bbbb', '0 test/cccc', '1 test/dddd']);
    await put(join(root, 'test/labels.csv'), 'filename,label\r\naaaa.mp4,0\r\nbbbb.mp4 , 1\r\n');
    expect((await list(root)).clips.filter(({ split }) => split === 'test').length).to.equal(2);
  });

  it('lists missing files, and files without an entry', async () => {
    const root = await writeVideos(fresh(), dfdcTree());
    await rm(join(root, 'dfdc_train_part_0/real0x1.mp4'));
    await rm(join(root, 'test/dddd.mp4'));
    await put(join(root, 'dfdc_train_part_0/unknown.mp4'), 'x');
    await put(join(root, 'test/eeee.mp4'), 'x');
    const { clips, skipped } = await list(root);
    const why = Object.fromEntries(skipped.map((one) => [one.file.slice(root.length + 1), one.why]));
    expect(why).to.deep.equal({
      'dfdc_train_part_0/real0x1': 'is in metadata.json, not on disk',
      'dfdc_train_part_0/unknown.mp4': 'has no entry in metadata.json',
      'test/dddd': 'is in labels.csv, not on disk',
      'test/eeee.mp4': 'has no entry in labels.csv',
    });
    expect(clips.find(({ id }) => id === 'dfdc_train_part_0/fake0x1a')?.source).to.equal(null);
  });

  it('leaves out, counted, a fake whose original is in another part', async () => {
    const stray = { 'stray.mp4': { label: 'FAKE', split: 'train', original: 'real0x0.mp4' } };
    const { videos, lists } = changed(1, stray);
    const root = await writeVideos(fresh(), { videos: [...videos, 'dfdc_train_part_1/stray.mp4'], lists });
    const { clips, skipped } = await list(root);
    expect(skipped).to.deep.equal([
      {
        file: join(root, 'dfdc_train_part_1/stray.mp4'),
        why: `was made of real0x0, whose footage is in ${join(root, 'dfdc_train_part_0')}, another part`,
      },
    ]);
    expect(clips.length).to.equal(18 + 4);
  });

  it('also where the original itself is nowhere: footage is in one part only', async () => {
    const fake = { label: 'FAKE', split: 'train', original: 'gone.mp4' };
    const { videos, lists } = changed(1, { 'f1.mp4': fake });
    const own = JSON.parse(lists[metadata(0)] as string) as object;
    const both = { ...lists, [metadata(0)]: JSON.stringify({ ...own, 'f0.mp4': fake }) };
    const root = await writeVideos(fresh(), {
      videos: [...videos, 'dfdc_train_part_0/f0.mp4', 'dfdc_train_part_1/f1.mp4'],
      lists: both,
    });
    const { clips, skipped } = await list(root);
    expect(skipped.map(({ file }) => file)).to.deep.equal([join(root, 'dfdc_train_part_1/f1.mp4')]);
    expect(clips.find(({ id }) => id.endsWith('/f0'))?.source).to.equal(null);
  });

  const table: readonly [string, object, RegExp][] = [
    [
      'another label',
      { 'x.mp4': { label: 'Fake' } },
      /metadata\.json: x\.mp4: label must be REAL or FAKE; it is "Fake"/,
    ],
    ['an entry that is no object', { 'x.mp4': 'FAKE' }, /metadata\.json: the entry x\.mp4 must be an object/],
    [
      'an original that is a fake',
      { 'x.mp4': { label: 'FAKE', original: 'fake0x0a.mp4' } },
      /metadata\.json: x: its original fake0x0a is labelled FAKE itself/,
    ],
  ];
  for (const [name, entries, message] of table) {
    it(`refuses ${name}`, async () => {
      const root = await writeVideos(fresh(), changed(0, entries));
      expect((await errorOf(list(root))).message).to.match(message);
    });
  }

  it('refuses missing lists, lines and parts, and a root a level off', async () => {
    const root = await writeVideos(fresh(), dfdcTree());
    expect((await errorOf(list(root, { val_parts: [45] }))).message).to.match(
      /^data\.val_parts: part 45 is not in .*; there are 0, 1, 2$/,
    );
    expect((await errorOf(list(root, { test_parts: [1] }))).message).to.match(
      /part 1 is in data\.val_parts too/,
    );
    expect((await errorOf(list(join(root, 'dfdc_train_part_0')))).message).to.include(
      `say data.root=${root}`,
    );
    expect((await errorOf(list(join(root, '..')))).message).to.include(`say data.root=${root}`);
    await put(join(root, 'test/labels.csv'), 'filename,label\naaaa.mp4,0\nbbbb.mp4,FAKE\n');
    expect((await errorOf(list(root))).message).to.match(
      /labels\.csv:3: must be FILE,0 \(real\) or FILE,1 \(fake\)/,
    );
    await rm(join(root, 'test/labels.csv'));
    expect((await errorOf(list(root))).message).to.match(/labels\.csv is not there/);
    await rm(join(root, metadata(2)));
    await rm(join(root, 'test'), { recursive: true });
    expect((await errorOf(list(root))).message).to.match(/part_2.metadata\.json is not there/);
  });
});
