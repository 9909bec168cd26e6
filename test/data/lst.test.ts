import { expect } from 'chai';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset, Split } from '../../src/data/dataset.ts';
import { createLst, type LstSettings } from '../../src/data/lst.ts';
import { errorOf, picture, put, temporaryFolder } from './image-files.ts';

const SPLITS: readonly Split[] = ['train', 'val', 'test'];
const PEOPLE = { train: ['000', '003'], val: ['100', '077'], test: ['953', '974'] } as const;

describe('data/lst', () => {
  const folder = temporaryFolder();
  const context = { cacheFolder: '', seed: 1, progress: (): void => undefined };
  const root = (): string => join(folder.path(), 'faces');
  const list = (name: string): string => join(folder.path(), `${name}.lst`);

  /** `<method>_<quality>/<video>` of a split, with the word of its class. */
  const videosOf = (split: Split): [string, string][] => {
    const [a, b] = PEOPLE[split];
    return [
      [`youtube_c23/${a}`, 'REAL'],
      [`youtube_c23/${b}`, 'REAL'],
      [`Deepfakes_c23/${a}_${b}`, 'FAKE'],
      [`Face2Face_c23/${b}_${a}`, 'FAKE'],
    ];
  };
  const imagesOf = (video: string): string[] => {
    const name = video.split('/')[1]!;
    return ['000010_0', '000030_0', '000030_1'].map((moment) => `${video}/${name}_${moment}.png`);
  };

  before(async () => {
    for (const split of SPLITS) {
      const lines = videosOf(split).flatMap(([video, word]) =>
        imagesOf(video).map((image) => `${image} ${word}`),
      );
      await put(list(split), `${lines.join('\r\n')}\r\n`);
      await put(
        list(`${split}-folders`),
        videosOf(split)
          .map((line) => line.join(' '))
          .join('\n'),
      );
      for (const [i, line] of lines.entries()) {
        await put(join(root(), line.split(' ')[0]!), picture(i, 16).png());
      }
    }
  });

  const open = (told: Partial<LstSettings> = {}): Promise<Dataset> =>
    createLst(
      {
        train_lists: [list('train')],
        val_lists: [list('val')],
        test_lists: [list('test')],
        root: root(),
        size: 16,
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
  const samplesOf = (dataset: Dataset) => SPLITS.map((split) => dataset.samples(split));

  it('a line an image: labels, methods, videos, people, pairs', async () => {
    const dataset = await open();
    expect(samplesOf(dataset).map(({ length }) => length)).to.deep.equal([12, 12, 12]);
    const fake = dataset
      .samples('train')
      .find(({ id }) => id === 'Deepfakes_c23/000_003/000_003_000030_1.png')!;
    expect(fake).to.deep.include({
      ...{ label: 1, manipulation: 'Deepfakes', compression: 'c23', videoId: 'Deepfakes/000_003' },
      ...{ identities: ['000', '003'], pair: 'c23/000/000030_1' },
    });
    const real = dataset.samples('train').find(({ label, pair }) => label === 0 && pair === fake.pair)!;
    expect([real.id, real.manipulation]).to.deep.equal(['youtube_c23/000/000_000030_1.png', 'real']);
  });

  it('a line a folder: the same samples', async () => {
    const folders = await open({
      train_lists: [list('train-folders')],
      val_lists: [list('val-folders')],
      test_lists: [list('test-folders')],
    });
    expect(samplesOf(folders)).to.deep.equal(samplesOf(await open()));
  });

  it('val dealt out of train; test alone; the same image twice', async () => {
    const dealt = await open({
      train_lists: [list('train'), list('val')],
      val_lists: [],
      val_fraction: 0.5,
    });
    expect(samplesOf(dealt).map(({ length }) => length)).to.deep.equal([12, 12, 12]);
    expect(
      samplesOf(await open({ train_lists: [], val_lists: [] })).map(({ length }) => length),
    ).to.deep.equal([0, 0, 12]);
    const twice = await open({ test_lists: [list('test'), list('test-folders')] });
    expect(twice.skipped).to.have.length(12);
    expect(twice.skipped[0]!.why).to.equal('is listed twice in test');
  });

  it('refuses people in two splits, and lines that are none', async () => {
    const people = await put(list('people'), 'Deepfakes_c23/953_003/953_003_000010_0.png FAKE\n');
    expect((await errorOf(open({ test_lists: [people] }))).message).to.match(
      /identity 003 is in two splits, train/,
    );
    const cases: readonly [string, RegExp][] = [
      ['a_c23/000/000_000010_0.png', /:1: 'a_c23\/000\/000_000010_0\.png' does not end in REAL or FAKE/],
      ['a/000/000_000010_0.png REAL', /:1: a\/000\/000_000010_0\.png is not METHOD_QUALITY\/VIDEO/],
      ['a_c23/000/001_000010_0.png REAL', /is not METHOD_QUALITY/],
      ['a_c23/000/000_10_0.png REAL', /six digits of the frame/],
      ['../a_c23/000 REAL', /\.\.\/a_c23\/000 is outside the root/],
      ['a_c23/000 REAL', /a_c23.000 cannot be listed; set data\.root/],
    ];
    for (const [line, message] of cases) {
      const bad = await put(list('bad'), `${line}\n`);
      expect((await errorOf(open({ train_lists: [bad] }))).message, line).to.match(message);
    }
    const both = await put(list('both'), 'a_c23/v/v_000010_0.png FAKE\na_c23/v/v_000010_0.png REAL\n');
    expect((await errorOf(open({ test_lists: [both] }))).message).to.match(/is listed as real and as fake/);
    expect((await errorOf(open({ train_lists: [list('nowhere')] }))).message).to.match(
      /nowhere\.lst is missing/,
    );
    expect((await errorOf(open({ train_lists: [], val_lists: [], test_lists: [] }))).message).to.match(
      /needs lists/,
    );
    await rm(list('bad'));
  });
});
