/** Tiny trees in the layouts of the public datasets, for tests: videos that only have names, or frames that are small images. */
import { join } from 'node:path';
import { picture, put } from '../data/image-files.ts';

/** A dataset as its owners hand it out: paths from the root. */
export interface CorpusTree {
  /** Paths of videos, with their extension. */
  readonly videos: readonly string[];
  /** Contents of the lists. */
  readonly lists: Readonly<Record<string, string>>;
}

export type Pair = readonly [string, string];

/** Pairs of consecutive video numbers: `count` of them, the first with number `from`. */
export function pairsFrom(from: number, count: number): readonly Pair[] {
  const number = (n: number): string => String(n).padStart(3, '0');
  return Array.from({ length: count }, (_, i): Pair => [number(from + 2 * i), number(from + 2 * i + 1)]);
}

/** FaceForensics++: both fakes of every pair by every method, in every quality. */
export function ffppTree({
  pairs = { train: pairsFrom(0, 2), val: pairsFrom(4, 1), test: pairsFrom(6, 1) },
  methods = ['Deepfakes', 'NeuralTextures'],
  qualities = ['c23'],
}: {
  readonly pairs?: Readonly<Record<'train' | 'val' | 'test', readonly Pair[]>>;
  readonly methods?: readonly string[];
  readonly qualities?: readonly string[];
} = {}): CorpusTree {
  const all = Object.values(pairs).flat();
  const videos = qualities.flatMap((quality) => [
    ...all.flat().map((name) => `original_sequences/youtube/${quality}/videos/${name}.mp4`),
    ...methods.flatMap((method) =>
      all
        .flatMap(([a, b]) => [`${a}_${b}`, `${b}_${a}`])
        .map((name) => `manipulated_sequences/${method}/${quality}/videos/${name}.mp4`),
    ),
  ]);
  const lists = Object.entries(pairs).map(([split, own]) => [`${split}.json`, JSON.stringify(own, null, 2)]);
  return { videos, lists: Object.fromEntries(lists) as Record<string, string> };
}

/** DeepFakeDetection: two scenes of every actor, and a fake of each for every pair of target and source. */
export function dfdTree({
  swaps = [
    ['01', '02'],
    ['02', '01'],
    ['03', '04'],
    ['04', '03'],
    ['05', '06'],
    ['06', '05'],
  ],
  quality = 'c23',
}: { readonly swaps?: readonly Pair[]; readonly quality?: string } = {}): CorpusTree {
  const scenes = ['exit_phone_room', 'walking_outside_cafe_disgusted'];
  const actors = [...new Set(swaps.flat())];
  const videos = scenes.flatMap((scene) => [
    ...actors.map((actor) => `original_sequences/actors/${quality}/videos/${actor}__${scene}.mp4`),
    ...swaps.map(
      ([target, source]) =>
        `manipulated_sequences/DeepFakeDetection/${quality}/videos/${target}_${source}__${scene}__JZUXXFRB.mp4`,
    ),
  ]);
  return { videos, lists: {} };
}

/** Celeb-DF: `clips` clips of each of `people` people, each swapped with the next person; a number of reals from YouTube; the last person tested. */
export function celebDfTree({ people = 4, clips = 3, youTube = 6 } = {}): CorpusTree {
  const reals: string[] = [];
  const fakes: string[] = [];
  const list: string[] = [];
  for (let person = 0; person < people; person++) {
    for (let clip = 0; clip < clips; clip++) {
      const number = String(clip).padStart(4, '0');
      const real = `Celeb-real/id${person}_${number}.mp4`;
      const fake = `Celeb-synthesis/id${person}_id${(person + 1) % people}_${number}.mp4`;
      reals.push(real);
      fakes.push(fake);
      if (person === people - 1) list.push(`1 ${real}`, `0 ${fake}`);
    }
  }
  const unknown = Array.from({ length: youTube }, (_, i) => `YouTube-real/${String(i).padStart(5, '0')}.mp4`);
  if (youTube > 0) list.unshift(`1 ${unknown[0]}`);
  return {
    videos: [...reals, ...fakes, ...unknown],
    lists: { 'List_of_testing_videos.txt': `${list.join('\n')}\n` },
  };
}

