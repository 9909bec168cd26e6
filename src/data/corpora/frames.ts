/**
 * A public dataset whose frames lie on disk as images, `…/frames/X/0001.png` for `…/videos/X.mp4` or in `X/` beside the video, as a dataset to
 * train on. The largest centred square of a frame is what the detector sees: frames should be face crops, cut by one rule for real and fake.
 */
import { basename, join } from 'node:path';
import { integer, type SettingsOf, type SettingsRecord } from '../../config/settings.ts';
import { FAKE, REAL, type Dataset, type Sample, type Skipped, type Split } from '../dataset.ts';
import { listFolder } from '../folder-layout.ts';
import { squareReader } from '../image-list.ts';
import { hasImageExtension } from '../image.ts';
import { mapInParallel } from '../map-in-parallel.ts';
import type { DatasetContext, DatasetVariant } from '../module.ts';
import { select, selectionSettings, type SelectionSettings } from '../selection.ts';
import type { Clip, Corpus, CorpusReader } from './corpus.ts';
import { chooseFrames, compareKeys, frameKey, type Frame } from './frame-choice.ts';
import { isFolder } from './root.ts';

const frameSettings = {
  size: integer({ min: 16, max: 1024, doc: 'side of the images that the detector sees, in pixels' }),
  frames: integer({ min: 1, doc: 'frames of each clip, evenly spaced; all of a clip that has fewer' }),
};
type FrameSettings = SettingsOf<typeof frameSettings> & SelectionSettings;

/** A clip with the frames that are on disk, sorted by time. */
interface Filmed {
  readonly clip: Clip;
  readonly frames: readonly Frame[];
}

/** The dataset that trains on the frames of a corpus; its settings are those of the corpus, of the frames and of the selection. */
export function framesVariant<S>(reader: CorpusReader<S>): DatasetVariant<S & FrameSettings> {
  const settings: SettingsRecord = { ...reader.settings, ...frameSettings, ...selectionSettings };
  return {
    name: reader.name,
    settings,
    create: (values, context) => openFrames(reader, values, context),
    openReader: (values) => Promise.resolve(squareReader(values.size)),
  };
}

async function openFrames<S>(
  reader: CorpusReader<S>,
  settings: S & FrameSettings,
  { progress }: DatasetContext,
): Promise<Dataset> {
  const corpus = await reader.listFrames(settings);
  const skipped: Skipped[] = [...corpus.skipped];
  const filmed = await filmedClips(corpus, skipped, progress);
  const samples = select(samplesOf(corpus, filmed, settings.frames), settings, reader.name);
  checkClasses(samples, corpus);
  const bySplit = (split: Split): readonly Sample[] => samples.filter((sample) => sample.split === split);
  const splits = { train: bySplit('train'), val: bySplit('val'), test: bySplit('test') };
  return { name: reader.name, ...squareReader(settings.size), samples: (split) => splits[split], skipped };
}

/** The clips with frames; the others go to `skipped`. Throws, with the command that makes face crops, if no clip has any. */
async function filmedClips(
  { name, root, clips }: Corpus,
  skipped: Skipped[],
  progress: DatasetContext['progress'],
): Promise<readonly Filmed[]> {
  let done = 0;
  const filmed = await mapInParallel(clips, async (clip) => {
    const found = await framesOf(clip);
    if (++done % 500 === 0) progress({ stage: `frames of ${name}`, done, total: clips.length });
    return { clip, ...found };
  });
  for (const { clip, frames, skipped: unusable } of filmed) {
    skipped.push(...unusable);
    if (frames.length === 0) skipped.push({ file: clip.file, why: 'has no frames on disk' });
  }
  const withFrames = filmed.filter(({ frames }) => frames.length > 0);
  if (withFrames.length === 0) {
    const word = `data.root=${root}`;
    const quoted = /[^\w./=+-]/.test(word) ? `'${word}'` : word;
    throw new Error(
      `${root}: none of the ${clips.length} clips has frames on disk, in frames/ beside videos/ or in a folder beside the video; ` +
        `make face crops of them by npm run prepare -- data=${name} ${quoted} out=FOLDER, and train on these with data=manifest`,
    );
  }
  return withFrames;
}

async function framesOf({
  file,
}: Clip): Promise<{ readonly frames: readonly Frame[]; readonly skipped: Skipped[] }> {
  const skipped: Skipped[] = [];
  if (!(await isFolder(file))) return { frames: [], skipped };
  const frames = new Map<string, Frame>();
  for (const { name, isFolder, isDangling } of await listFolder(file)) {
    if (isFolder || !hasImageExtension(name)) continue;
    const key = frameKey(name, basename(file));
    const first = frames.get(key);
    if (isDangling) skipped.push({ file: join(file, name), why: 'is a link to nothing' });
    else if (first === undefined) frames.set(key, { file: name, key });
    else skipped.push({ file: join(file, name), why: `is the same frame as ${first.file}` });
  }
  return { frames: [...frames.values()].sort((a, b) => compareKeys(a.key, b.key)), skipped };
}

/** The samples of all clips, in the order of clips and frames. */
function samplesOf(corpus: Corpus, filmed: readonly Filmed[], n: number): readonly Sample[] {
  const splits = new Map(corpus.clips.map(({ id, split }) => [id, split]));
  // a fake whose real is in another split shares nothing with it: owners' test lists part some
  const groupOf = ({ id, source, split }: Clip): string =>
    source !== null && splits.get(source) === split ? source : id;
  const groups = new Map<string, Filmed[]>();
  for (const one of filmed) {
    const group = groupOf(one.clip);
    groups.set(group, [...(groups.get(group) ?? []), one]);
  }
  const chosen = new Map<Clip, readonly Frame[]>();
  for (const group of groups.values()) {
    const frames = chooseFrames(
      group.map((one) => one.frames),
      n,
    );
    group.forEach(({ clip }, i) => chosen.set(clip, frames[i] as readonly Frame[]));
  }
  return filmed.flatMap(({ clip }) =>
    (chosen.get(clip) as readonly Frame[]).map((frame) => sampleOf(clip, frame, groupOf(clip))),
  );
}

function sampleOf(clip: Clip, { file, key }: Frame, group: string): Sample {
  const { id, split, label, manipulation, video, compression, identities } = clip;
  if (split === null) throw new Error(`${id}: a reader of frames gives every clip a split; this has none`);
  return {
    id: `${id}/${file}`,
    file: join(clip.file, file),
    ...{ split, label, manipulation, identities },
    videoId: video,
    pair: `${group}/${key}`,
    ...(compression === null ? {} : { compression }),
    ...(/^\d{1,9}$/.test(key) ? { frame: Number(key) } : {}),
  };
}

/** Every split that has anything has both classes: otherwise no figure of it means anything. */
function checkClasses(samples: readonly Sample[], { root, name }: Corpus): void {
  for (const split of ['train', 'val', 'test'] as const) {
    const labels = new Set(samples.filter((sample) => sample.split === split).map(({ label }) => label));
    if (labels.size !== 1) continue;
    const missing = labels.has(REAL) ? 'fake' : 'real';
    throw new Error(
      `${root}: no ${missing} frame came into ${split} of ${name}, where there are others; download and extract both classes of it, ` +
        'or change what data.methods_seen and data.qualities_seen leave in',
    );
  }
  if (!samples.some(({ label }) => label === FAKE))
    throw new Error(`${root}: no frame of ${name} is left to use`);
}
