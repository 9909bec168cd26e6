import { expect } from 'chai';
import { rename, rm, symlink } from 'node:fs/promises';
import { join } from 'node:path';
import type { Dataset, Sample, Split } from '../../../src/data/dataset.ts';
import { datasetSettings, openDataset } from '../../../src/data/index.ts';
import { framesVariant } from '../../../src/data/corpora/frames.ts';
import { CORPORA } from '../../../src/data/corpora/index.ts';
import {
  celebDfTree,
  dfdcTree,
  dfdcpTree,
  dfdTree,
  ffppTree,
  frameFolder,
  writeFrames,
  writeVideos,
} from '../../support/corpora.ts';
import { errorOf, picture, put, temporaryFolder } from '../image-files.ts';

const SPLITS: readonly Split[] = ['train', 'val', 'test'];
const all = (dataset: Dataset): readonly Sample[] => SPLITS.flatMap((split) => dataset.samples(split));

describe('data/corpora/frames', () => {
  const place = temporaryFolder();
  let count = 0;
  const fresh = (): string => join(place.path(), `tree${count++}`, 'dataset');
  const chosen = { size: 16, frames: 2 };
  const everything = { methods_seen: null, methods_unseen: [], qualities_seen: null, qualities_unseen: [] };
  const deal = { val_fraction: 0.2, test_fraction: 0.2, seed: 1 };
  const context = { cacheFolder: '', seed: 1, progress: (): void => undefined };
  const own = {
    ffpp: { splits: null, actors: false, ...deal },
    'celeb-df': { val_fraction: 0.2, seed: 1 },
    dfd: { split: 'test', ...deal },
    dfdc: { val_parts: [1], test_parts: [] },
    dfdcp: { val_fraction: 0.25, seed: 1 },
  };
  const open = (name: keyof typeof own, root: string, settings: object = {}): Promise<Dataset> =>
    openDataset(
      {
        ...{ name, cacheFolder: '', seed: 1 },
        settings: { root, ...own[name], ...chosen, ...everything, ...settings },
      },
      () => undefined,
    );

  it('samples are evenly spaced frames, with all that is known of the clip', async () => {
    const root = await writeFrames(fresh(), ffppTree(), 4);
    const dataset = await open('ffpp', root);
    const id = 'manipulated_sequences/Deepfakes/c23/frames/000_001';
    expect(all(dataset).filter((sample) => sample.videoId === 'Deepfakes/000_001')).to.deep.equal(
      ['0001.png', '0003.png'].map((file) => ({
        id: `${id}/${file}`,
        file: join(root, id, file),
        ...{ split: 'train', label: 1, manipulation: 'Deepfakes', compression: 'c23' },
        videoId: 'Deepfakes/000_001',
        identities: ['000', '001'],
        frame: Number(file[3]),
        pair: `original_sequences/youtube/c23/frames/000/${Number(file[3])}`,
      })),
    );
    expect(SPLITS.map((split) => dataset.samples(split).length)).to.deep.equal([24, 12, 12]);
    expect(dataset.skipped).to.deep.equal([]);
  });

  it('every fake frame has its real at the same moment, also where the fake is shorter and named otherwise', async () => {
    const tree = ffppTree();
    const root = await writeFrames(fresh(), tree, 6);
    const fake = join(root, 'manipulated_sequences/Deepfakes/c23/frames/000_001');
    await rm(join(fake, '0005.png'));
    for (let i = 0; i < 5; i++) await rename(join(fake, `000${i}.png`), join(fake, `000_001_${i}.png`));
    const samples = all(await open('ffpp', root));
    const real = new Map(samples.filter(({ label }) => label === 0).map((sample) => [sample.pair, sample]));
    for (const { id, label, pair, identities } of samples) {
      if (label === 1) expect(real.get(pair)?.identities, id).to.deep.equal([identities?.[0]]);
    }
    const wholes = samples.filter(({ label }) => label === 0).map(({ pair }) => pair);
    expect(new Set(wholes).size).to.equal(wholes.length);
  });

  it('qualities do not share pairs, and videos keep their name in all of them', async () => {
    const root = await writeFrames(fresh(), ffppTree({ qualities: ['c23', 'c40'] }), 2);
    const samples = all(await open('ffpp', root));
    const qualities = new Map<string, Set<string | undefined>>();
    for (const { pair, compression } of samples) {
      qualities.set(pair, (qualities.get(pair) ?? new Set()).add(compression));
    }
    for (const [pair, set] of qualities) expect(set.size, pair).to.equal(1);
    expect(new Set(samples.map(({ videoId }) => videoId)).size).to.equal(24);
  });

  it('finds X/ beside X.mp4, and frames/ before it', async () => {
    const tree = celebDfTree({ people: 6 });
    const root = await writeFrames(fresh(), tree, 2);
    await writeVideos(root, tree);
    const beside = all(await open('celeb-df', root));
    expect(beside.length).to.equal(2 * tree.videos.length);
    await put(join(root, 'Celeb-real/frames/id0_0000/7.png'), picture(1, 24).png());
    const dataset = await open('celeb-df', root);
    const reals = all(dataset).filter(({ id }) => id.startsWith('Celeb-real/'));
    expect(reals.map(({ id }) => id)).to.deep.equal(['Celeb-real/frames/id0_0000/7.png']);
    // the 17 other clips of Celeb-real are told by their videos
    expect(dataset.skipped.filter(({ why }) => why === 'has no frames on disk').length).to.equal(17);
  });

  it('finds frames lying flat in frames/ below each folder, masks beside them, as DeepfakeBench hands them out', async () => {
    const trees = {
      'celeb-df': celebDfTree({ people: 6 }),
      dfdc: dfdcTree({ base: 'train/' }),
      dfdcp: dfdcpTree(),
    };
    for (const [name, tree] of Object.entries(trees)) {
      const depth = (video: string): number => (video.startsWith('train/') ? 2 : 1);
      const videos = tree.videos.map((video) => {
        const parts = video.split('/');
        return [...parts.slice(0, depth(video)), 'videos', parts.at(-1)].join('/');
      });
      const root = await writeFrames(fresh(), { videos, lists: tree.lists }, 1);
      const [first] = videos as [string];
      await put(
        join(root, frameFolder(first).replace('/frames/', '/masks/'), '0000.png'),
        picture(1, 24).png(),
      );
      const dataset = await open(name as keyof typeof own, root);
      expect(all(dataset).length, name).to.equal(videos.length);
      expect(dataset.skipped, name).to.deep.equal([]);
    }
  });

  it('a fake for test whose real is in training shares no pair with it', async () => {
    const tree = celebDfTree({ people: 6 });
    const list = 'List_of_testing_videos.txt';
    const extra = `${tree.lists[list] ?? ''}0 Celeb-synthesis/id0_id1_0000.mp4\n`;
    const root = await writeFrames(fresh(), { ...tree, lists: { [list]: extra } }, 2);
    const samples = all(await open('celeb-df', root));
    const splits = new Map<string, Split>();
    for (const { pair, split, id } of samples) {
      expect(splits.get(pair) ?? split, id).to.equal(split);
      splits.set(pair, split);
    }
    const [fake] = samples.filter(({ id }) => id.startsWith('Celeb-synthesis/id0_id1_0000/'));
    expect(fake?.split).to.equal('test');
  });

  it('leaves out clips without frames, frames of one moment twice, and links to nothing', async () => {
    const tree = ffppTree();
    const root = await writeFrames(fresh(), tree, 3);
    const fakes = join(root, 'manipulated_sequences/Deepfakes/c23');
    await rm(join(fakes, 'frames/000_001'), { recursive: true });
    await put(join(fakes, 'videos/000_001.mp4'), 'no video');
    await rm(join(fakes, 'frames/001_000'), { recursive: true });
    await put(join(fakes, 'frames/001_000/.keep'), '');
    await put(join(fakes, 'frames/001_000/notes.txt'), 'x');
    await put(join(fakes, 'frames/002_003/2.jpg'), picture(1, 24).jpeg());
    await symlink(join(root, 'nowhere'), join(fakes, 'frames/003_002/9.png'));
    const dataset = await open('ffpp', root, { frames: 32 });
    const why = Object.fromEntries(dataset.skipped.map((one) => [one.file.slice(fakes.length + 1), one.why]));
    expect(why).to.deep.equal({
      'videos/000_001.mp4': 'has no frames on disk',
      'frames/001_000': 'has no frames on disk',
      'frames/002_003/2.jpg': 'is the same frame as 0002.png',
      'frames/003_002/9.png': 'is a link to nothing',
    });
    expect(all(dataset).length).to.equal(3 * (tree.videos.length - 2));
  });

  it('the hundredth frame comes after the ninth', async () => {
    const root = await writeFrames(fresh(), ffppTree(), 2);
    const clip = join(root, 'original_sequences/youtube/c23/frames/000');
    for (const name of ['0000.png', '0001.png']) await rm(join(clip, name));
    for (const i of [9, 10, 99, 100]) await put(join(clip, `${i}.png`), picture(i, 24).png());
    const samples = all(await open('ffpp', root, { frames: 4, methods_seen: ['NeuralTextures'] }));
    const ids = samples
      .filter(({ videoId }) => videoId === 'youtube/000')
      .map(({ id }) => id.split('/').pop());
    expect(ids).to.deep.equal(['9.png', '10.png', '99.png', '100.png']);
  });

  it('selects methods and qualities', async () => {
    const root = await writeFrames(fresh(), ffppTree({ qualities: ['c23', 'c40'] }), 1);
    const dataset = await open('ffpp', root, {
      methods_unseen: ['NeuralTextures'],
      qualities_seen: ['c23'],
      qualities_unseen: ['c40'],
    });
    const kinds = (split: Split) => [
      ...new Set(dataset.samples(split).map((sample) => `${sample.manipulation} ${sample.compression}`)),
    ];
    expect(kinds('train').sort()).to.deep.equal(['Deepfakes c23', 'real c23']);
    expect(kinds('test').sort()).to.deep.equal([
      ...[
        'Deepfakes c23',
        'Deepfakes c40',
        'NeuralTextures c23',
        'NeuralTextures c40',
        'real c23',
        'real c40',
      ],
    ]);
  });

  it('no frames at all: an error with the command that makes face crops', async () => {
    const trees = {
      ffpp: ffppTree(),
      'celeb-df': celebDfTree(),
      dfd: dfdTree(),
      dfdc: dfdcTree(),
      dfdcp: dfdcpTree(),
    };
    for (const [name, tree] of Object.entries(trees)) {
      const root = await writeVideos(fresh(), tree);
      expect((await errorOf(open(name as keyof typeof own, root))).message).to.include(
        `npm run prepare -- data=${name} data.root=${root} out=`,
      );
    }
  });

  it('quotes a root with blanks in that command', async () => {
    const root = await writeVideos(join(fresh(), 'my data'), ffppTree());
    expect((await errorOf(open('ffpp', root))).message).to.include(`data=ffpp 'data.root=${root}' out=`);
  });

  it('a split of one class is an error that names it', async () => {
    const tree = ffppTree();
    const root = await writeFrames(fresh(), tree, 1);
    for (const video of tree.videos.filter((name) => /youtube.*00[67]/.test(name))) {
      await rm(join(root, frameFolder(video)), { recursive: true });
    }
    expect((await errorOf(open('ffpp', root))).message).to.match(/no real frame came into test of ffpp/);
  });

  it('the reader alone reads the same pixels', async () => {
    const root = await writeFrames(fresh(), dfdTree(), 1);
    const dataset = await open('dfd', root);
    const variant = framesVariant(CORPORA.dfd);
    const settings = { root, split: 'test' as const, ...deal, ...chosen, ...everything };
    const reader = await variant.openReader?.(settings, context);
    const [sample] = dataset.samples('test');
    if (sample === undefined || reader === undefined) throw new Error('no sample or no reader');
    expect(reader.size).to.equal(16);
    expect(await reader.read(sample)).to.deep.equal(await dataset.read(sample));
  });

  it('takes the settings of the corpus, of frames and of the selection', async () => {
    for (const name of Object.keys(own) as (keyof typeof own)[]) {
      const settings = Object.keys(await datasetSettings(name));
      expect(settings.sort(), name).to.deep.equal(
        ['root', ...Object.keys(own[name]), ...Object.keys(chosen), ...Object.keys(everything)].sort(),
      );
    }
  });
});
