import { expect } from 'chai';
import { mkdir, rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clip, Corpus } from '../../../src/data/corpora/corpus.ts';
import { ffpp, type FfppSettings } from '../../../src/data/corpora/ffpp.ts';
import { dfdTree, ffppTree, pairsFrom, writeFrames, writeVideos } from '../../support/corpora.ts';
import { errorOf, put, temporaryFolder } from '../image-files.ts';

describe('data/corpora/ffpp', () => {
  const place = temporaryFolder();
  let count = 0;
  /** A fresh place for a tree. */
  const fresh = (): string => join(place.path(), `tree${count++}`, 'FaceForensics++');
  const list = (root: string, settings: Partial<FfppSettings> = {}): Promise<Corpus> =>
    ffpp.list({ root, splits: null, actors: false, val_fraction: 0, test_fraction: 1, seed: 1, ...settings });
  const clipAt = ({ clips }: Corpus, id: string): Clip => {
    const clip = clips.find((one) => one.id === id);
    if (clip === undefined) throw new Error(`no clip ${id} among ${clips.map((one) => one.id).join(', ')}`);
    return clip;
  };
  const YOUTUBE = 'original_sequences/youtube';
  const FAKES = 'manipulated_sequences';

  it('tells of each clip what names and lists say', async () => {
    const root = await writeVideos(fresh(), ffppTree({ qualities: ['c23', 'c40'] }));
    const corpus = await list(root);
    expect([corpus.name, corpus.root, corpus.skipped]).to.deep.equal(['ffpp', root, []]);
    expect(corpus.clips.length).to.equal(2 * (8 + 2 * 8)); // qualities × (reals + methods × fakes)
    expect(corpus.clips.map(({ id }) => id)).to.deep.equal(corpus.clips.map(({ id }) => id).sort());
    expect(clipAt(corpus, `${FAKES}/Deepfakes/c40/videos/001_000`)).to.deep.equal({
      id: `${FAKES}/Deepfakes/c40/videos/001_000`,
      file: join(root, FAKES, 'Deepfakes/c40/videos/001_000.mp4'),
      label: 1,
      manipulation: 'Deepfakes',
      compression: 'c40',
      split: 'train',
      video: 'Deepfakes/001_000',
      identities: ['001', '000'],
      source: `${YOUTUBE}/c40/videos/001`,
    });
    expect(clipAt(corpus, `${YOUTUBE}/c23/videos/005`)).to.deep.include({
      ...{ label: 0, manipulation: 'real', compression: 'c23', split: 'val', video: 'youtube/005' },
      ...{ identities: ['005'], source: null },
    });
    for (const clip of corpus.clips.filter(({ label }) => label === 1)) {
      const real = clipAt(corpus, clip.source as string);
      expect([real.split, real.compression], clip.id).to.deep.equal([clip.split, clip.compression]);
      expect(clip.identities).to.include(real.identities[0]);
    }
  });

  it('counts 720, 140 and 140 videos, and as many fakes of a method, from lists of the official size', async () => {
    const pairs = { train: pairsFrom(0, 360), val: pairsFrom(720, 70), test: pairsFrom(860, 70) };
    const root = await writeVideos(fresh(), ffppTree({ pairs, methods: ['FaceSwap'] }));
    const { clips, skipped } = await list(root);
    for (const label of [0, 1]) {
      const own = clips.filter((clip) => clip.label === label);
      expect(
        ['train', 'val', 'test'].map((split) => own.filter((clip) => clip.split === split).length),
      ).to.deep.equal([720, 140, 140]);
    }
    expect(skipped).to.deep.equal([]);
  });

  it('c0 is raw, and a video in both is taken once', async () => {
    const root = await writeVideos(fresh(), ffppTree({ qualities: ['c0'] }));
    const named = clipAt(await list(root), `${FAKES}/Deepfakes/c0/videos/000_001`);
    expect([named.compression, named.source]).to.deep.equal(['raw', `${YOUTUBE}/c0/videos/000`]);
    const again = await put(join(root, YOUTUBE, 'raw/videos/000.mp4'), 'x');
    const { clips, skipped } = await list(root);
    expect(clips.filter(({ video }) => video === 'youtube/000').map(({ id }) => id)).to.deep.equal([
      `${YOUTUBE}/c0/videos/000`,
    ]);
    expect(skipped.find(({ file }) => file === again)?.why).to.match(
      /^is the same clip as .*c0.videos.000\.mp4/,
    );
  });

  it('takes any usual extension, follows links, and passes over hidden files and folders of masks', async () => {
    const root = await writeVideos(fresh(), ffppTree());
    const videos = join(root, YOUTUBE, 'c23/videos');
    await rename(join(videos, '000.mp4'), join(videos, '000.AVI'));
    await put(join(videos, '.DS_Store'), 'x');
    await put(join(videos, '._001.mp4'), 'x');
    await put(join(root, FAKES, 'Deepfakes/masks/videos/000_001.mp4'), 'x');
    const elsewhere = join(place.path(), `elsewhere${count}`);
    await rename(join(root, FAKES, 'NeuralTextures'), elsewhere);
    await symlink(elsewhere, join(root, FAKES, 'NeuralTextures'));
    const corpus = await list(root);
    expect(corpus.skipped).to.deep.equal([]);
    expect(corpus.clips.length).to.equal(8 + 2 * 8);
    expect(clipAt(corpus, `${YOUTUBE}/c23/videos/000`).file).to.equal(join(videos, '000.AVI'));
    expect(clipAt(corpus, `${FAKES}/Deepfakes/c23/videos/000_001`).source).to.equal(
      `${YOUTUBE}/c23/videos/000`,
    );
  });

  it('lists what is missing and what it does not know, with the reason', async () => {
    const root = await writeVideos(fresh(), ffppTree());
    const videos = join(root, YOUTUBE, 'c23/videos');
    const fakes = join(root, FAKES, 'Deepfakes/c23/videos');
    await rm(join(videos, '002.mp4'));
    await put(join(videos, '999.mp4'), 'x');
    await put(join(videos, '001.mov'), 'x');
    await put(join(videos, '003.mp4.part'), 'x');
    await put(join(fakes, '000_002.mp4'), 'x'); // two videos of train, no pair
    await symlink(join(root, 'nowhere'), join(fakes, '998_999.mp4'));
    await mkdir(join(root, FAKES, 'Deepfake'));
    const corpus = await list(root);
    const why = Object.fromEntries(corpus.skipped.map((one) => [one.file.slice(root.length + 1), one.why]));
    expect(why).to.deep.equal({
      [`${YOUTUBE}/c23/videos/002`]: 'is in the official split, not on disk',
      [`${YOUTUBE}/c23/videos/999.mp4`]: 'is in none of train.json, val.json and test.json',
      [`${YOUTUBE}/c23/videos/001.mp4`]: `is the same clip as ${join(videos, '001.mov')}`,
      [`${YOUTUBE}/c23/videos/003.mp4.part`]: 'is no video of a known extension',
      [`${FAKES}/Deepfakes/c23/videos/000_002.mp4`]: 'is of no pair in train.json, val.json and test.json',
      [`${FAKES}/Deepfakes/c23/videos/998_999.mp4`]: 'is a link to nothing',
      [`${FAKES}/Deepfake`]:
        'is none of Deepfakes, Face2Face, FaceShifter, FaceSwap, NeuralTextures, DeepFakeDetection',
    });
    expect(clipAt(corpus, `${FAKES}/Deepfakes/c23/videos/002_003`).source, 'its real is missing').to.equal(
      null,
    );
  });

  it('DeepFakeDetection in the same root: told and left out, or used without a split', async () => {
    const root = await writeVideos(fresh(), ffppTree());
    await writeVideos(root, dfdTree());
    const without = await list(root);
    expect(without.clips.some(({ identities }) => identities.includes('actor01'))).to.equal(false);
    expect(without.skipped.map(({ file }) => file)).to.deep.equal([
      join(root, 'original_sequences/actors'),
      join(root, FAKES, 'DeepFakeDetection'),
    ]);
    const { clips, skipped } = await list(root, { actors: true });
    expect(skipped).to.deep.equal([]);
    const actors = clips.filter(({ split }) => split === null);
    expect(actors.length).to.equal(2 * (6 + 6));
    expect(clips.length - actors.length).to.equal(without.clips.length);
    const fake = actors.find(({ video }) => video === 'DeepFakeDetection/01_02__exit_phone_room__JZUXXFRB');
    expect(fake).to.deep.include({
      ...{ label: 1, manipulation: 'DeepFakeDetection', identities: ['actor01', 'actor02'] },
      source: 'original_sequences/actors/c23/videos/01__exit_phone_room',
    });
  });

  it('frames of DeepFakeDetection are dealt out by groups of people', async () => {
    const root = await writeFrames(fresh(), ffppTree(), 1);
    await writeFrames(root, dfdTree(), 1);
    const settings = { root, splits: null, actors: true, val_fraction: 1 / 3, test_fraction: 1 / 3, seed: 1 };
    const { clips } = await ffpp.listFrames(settings);
    const actors = clips.filter(({ identities }) => identities[0]?.startsWith('actor'));
    const splits = new Map<string, Set<string | null>>();
    for (const { identities, split } of actors) {
      const group = identities.map((person) => Math.floor((Number(person.slice(5)) - 1) / 2))[0] as number;
      splits.set(`pair ${group}`, (splits.get(`pair ${group}`) ?? new Set()).add(split));
    }
    expect([...splits.values()].map((set) => [...set].join()).sort()).to.deep.equal(['test', 'train', 'val']);
    const all = await ffpp.listFrames({ ...settings, val_fraction: 0, test_fraction: 1 });
    expect(
      all.clips.filter(({ id }) => /actors|DeepFake/.test(id)).every(({ split }) => split === 'test'),
    ).to.equal(true);
  });

  describe('official lists', () => {
    it('in splits/, and where a setting says', async () => {
      const { videos, lists } = ffppTree();
      const within = Object.fromEntries(
        Object.entries(lists).map(([name, text]) => [`splits/${name}`, text]),
      );
      const root = await writeVideos(fresh(), { videos, lists: within });
      expect((await list(root)).clips.length).to.equal(24);
      const elsewhere = join(place.path(), 'lists');
      await rename(join(root, 'splits'), elsewhere);
      expect((await list(root, { splits: elsewhere })).clips.length).to.equal(24);
    });

    it('with a byte order mark and Windows line ends', async () => {
      const { videos, lists } = ffppTree();
      const windows = Object.entries(lists).map(([name, text]) => [
        name,
        `\uFEFF${text.replaceAll('\n', '\r\n')}`,
      ]);
      const root = await writeVideos(fresh(), { videos, lists: Object.fromEntries(windows) as typeof lists });
      expect((await list(root)).clips.length).to.equal(24);
    });

    it('a missing one: what it is called and where it was looked for', async () => {
      const root = await writeVideos(fresh(), ffppTree());
      await rm(join(root, 'val.json'));
      const { message } = await errorOf(list(root));
      expect(message).to.match(/^val\.json of the official split/);
      expect(message)
        .to.include(`${root} and ${join(root, 'splits')}`)
        .and.to.include('data.splits=FOLDER');
      expect((await errorOf(list(root, { splits: root }))).message).to.include(`looked for in ${root}.`);
    });

    const table: readonly [string, string, RegExp][] = [
      ['an id in two splits', '[["000", "009"]]', /test\.json: video 000 is in train\.json too/],
      ['no JSON', '[["000", ', /test\.json is no JSON: .*download it again/],
      ['no list', '{"000": "001"}', /test\.json must hold a list of pairs/],
      ['numbers that are no text', '[[6, 7]]', /test\.json: entry 1 must be a pair .* it is \[6,7\]/],
      ['a triple', '[["006", "007"], ["008", "009", "010"]]', /test\.json: entry 2 must be a pair/],
    ];
    for (const [name, content, message] of table) {
      it(`refuses ${name}`, async () => {
        const root = await writeVideos(fresh(), ffppTree());
        await put(join(root, 'test.json'), content);
        expect((await errorOf(list(root))).message).to.match(message);
      });
    }
  });

  describe('another root', () => {
    it('one level too high, or up to four too low: says where it is', async () => {
      const root = await writeVideos(fresh(), ffppTree());
      for (const wrong of [
        join(root, '..'),
        join(root, YOUTUBE, 'c23/videos'),
        join(root, 'original_sequences'),
      ]) {
        const { message } = await errorOf(list(wrong));
        expect(message).to.include(
          'FaceForensics++ has original_sequences/ and manipulated_sequences/ there',
        );
        expect(message).to.include(`that lies in ${root}: say data.root=${root}`);
      }
    });

    it('that is missing, a file, empty, or something else', async () => {
      const folder = join(place.path(), 'other');
      const file = await put(join(folder, 'a/file.txt'), 'x');
      await mkdir(join(folder, 'empty'));
      expect((await errorOf(list(join(folder, 'none')))).message).to.match(/none does not exist; /);
      expect((await errorOf(list(file))).message).to.match(/file\.txt is a file; /);
      expect((await errorOf(list(join(folder, 'empty')))).message).to.match(/empty is empty; /);
      expect((await errorOf(list(join(folder, 'a')))).message).to.match(/has other things \(file\.txt\); /);
    });
  });
});
