import { expect } from 'chai';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { celebDf } from '../../../src/data/corpora/celeb-df.ts';
import type { Corpus } from '../../../src/data/corpora/corpus.ts';
import { celebDfTree, writeVideos } from '../../support/corpora.ts';
import { errorOf, put, temporaryFolder } from '../image-files.ts';

describe('data/corpora/celeb-df', () => {
  const place = temporaryFolder();
  let count = 0;
  const fresh = (): string => join(place.path(), `tree${count++}`, 'Celeb-DF-v2');
  const list = (root: string, val_fraction = 0, seed = 1): Promise<Corpus> =>
    celebDf.list({ root, val_fraction, seed });
  const LIST = 'List_of_testing_videos.txt';

  it('tells of each clip what names, folders and the list say', async () => {
    const root = await writeVideos(fresh(), celebDfTree());
    const { clips, skipped } = await list(root);
    expect(skipped).to.deep.equal([]);
    expect(clips.length).to.equal(12 + 12 + 6);
    const byId = new Map(clips.map((clip) => [clip.id, clip]));
    expect(byId.get('Celeb-synthesis/id0_id1_0002')).to.deep.equal({
      id: 'Celeb-synthesis/id0_id1_0002',
      file: join(root, 'Celeb-synthesis/id0_id1_0002.mp4'),
      label: 1,
      manipulation: 'Celeb-synthesis',
      compression: null,
      split: 'train',
      video: 'Celeb-synthesis/id0_id1_0002',
      identities: ['id0', 'id1'],
      source: 'Celeb-real/id0_0002',
    });
    expect(byId.get('Celeb-real/id0_0002')).to.deep.include({
      ...{ label: 0, manipulation: 'real', identities: ['id0'], source: null, split: 'train' },
    });
    expect(byId.get('YouTube-real/00003')).to.deep.include({
      ...{ label: 0, manipulation: 'real', identities: ['YouTube-real/00003'], source: null },
    });
  });

  it('the list’s 1 is real, ours is 0; what it names is for test, the rest for training', async () => {
    const { clips } = await list(await writeVideos(fresh(), celebDfTree()));
    const test = clips.filter(({ split }) => split === 'test').map(({ id, label }) => `${label} ${id}`);
    expect(test).to.deep.equal([
      ...['0 Celeb-real/id3_0000', '0 Celeb-real/id3_0001', '0 Celeb-real/id3_0002'],
      ...[
        '1 Celeb-synthesis/id3_id0_0000',
        '1 Celeb-synthesis/id3_id0_0001',
        '1 Celeb-synthesis/id3_id0_0002',
      ],
      '0 YouTube-real/00000',
    ]);
    expect(clips.filter(({ split }) => split === 'train').length).to.equal(30 - 7);
  });

  it('reads a list with Windows line ends, backslashes, blank lines and a byte order mark', async () => {
    const tree = celebDfTree();
    const plain = await list(await writeVideos(fresh(), tree));
    const text = (tree.lists[LIST] as string).replaceAll('/', '\\').replaceAll('\n', '\r\n');
    const other = await list(await writeVideos(fresh(), { ...tree, lists: { [LIST]: `\uFEFF${text}\r\n` } }));
    const splits = ({ clips }: Corpus) => clips.map(({ id, split }) => [id, split]);
    expect(splits(other)).to.deep.equal(splits(plain));
  });

  it('val is a share of the training videos, a real with its fakes, drawn by the seed', async () => {
    const root = await writeVideos(fresh(), celebDfTree({ people: 11, clips: 4, youTube: 41 }));
    const { clips } = await list(root, 0.2);
    const splitOf = new Map(clips.map(({ id, split }) => [id, split]));
    const inVal = (start: string): number =>
      clips.filter(({ id, split }) => split === 'val' && id.startsWith(start)).length;
    // 40 reals and fakes of ten people are in no list, and 40 of YouTube
    expect([inVal('Celeb-real/'), inVal('Celeb-synthesis/'), inVal('YouTube-real/')]).to.deep.equal([
      8, 8, 8,
    ]);
    for (const { id, split, source } of clips)
      if (source !== null) expect(splitOf.get(source), id).to.equal(split);
    expect((await list(root, 0.2)).clips).to.deep.equal(clips);
    expect((await list(root, 0.2, 2)).clips).not.to.deep.equal(clips);
    const test = (corpus: Corpus) => corpus.clips.filter(({ split }) => split === 'test');
    expect(test(await list(root, 0.9))).to.deep.equal(clips.filter(({ split }) => split === 'test'));
  });

  it('fakes whose real is for test stay together in val or train', async () => {
    const tree = celebDfTree({ people: 1, clips: 1, youTube: 0 });
    const fakes = [1, 2, 3, 4, 5].map((other) => `Celeb-synthesis/id0_id${other}_0000.mp4`);
    const root = await writeVideos(fresh(), {
      videos: [...tree.videos, ...fakes],
      lists: { [LIST]: '1 Celeb-real/id0_0000.mp4\n0 Celeb-synthesis/id0_id0_0000.mp4\n' },
    });
    for (let seed = 0; seed < 5; seed++) {
      const { clips } = await list(root, 0.5, seed);
      const splits = clips.filter(({ id }) => /id0_id[1-5]/.test(id)).map(({ split }) => split);
      expect(new Set(splits).size, splits.join()).to.equal(1);
    }
  });

  it('lists what is missing, or named otherwise', async () => {
    const root = await writeVideos(fresh(), celebDfTree());
    await rm(join(root, 'Celeb-real/id3_0001.mp4'));
    await rename(join(root, 'Celeb-real/id3_0002.mp4'), join(root, 'Celeb-real/id3_0002.MP4'));
    await put(join(root, 'Celeb-synthesis/id0_id1.mp4'), 'x');
    await put(join(root, 'YouTube-real/notes.docx'), 'x');
    const corpus = await list(root);
    const why = Object.fromEntries(corpus.skipped.map((one) => [one.file.slice(root.length + 1), one.why]));
    expect(why).to.deep.equal({
      'Celeb-real/id3_0001': `is in line 4 of ${LIST}, not on disk`,
      'Celeb-synthesis/id0_id1.mp4': 'is not named idN_idM_CLIP',
      'YouTube-real/notes.docx': 'is no video of a known extension',
    });
    const sourceOf = (id: string) => corpus.clips.find((clip) => clip.id === id)?.source;
    expect(sourceOf('Celeb-synthesis/id3_id0_0001')).to.equal(null);
    expect(sourceOf('Celeb-synthesis/id3_id0_0002')).to.equal('Celeb-real/id3_0002');
  });

  const table: readonly [string, string, RegExp][] = [
    [
      'a label that its folder contradicts',
      '1 Celeb-real/id0_0000.mp4\n\n0 YouTube-real/00000.mp4\n',
      /:3: says 0 of YouTube/,
    ],
    [
      'a fake labelled as real',
      '1 Celeb-synthesis/id0_id1_0000.mp4\n',
      /:1: says 1 of .*1 is real and 0 is fake/,
    ],
    [
      'a line without label',
      '1 Celeb-real/id0_0000.mp4\r\nCeleb-real/id0_0001.mp4\r\n',
      /:2: must be 0 or 1 and a file in/,
    ],
    [
      'another folder',
      '1 Other/id0_0000.mp4\n',
      /:1: must be 0 or 1 and a file in Celeb-real, YouTube-real, /,
    ],
  ];
  for (const [name, content, message] of table) {
    it(`refuses a list with ${name}`, async () => {
      const root = await writeVideos(fresh(), { ...celebDfTree(), lists: { [LIST]: content } });
      const error = await errorOf(list(root));
      expect(error.message).to.match(message).and.to.include(join(root, LIST));
    });
  }

  it('refuses a root without the list, or a level off', async () => {
    const root = await writeVideos(fresh(), celebDfTree());
    expect((await errorOf(list(join(root, 'Celeb-real')))).message).to.include(`say data.root=${root}`);
    expect((await errorOf(list(join(root, '..')))).message).to.match(
      /Celeb-DF has Celeb-real\/.* say data\.root=/,
    );
    await rm(join(root, LIST));
    expect((await errorOf(list(root))).message).to.include(`${join(root, LIST)} is not there`);
  });
});
