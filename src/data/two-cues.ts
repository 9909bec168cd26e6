/**
 * `data=two-cues`, a controlled test of the game's claim on the photos of `data=faces`: fakes are real photos with two cues of known strength, a
 * strong one of high frequency, which a blur can take away, and a weak one of low frequency, which it cannot. Fakes of the test carry the weak one
 * alone, so a detector that rides on the strong one guesses there.
 */
import { choice, integer, list, number, type SettingsOf } from '../config/settings.ts';
import { FAKE, REAL, type Dataset, type RgbImage, type Sample, type Split } from './dataset.ts';
import { createFaces } from './faces.ts';
import type { DatasetContext } from './module.ts';
import { rngFor } from './rng.ts';

/** The kinds of fakes: which cues they carry. */
const KINDS = ['both', 'trace', 'shift'] as const;
export type Kind = (typeof KINDS)[number];

export const twoCuesSettings = {
  size: integer({ min: 32, max: 128, doc: 'side of the face crops, in pixels' }),
  trace: number({
    min: 0,
    max: 0.25,
    doc: 'the strong cue: amplitude of a checkerboard of single pixels over the whole image, on the [0, 1] pixel scale',
  }),
  shift: number({
    min: 0,
    max: 0.25,
    doc: 'the weak cue: how much redder and less blue the middle of the face is, falling off softly, on the [0, 1] pixel scale',
  }),
  test_fakes: list(choice(KINDS, 'what the fakes of the test carry; those of train and val carry both'), {
    min: 1,
  }),
  variants_train: integer({ min: 1, max: 50, doc: 'renderings of each training photo' }),
  variants_eval: integer({ min: 1, max: 50, doc: 'renderings of each val and test photo' }),
  seed: integer({ min: 0, doc: "seed of the split and of the draws; not the run's" }),
};

export type TwoCuesSettings = SettingsOf<typeof twoCuesSettings>;

/** JPEG quality of the photos, before any cue is laid over them. */
const QUALITY = { quality_min: 80, quality_max: 98 };

/**
 * Opens the dataset: photos, crops and the split by person are those of `data=faces`; `videoId` is the person, a fake and its real are a pair.
 * Throws if the photos are missing, or a kind of test fakes is named twice.
 */
export async function createTwoCues(
  settings: TwoCuesSettings,
  context: Pick<DatasetContext, 'cacheFolder' | 'progress'>,
): Promise<Dataset> {
  const { size, variants_train, variants_eval, test_fakes, seed } = settings;
  const twice = test_fakes.find((kind, i) => test_fakes.indexOf(kind) !== i);
  if (twice !== undefined) throw new Error(`data.test_fakes: ${twice} stands there twice; name it once`);
  const methods = { methods_seen: [], methods_unseen: [], online_fakes: [] };
  const photos = await createFaces(
    { size, variants_train, variants_eval, seed, ...QUALITY, ...methods },
    context,
  );
  const realOf = new Map<string, Sample>();
  const samplesIn = (split: Split): Sample[] =>
    photos.samples(split).flatMap((real) => {
      realOf.set(real.pair, real);
      const kinds: readonly Kind[] = split === 'test' ? test_fakes : ['both'];
      return [real, ...kinds.map((kind) => fakeOf(real, kind))];
    });
  const samples = { train: samplesIn('train'), val: samplesIn('val'), test: samplesIn('test') };
  return {
    name: 'two-cues',
    size,
    skipped: photos.skipped,
    samples: (split) => samples[split],
    read: async (sample) => {
      const real = realOf.get(sample.pair);
      if (real === undefined) throw new Error(`data=two-cues has no sample ${sample.id}`);
      const photo = await photos.read(real);
      return sample.label === REAL ? photo : withCues(photo, cuesOf(sample, settings));
    },
  };
}

function fakeOf(real: Sample, kind: Kind): Sample {
  return { ...real, id: `${kind}/${real.pair}`, label: FAKE, manipulation: kind };
}

/** Strengths of the cues of one fake, in [0, 1] units of pixels. */
export interface Cues {
  /** Positive where the pixel at the top left is lifted, negative where it is lowered. */
  readonly trace: number;
  readonly shift: number;
}

/** The checkerboard begins light or dark by draw, so that no single pixel tells. */
function cuesOf({ manipulation, pair }: Sample, { trace, shift, seed }: TwoCuesSettings): Cues {
  const sign = rngFor(seed, 'trace', pair).uniform() < 0.5 ? -1 : 1;
  return {
    trace: manipulation === 'shift' ? 0 : sign * trace,
    shift: manipulation === 'trace' ? 0 : shift,
  };
}

/** Of the shift: where it is largest and its standard deviations, in shares of the side, across and down: about the face of a crop. */
const MIDDLE = [0.5, 0.52] as const;
const SPREAD = [0.2, 0.25] as const;
/** What it does to red, green and blue. */
const WARM = [1, 0, -1] as const;

/** x + trace · (−1)^(column + row) + shift · (1, 0, −1) · exp(−d²/2), d the distance from the middle of the face; rounded to bytes, clipped. */
export function withCues({ width, height, data }: RgbImage, { trace, shift }: Cues): RgbImage {
  const changed = Uint8Array.from(data, (byte, i) => {
    const [column, row] = [Math.floor(i / 3) % width, Math.floor(i / 3 / width)];
    const across = ((column + 0.5) / width - MIDDLE[0]) / SPREAD[0];
    const down = ((row + 0.5) / height - MIDDLE[1]) / SPREAD[1];
    const soft = Math.exp(-(across ** 2 + down ** 2) / 2);
    const board = (column + row) % 2 === 0 ? trace : -trace;
    const value = byte + 255 * (board + shift * WARM[i % 3]! * soft);
    return Math.min(255, Math.max(0, Math.round(value)));
  });
  return { width, height, data: changed };
}