/** DFDC: `originals` reals in each part, with two fakes of each; a test set of four files. */
export function dfdcTree({
  parts = [0, 1, 2],
  originals = 2,
  base = '',
  test = true,
}: {
  readonly parts?: readonly number[];
  readonly originals?: number;
  /** `train/`, or empty. */
  readonly base?: string;
  readonly test?: boolean;
} = {}): CorpusTree {
  const videos: string[] = [];
  const lists: Record<string, string> = {};
  for (const part of parts) {
    const folder = `${base}dfdc_train_part_${part}`;
    const entries: [string, object][] = [];
    for (let i = 0; i < originals; i++) {
      const real = `real${part}x${i}.mp4`;
      entries.push([real, { label: 'REAL', split: 'train' }]);
      for (const k of ['a', 'b']) {
        entries.push([`fake${part}x${i}${k}.mp4`, { label: 'FAKE', split: 'train', original: real }]);
      }
    }
    videos.push(...entries.map(([name]) => `${folder}/${name}`));
    lists[`${folder}/metadata.json`] = JSON.stringify(Object.fromEntries(entries));
  }
  if (test) {
    const names = ['aaaa.mp4', 'bbbb.mp4', 'cccc.mp4', 'dddd.mp4'];
    videos.push(...names.map((name) => `test/${name}`));
    lists['test/labels.csv'] = `filename,label\n${names.map((name, i) => `${name},${i % 2}\n`).join('')}`;
  }
  return { videos, lists };
}

/** The DFDC preview: two clips of one recording of each person, swapped both ways by both methods; the last pair is for test. */
export function dfdcpTree({
  swaps = [
    ['1001', '1002'],
    ['1003', '1004'],
    ['1005', '1006'],
    ['1007', '1008'],
    ['1009', '1010'],
  ],
}: { readonly swaps?: readonly Pair[] } = {}): CorpusTree {
  const entries: Record<string, object> = {};
  swaps.forEach((pair, i) => {
    const set = i === swaps.length - 1 ? 'test' : 'train';
    for (const [target, source] of [pair, [pair[1], pair[0]]] as const) {
      for (const clip of ['A_001', 'A_002']) {
        entries[`original_videos/${target}/${target}_${clip}.mp4`] = {
          ...{ label: 'real', set, augmentations: [], target_id: target, swapped_id: null },
        };
        for (const method of ['method_A', 'method_B']) {
          entries[`${method}/${target}/${target}_A/${source}_${target}_${clip}.mp4`] = {
            ...{ label: 'fake', set, augmentations: [], target_id: target, swapped_id: source },
          };
        }
      }
    }
  });
  return { videos: Object.keys(entries), lists: { 'dataset.json': JSON.stringify(entries) } };
}

/** Writes the lists, and for each video a file that is not empty. */
export async function writeVideos(root: string, { videos, lists }: CorpusTree): Promise<string> {
  await writeLists(root, lists);
  for (const video of videos) await put(join(root, video), 'no video');
  return root;
}

/** Where the frames of a video lie: `frames/X/` beside `videos/`, else `X/` beside the video. */
export function frameFolder(video: string): string {
  return video.replace('/videos/', '/frames/').replace(/\.[^./]+$/, '');
}

/** Writes the lists, and for each video a folder of `frames` pictures and no video; all pictures differ, and are the same every time. */
export async function writeFrames(root: string, { videos, lists }: CorpusTree, frames = 3): Promise<string> {
  await writeLists(root, lists);
  for (const [v, video] of videos.entries()) {
    for (let frame = 0; frame < frames; frame++) {
      const name = `${String(frame).padStart(4, '0')}.png`;
      await put(join(root, frameFolder(video), name), picture(1000 * v + frame, 24).png());
    }
  }
  return root;
}

async function writeLists(root: string, lists: CorpusTree['lists']): Promise<void> {
  for (const [name, content] of Object.entries(lists)) await put(join(root, name), content);
}
