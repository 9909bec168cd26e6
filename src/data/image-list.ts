/** A list of image files, whoever made it, as a dataset: splits dealt out where none are given, and checked; pixels read. */
import { readFile } from 'node:fs/promises';
import type { Dataset, Sample, SampleReader, Skipped, Split } from './dataset.ts';
import { FAKE, REAL, nameOf } from './dataset.ts';
import { compareText } from './folder-layout.ts';
import { belongings, groupsOf, type Unit } from './groups.ts';
import { decodeImage, resizeSquare } from './image.ts';
import { openShardReader } from './pack/shard-reader.ts';
import { checkListed, type FileRules } from './listed-files.ts';
import { splitByVideo, type SplitFractions } from './split.ts';

/** An image that may have no split yet. */
export type ListedImage = Omit<Sample, 'split'> & { readonly split: Split | null };

export interface ImageList {
  /** Of the dataset. */
  readonly name: string;
  /** The folder or file that the images are from, for messages. */
  readonly place: string;
  readonly images: readonly ListedImage[];
  readonly skipped: readonly Skipped[];
}

export interface ListRules {
  /** Side of the images, in pixels. */
  readonly size: number;
  /** Shares of the groups for val and test, for images without a split. */
  readonly fractions: SplitFractions;
  readonly seed: number;
  /** What no two splits may share. */
  readonly unit: Unit;
  /** What a user can do where two splits share something, and where a split lacks a class; to be read after a semicolon. */
  readonly remedies: { readonly shared: string; readonly lacking: string };
  /** Which samples are used once they have a split; all unless told. */
  readonly select?: (samples: readonly Sample[]) => readonly Sample[];
  /** How the files of the samples in use are checked; not at all unless told. */
  readonly files?: FileRules;
}

/**
 * The dataset of a list. Images without a split are dealt out group by group ({@link groupsOf}), stratified by the manipulations that a
 * group occurs with; a group of which some images have a split goes where those are.
 *
 * @throws naming the place, if two splits share a video, a pair or, for the unit `identity`, a person; if the files are elsewhere; if a
 * split lacks a class (train may lack fakes: see `prepareTraining`); if there is a train split and no val split
 */
export async function openList(list: ImageList, rules: ListRules): Promise<Dataset> {
  const { name, place, images } = list;
  if (images.length === 0) throw new Error(`${place}: lists no image`);
  const given = new Set(images.flatMap(({ split }) => split ?? []));
  const isWhole = images.every(({ split }) => split !== null);
  const all = isWhole ? (images as readonly Sample[]) : dealOut(images, rules);
  checkShared(place, all, rules);
  const chosen = rules.select?.(all) ?? all;
  const reader = squareReader(rules.size);
  const { usable, skipped } = await checkListed(chosen, place, rules.files, (sample) =>
    sample.packed === undefined ? Promise.resolve(undefined) : reader.encoded(sample),
  );
  const wanted = isWhole ? given : new Set([...given, ...splitsAsked(rules.fractions)]);
  checkClasses(place, usable, wanted, rules);
  const bySplit = (split: Split): readonly Sample[] => usable.filter((sample) => sample.split === split);
  const splits = { train: bySplit('train'), val: bySplit('val'), test: bySplit('test') };
  return {
    name,
    skipped: [...list.skipped, ...skipped],
    samples: (split) => splits[split],
    ...reader,
  };
}

/** Reads the largest centred square of a sample's image file at size × size, and the file itself. */
export function squareReader(size: number): SampleReader & Required<Pick<SampleReader, 'encoded'>> {
  const readPacked = openShardReader();
  const pieceOf = ({ file, packed, id }: Sample) =>
    packed === undefined ? undefined : readPacked(file, packed, id);
  return {
    size,
    read: async (sample) => resizeSquare(await decodeImage(nameOf(sample), await pieceOf(sample)), size),
    encoded: async (sample) => (await pieceOf(sample)) ?? readFile(sample.file),
  };
}

function dealOut(images: readonly ListedImage[], { fractions, seed, unit }: ListRules): readonly Sample[] {
  const groups = groupsOf(images, unit);
  const given = new Map<string, Split>();
  const kinds = new Map<string, Set<string>>();
  images.forEach(({ split, manipulation }, i) => {
    const group = groups[i] as string;
    if (split !== null) given.set(group, split);
    else kinds.set(group, (kinds.get(group) ?? new Set()).add(manipulation));
  });
  const free = [...kinds].filter(([group]) => !given.has(group));
  const strata = new Map(free.map(([group, set]) => [group, [...set].sort(compareText).join('\n')]));
  const dealt = splitByVideo(strata, fractions, seed);
  return images.map((image, i) => {
    const group = groups[i] as string;
    return { ...image, split: image.split ?? given.get(group) ?? (dealt.get(group) as Split) };
  });
}

/** The splits to which the fractions give anything. */
function splitsAsked({ val, test }: SplitFractions): Split[] {
  const shares = { train: 1 - val - test, val, test };
  return (['train', 'val', 'test'] as const).filter((split) => shares[split] > 1e-9);
}

/**
 * Checks that no video, pair or, for the unit `identity`, person is in two splits.
 *
 * @throws naming the first that is, and an image in either split
 */
export function checkShared(
  place: string,
  samples: readonly Sample[],
  { unit, remedies }: Pick<ListRules, 'unit' | 'remedies'>,
): void {
  const firstOf = new Map<string, Sample>();
  for (const sample of samples) {
    for (const [kind, name] of belongings(sample, unit)) {
      const key = `${kind} ${name}`;
      const first = firstOf.get(key) ?? sample;
      firstOf.set(key, first);
      if (first.split === sample.split) continue;
      throw new Error(
        `${place}: ${key} is in two splits, ${first.split} (${first.id}) and ${sample.split} (${sample.id}), so a test ` +
          `would ask what was trained on; ${remedies.shared}`,
      );
    }
  }
}

/** Every wanted split has both classes, but for fakes in train, which may be made online; and what is trained can be chosen on val. */
function checkClasses(
  place: string,
  samples: readonly Sample[],
  wanted: ReadonlySet<Split>,
  { remedies }: ListRules,
): void {
  if (wanted.has('train') && !wanted.has('val')) {
    throw new Error(
      `${place}: has a train split but none for val, and checkpoints of a training are chosen on val; ${remedies.lacking}`,
    );
  }
  for (const split of wanted) {
    for (const [label, kind] of [
      [REAL, 'real'],
      [FAKE, 'fake'],
    ] as const) {
      if (split === 'train' && label === FAKE) continue;
      if (!samples.some((sample) => sample.split === split && sample.label === label)) {
        throw new Error(`${place}: no ${kind} image came into ${split}; ${remedies.lacking}`);
      }
    }
  }
}
