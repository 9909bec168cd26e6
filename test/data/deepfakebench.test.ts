import { expect } from 'chai';
import { join } from 'node:path';
import type { Dataset, Split } from '../../src/data/dataset.ts';
import { createDeepfakebench, type DeepfakebenchSettings } from '../../src/data/deepfakebench.ts';
import { errorOf, picture, put, temporaryFolder } from './image-files.ts';

const SPLITS: readonly Split[] = ['train', 'val', 'test'];
type Json = Record<string, unknown>;

/** Videos of FaceForensics++ in the official way: pairs of people, one pair for each split. */
const PAIRS: Record<Split, readonly [string, string]> = {
  train: ['071', '054'],
  val: ['720', '672'],
  test: ['953', '974'],
};

describe('data/deepfakebench', () => {
  const folder = temporaryFolder();
  const context = { cacheFolder: '', seed: 1, progress: (): void => undefined };
  const root = (): string => join(folder.path(), 'rgb');
  const list = (name: string): string => join(folder.path(), `${name}.json`);

  /** FaceForensics++.json in small: two qualities, backslashes in some paths, two frames a video. */
  function faceForensics(): { json: Json; paths: string[] } {
    const paths: string[] = [];
    const framesOf = (folderOf: string, video: string, compression: string, slash: string): string[] =>
      ['012', '045'].map((frame) => {
        const parts = [
          'FaceForensics++',
          ...folderOf.split('/'),
          compression,
          'frames',
          video,
          `${frame}.png`,
        ];
        paths.push(parts.join('/'));
        return parts.join(slash);
      });
    const videos = (label: string, split: Split): string[] => {
      const [a, b] = PAIRS[split];
      return label === 'FF-real' ? [a, b] : [`${a}_${b}`, `${b}_${a}`];
    };
    const labels = {
      'FF-real': 'original_sequences/youtube',
      'FF-DF': 'manipulated_sequences/Deepfakes',
      'FF-NT': 'manipulated_sequences/NeuralTextures',
    };
    const entries = Object.entries(labels).map(([label, place]) => [
      label,
      Object.fromEntries(
        SPLITS.map((split) => [
          split,
          Object.fromEntries(
            ['c23', 'c40'].map((compression) => [
              compression,
              Object.fromEntries(
                videos(label, split).map((video) => [
                  video,
                  {
                    label,
                    frames: framesOf(place, video, compression, label === 'FF-NT' ? '\\' : '/'),
                    masks: [],
                  },
                ]),
              ),
            ]),
          ),
        ]),
      ),
    ]);
    return { json: { 'FaceForensics++': Object.fromEntries(entries) as Json }, paths };
  }

  /** Celeb-DF-v2.json in small: no compression, val the same as test, and train with the test videos in it. */
  function celebDf(): { json: Json; paths: string[] } {
    const paths: string[] = [];
    const of = (label: string, videos: readonly string[]): Json =>
      Object.fromEntries(
        videos.map((video) => {
          const path = `Celeb-DF-v2/${label}/frames/${video}/000.png`;
          if (!paths.includes(path)) paths.push(path);
          return [video, { label, frames: [path] }];
        }),
      );
    const splitsOf = (label: string, train: readonly string[], test: readonly string[]): Json => ({
      train: of(label, [...train, ...test]),
      val: of(label, test),
      test: of(label, test),
    });
    const celeb = {
      CelebDFv2_real: splitsOf(
        'CelebDFv2_real',
        ['id0_0000', 'id1_0000', 'id2_0000', 'id3_0000'],
        ['id4_0000'],
      ),
      CelebDFv2_fake: splitsOf(
        'CelebDFv2_fake',
        ['id0_id1_0000', 'id1_id0_0000', 'id2_id3_0000', 'id3_id2_0000'],
        ['id4_id0_0000'],
      ),
    };
    return { json: { 'Celeb-DF-v2': celeb }, paths };
  }

  before(async () => {
    const [ff, celeb] = [faceForensics(), celebDf()];
    await put(list('ff'), JSON.stringify(ff.json));
    await put(list('celeb'), JSON.stringify(celeb.json));
    for (const [i, path] of [...ff.paths, ...celeb.paths].entries()) {
      await put(join(root(), path), picture(i, 16).png());
    }
  });

  const open = (told: Partial<DeepfakebenchSettings>): Promise<Dataset> =>
    createDeepfakebench(
      {
        lists: [list('ff')],
        test_lists: [list('ff')],
        root: root(),
        size: 16,
        compression: 'c23',
        methods_seen: null,
        methods_unseen: [],
        qualities_seen: null,
        qualities_unseen: [],
        val_fraction: null,
        overlap: 'refuse',
        unit: 'identity',
        check: 'header',
        ...told,
      },
      context,
    );
  const counts = (dataset: Dataset): number[] => SPLITS.map((split) => dataset.samples(split).length);

  it('FaceForensics++: splits, labels, videos, people, pairs', async () => {
    const dataset = await open({});
    expect(counts(dataset)).to.deep.equal([12, 12, 12]);
    expect(dataset.skipped).to.deep.equal([]);
    const train = dataset.samples('train');
    expect(new Set(train.map(({ videoId }) => videoId)).size).to.equal(6);
    const real = train.find(({ videoId }) => videoId === 'FF-real/071')!;
    const swap = train.find(({ videoId }) => videoId === 'FF-DF/071_054')!;
    const textures = train.find(({ videoId }) => videoId === 'FF-NT/071_054')!;
    expect([real, swap, textures].map(({ label, manipulation }) => [label, manipulation])).to.deep.equal([
      [0, 'real'],
      [1, 'FF-DF'],
      [1, 'FF-NT'],
    ]);
    expect(swap.pair).to.equal(real.pair);
    expect(textures.id).to.match(
      /^FaceForensics\+\+\/manipulated_sequences\/NeuralTextures\/c23\/frames\/071_054/,
    );
    expect(swap.identities).to.deep.equal(['FF/071', 'FF/054']);
    expect(swap.compression).to.equal('c23');
    expect((await dataset.read(textures)).width).to.equal(16);
    expect(counts(await open({ compression: null }))).to.deep.equal([24, 24, 24]);
  });

  it('another dataset for the test: only its test is used', async () => {
    const dataset = await open({ test_lists: [list('celeb')] });
    expect(counts(dataset)).to.deep.equal([12, 12, 2]);
    expect(dataset.samples('test').map(({ videoId, manipulation }) => [videoId, manipulation])).to.deep.equal(
      [
        ['CelebDFv2_real/id4_0000', 'real'],
        ['CelebDFv2_fake/id4_id0_0000', 'CelebDFv2_fake'],
      ],
    );
  });

  it('Celeb-DF, whose val is its test and whose train has the test in it, is refused', async () => {
    const celeb = { lists: [list('celeb')], test_lists: [list('celeb')] };
    const shared = /video CelebDFv2_real\/id4_0000 is in two splits, train \(.*\) and (val|test)/;
    for (const told of [celeb, { ...celeb, val_fraction: 0.5 }, { ...celeb, test_lists: [] }]) {
      const { message } = await errorOf(open(told));
      expect(message).to.match(shared);
      expect(message).to.match(
        /data\.overlap=keep-test takes out.*data\.val_fraction=0\.1 deals val out of train/,
      );
    }
    const mended = await open({ ...celeb, overlap: 'keep-test', val_fraction: 0.5 });
    expect(counts(mended)).to.deep.equal([4, 4, 2]);
    expect(mended.skipped.map(({ why }) => why)).to.deep.equal([
      'is left out of train: video CelebDFv2_real/id4_0000 is in test',
      'is left out of train: video CelebDFv2_fake/id4_id0_0000 is in test',
    ]);
    // without val_fraction, all of val is test
    const { message } = await errorOf(open({ ...celeb, overlap: 'keep-test' }));
    expect(message).to.match(/has a train split but none for val/);
  });

  it('refuses what is not as the format says, naming the place', async () => {
    const video = { label: 'FF-real', frames: ['a.png'] };
    const cases: readonly [string, unknown, RegExp][] = [
      ['text', 'hello', /text\.json is no JSON/],
      ['array', [], /array\.json is no object; expected is \{dataset/],
      [
        'no frames',
        { D: { L: { train: { v: { label: 'FF-real' } } } } },
        /D\.L\.train\.v is not \{label, frames\}/,
      ],
      ['none', { D: { L: { train: { v: { ...video, frames: [] } } } } }, /none\.json: lists no image/],
      ['label', { D: { L: { train: { v: { ...video, label: 'Mystery' } } } } }, /label Mystery is not known/],
      [
        'above',
        { D: { L: { train: { v: { ...video, frames: ['..\\a.png'] } } } } },
        /\.\.\/a\.png is outside the root/,
      ],
      ['quality', { D: { L: { train: { raw: { v: video } } } } }, /has no c23; data\.compression can be raw/],
    ];
    for (const [name, content, message] of cases) {
      await put(list(name), typeof content === 'string' ? content : JSON.stringify(content));
      expect((await errorOf(open({ lists: [list(name)], test_lists: [] }))).message, name).to.match(message);
    }
    expect((await errorOf(open({ lists: [], test_lists: [] }))).message).to.match(
      /data\.lists, data\.test_lists/,
    );
    expect((await errorOf(open({ root: folder.path() }))).message).to.match(
      /images looked at is there.*data\.root/,
    );
  });
});
