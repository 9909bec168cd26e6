/** Looks a dataset over for what would make figures on it worthless: leaks between splits, copies, and files that give the label away. */
import { mapInParallel } from '../map-in-parallel.ts';
import type { Dataset, Sample, Skipped, Split } from '../dataset.ts';
import type { DatasetContext } from '../module.ts';
import { rngFor } from '../rng.ts';
import { copyFindings } from './copies.ts';
import { leakFindings } from './leaks.ts';
import { fingerprint, type Fingerprint } from './perceptual-hash.ts';
import { shortcutOf, type Shortcut } from './shortcut.ts';
import { describeFiles, type FileSummary } from './summary.ts';
import { traitsOf, type Traits } from './traits.ts';
import { unchangedFindings } from './unchanged.ts';

export interface AuditOptions {
  /** Images that are opened; drawn by the seed where there are more. */
  readonly limit: number;
  readonly seed: number;
  /** Bits of 64 in which the hashes of one picture may differ. */
  readonly hashDistance: number;
  readonly progress: DatasetContext['progress'];
}

/** Why a dataset should not be used as it is. */
export interface Finding {
  readonly kind:
    | 'video'
    | 'pair'
    | 'identity'
    | 'copy-across-splits'
    | 'copy-across-labels'
    | 'unchanged-fake'
    | 'metadata'
    | 'unopened';
  readonly message: string;
  /** Some of what was found. */
  readonly examples: readonly string[];
}

export interface AuditReport {
  readonly dataset: string;
  /** Samples of each split and manipulation, and of how many videos. */
  readonly counts: readonly {
    readonly split: Split;
    readonly manipulation: string;
    readonly images: number;
    readonly videos: number;
  }[];
  /** Images that were opened, of how many. */
  readonly looked: { readonly images: number; readonly of: number };
  /** People in each split; how many are in more than one. Null where the dataset names none. */
  readonly identities: Readonly<Record<Split | 'shared', number>> | null;
  readonly files: readonly FileSummary[];
  readonly shortcut: Shortcut | null;
  readonly skipped: { readonly count: number; readonly first: readonly Skipped[] };
  /** Empty if the dataset passes. */
  readonly findings: readonly Finding[];
}

const SPLITS: readonly Split[] = ['train', 'val', 'test'];
const SHOWN = 5;

/** An image that was opened. */
export interface Looked {
  readonly sample: Sample;
  readonly traits: Traits;
  readonly print: Fingerprint;
}

/**
 * Audits a dataset. Splits are compared over all samples; pictures and files of at most `limit` of them are opened.
 *
 * @throws if an image cannot be read
 */
export async function auditDataset(dataset: Dataset, options: AuditOptions): Promise<AuditReport> {
  const { limit, seed, hashDistance, progress } = options;
  const samples = SPLITS.flatMap((split) => dataset.samples(split));
  const drawn = samples.length <= limit ? samples : draw(samples, limit, seed);
  let done = 0;
  const looked = await mapInParallel(drawn, async (sample): Promise<Looked> => {
    if (done++ % 100 === 0) progress({ stage: 'opening images', done, total: drawn.length });
    return {
      sample,
      traits: await traitsOf(
        sample.file,
        sample.packed === undefined ? undefined : await dataset.encoded?.(sample),
      ),
      print: await fingerprint(await dataset.read(sample)),
    };
  });
  const shortcut = shortcutOf(looked, seed);
  return {
    dataset: dataset.name,
    counts: countsOf(samples),
    looked: { images: drawn.length, of: samples.length },
    identities: identitiesOf(samples),
    files: describeFiles(looked),
    shortcut,
    skipped: { count: dataset.skipped.length, first: dataset.skipped.slice(0, SHOWN) },
    findings: [
      ...leakFindings(samples, SHOWN),
      ...copyFindings(looked, hashDistance, SHOWN),
      ...(await unchangedFindings(dataset, looked, SHOWN)),
      ...(shortcut?.isRefused === true ? [shortcutFinding(shortcut)] : []),
    ],
  };
}

function draw(samples: readonly Sample[], limit: number, seed: number): readonly Sample[] {
  const chosen = new Set(rngFor(seed, 'audit').shuffle(samples).slice(0, limit));
  return samples.filter((sample) => chosen.has(sample));
}

function shortcutFinding({ auc, strongest }: Shortcut): Finding {
  const why = `files alone tell real from fake with an AUC of ${auc.toFixed(3)}, without their pictures: a detector learns that first`;
  return {
    kind: 'metadata',
    message: `${why}; make all files by one tool in one format, size and quality`,
    examples: [`${strongest.feature} alone: ${strongest.auc.toFixed(3)}`],
  };
}

function countsOf(samples: readonly Sample[]): AuditReport['counts'] {
  const counts = new Map<
    string,
    { split: Split; manipulation: string; images: number; videos: Set<string> }
  >();
  for (const { split, manipulation, videoId } of samples) {
    const key = `${split} ${manipulation}`;
    const entry = counts.get(key) ?? { split, manipulation, images: 0, videos: new Set() };
    counts.set(key, entry);
    entry.images++;
    entry.videos.add(videoId);
  }
  return [...counts.values()].map(({ videos, ...rest }) => ({ ...rest, videos: videos.size }));
}

function identitiesOf(samples: readonly Sample[]): AuditReport['identities'] {
  const splits = new Map<string, Set<Split>>();
  for (const { identities, split } of samples) {
    for (const name of identities ?? []) splits.set(name, (splits.get(name) ?? new Set()).add(split));
  }
  if (splits.size === 0) return null;
  const sets = [...splits.values()];
  const of = (split: Split): number => sets.filter((set) => set.has(split)).length;
  return {
    train: of('train'),
    val: of('val'),
    test: of('test'),
    shared: sets.filter(({ size }) => size > 1).length,
  };
}
