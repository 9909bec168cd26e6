import { expect } from 'chai';
import { rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { dfdcp } from '../../../src/data/corpora/dfdcp.ts';
import { dfdcpTree, writeVideos } from '../../support/corpora.ts';
import { errorOf, put, temporaryFolder } from '../image-files.ts';

describe('data/corpora/dfdcp', () => {
  const place = temporaryFolder();
  let count = 0;
  const fresh = (): string => join(place.path(), `tree${count++}`, 'dfdc_preview_set');
  const list = (root: string, val_fraction = 0, seed = 1) => dfdcp.list({ root, val_fraction, seed });
  const LIST = 'dataset.json';

  it('tells of each clip what names and the list say', async () => {
    const root = await writeVideos(fresh(), dfdcpTree());
    const { clips, skipped } = await list(root);
    expect(skipped).to.deep.equal([]);
    expect(clips.length).to.equal(10 * 2 * 3); // people × clips × (real and two methods)
    const id = 'method_B/1001/1001_A/1002_1001_A_002';
    expect(clips.find((clip) => clip.id === id)).to.deep.equal({
      id,
      file: join(root, `${id}.mp4`),
      ...{ label: 1, manipulation: 'method_B', compression: null, split: 'train' },
      video: 'method_B/1002_1001_A_002',
      identities: ['1001', '1002'],
      source: 'original_videos/1001/1001_A_002',
    });
    expect(clips.find(({ video }) => video === 'original_videos/1010_A_001')).to.deep.include({
      ...{ label: 0, manipulation: 'real', split: 'test', identities: ['1010'], source: null },
    });
    expect(clips.filter(({ split }) => split === 'test').length).to.equal(12);
  });

  it('finds the same clips lying flat or in videos/, and keys with backslashes', async () => {
    const tree = dfdcpTree();
    const nested = await list(await writeVideos(fresh(), tree));
    const facts = ({ clips }: typeof nested) =>
      clips
        .map(({ video, split, label, source }) => [video, split, label, basename(source ?? '')].join())
        .sort();
    for (const between of ['', 'videos/']) {
      const videos = tree.videos.map((video) => `${video.split('/')[0]}/${between}${basename(video)}`);
      const text = (tree.lists[LIST] as string).replaceAll('/', '\\\\');
      const flat = await list(await writeVideos(fresh(), { videos, lists: { [LIST]: text } }));
      expect(flat.skipped).to.deep.equal([]);
      expect(facts(flat)).to.deep.equal(facts(nested));
    }
  });

  it('val is a share of the recordings, a real with its fakes and its other clips', async () => {
    const root = await writeVideos(fresh(), dfdcpTree());
    const { clips } = await list(root, 0.25);
    const splits = new Map<string, Set<string | null>>();
    for (const { video, split } of clips) {
      const recording = /(\d+_A)_\d+$/.exec(video)?.[1] as string;
      splits.set(recording, (splits.get(recording) ?? new Set()).add(split));
    }
    const shares = [...splits.values()].map((set) => [...set].join()).sort();
    expect(shares).to.deep.equal(['test', 'test', ...Array<string>(6).fill('train'), 'val', 'val']);
  });

  it('lists missing, unlisted, misnamed and double files', async () => {
    const root = await writeVideos(fresh(), dfdcpTree());
    await rm(join(root, 'original_videos/1001/1001_A_001.mp4'));
    await put(join(root, 'original_videos/1001/1001_B_001.mp4'), 'x');
    await put(join(root, 'method_A/1001/film.mp4'), 'x');
    await put(join(root, 'method_A/1001/1002_1001_A_001.mp4'), 'x');
    const { clips, skipped } = await list(root);
    const why = Object.fromEntries(skipped.map((one) => [one.file.slice(root.length + 1), one.why]));
    expect(why).to.deep.equal({
      'original_videos/1001/1001_A_001.mp4': 'is in dataset.json, not on disk',
      'original_videos/1001/1001_B_001.mp4': 'has no entry in dataset.json',
      'method_A/1001/film.mp4': 'is not named PERSON_A_001 or SOURCE_TARGET_A_001',
      'method_A/1001/1001_A/1002_1001_A_001.mp4': `is the same clip as ${join(root, 'method_A/1001/1002_1001_A_001.mp4')}`,
    });
    expect(clips.find(({ video }) => video === 'method_B/1002_1001_A_001')?.source).to.equal(null);
  });

  const real = 'original_videos/1001/1001_A_001.mp4';
  const table: readonly [string, object, RegExp][] = [
    [
      'a real called fake',
      { [real]: { label: 'fake', set: 'train' } },
      /1001_A_001\.mp4: label must be real in original_videos/,
    ],
    [
      'another set',
      { [real]: { label: 'real', set: 'dev' } },
      /1001_A_001\.mp4: set must be train or test; it is "dev"/,
    ],
    [
      'a folder of its own',
      { 'method_C/1_2_A_001.mp4': { label: 'fake', set: 'train' } },
      /method_C.*: must be original_videos/,
    ],
    [
      'a fake without source',
      { 'method_A/1/1_A_001.mp4': { label: 'fake', set: 'train' } },
      /1_A_001\.mp4: must be original_videos/,
    ],
  ];
  for (const [name, entries, message] of table) {
    it(`refuses ${name}`, async () => {
      const { videos } = dfdcpTree();
      const root = await writeVideos(fresh(), { videos, lists: { [LIST]: JSON.stringify(entries) } });
      expect((await errorOf(list(root))).message)
        .to.match(message)
        .and.to.include(join(root, LIST));
    });
  }

  it('refuses a root a level off', async () => {
    const root = await writeVideos(fresh(), dfdcpTree());
    for (const wrong of [join(root, '..'), join(root, 'original_videos')]) {
      expect((await errorOf(list(wrong))).message).to.include(`say data.root=${root}`);
    }
  });
});
