/** A split scored anew under each filter of a spectrum, a kept score table each. */
import * as tf from '@tensorflow/tfjs';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import type { Batch, Sample } from '../data/dataset.ts';
import type { Discriminator } from '../discriminator/discriminator.ts';
import { openKeptScores, type KeptScores } from '../evaluation/kept-scores.ts';
import { score } from '../evaluation/score.ts';
import type { ScoreRow } from '../evaluation/scores.ts';
import { writeFileAtomic } from '../reports/files.ts';
import type { BandFilter } from './bands.ts';
import { filterImages } from './filter-images.ts';

/** How much of the filtered images lay outside of [0, 1] and was cut off. */
export interface Clipping {
  /** Share of the values. */
  readonly share: number;
  /** What was cut off, averaged over all values, in [0, 1] units of pixels. */
  readonly mean: number;
}

/** The scores of a split under one filter. */
export interface FilteredScores {
  readonly filter: BandFilter;
  readonly rows: readonly ScoreRow[];
  readonly clipping: Clipping;
}

/** What scores are kept by. */
export interface SweepPlace {
  /** Where the tables are kept, `FILTER.csv` each. */
  readonly folder: string;
  /** All that the scores depend on besides the filter and which images there are: a table that was made with anything else is made anew. */
  readonly madeWith: unknown;
  readonly samples: readonly Sample[];
}

export interface SweepOptions extends SweepPlace {
  /** The split's batches, from the first image on, each time it is called. */
  readonly batches: () => AsyncIterable<Batch>;
  /** After each batch that was scored: its images. */
  readonly scored: (images: number) => void;
  readonly stop: AbortSignal;
}

/** How many of the filters a folder has no table for yet: what is left to do. */
export function filtersLeft(filters: readonly BandFilter[], place: SweepPlace): number {
  const kept = openKeptScores(place.folder);
  return filters.filter((filter) => !kept.has(filter.name, madeBy(filter, place))).length;
}

/**
 * Scores under each filter, read from the folder where they are there already; null if it was stopped.
 *
 * @throws if the detector's score of an image is not finite, or a table in the folder is damaged
 */
export async function sweep(
  detector: Discriminator,
  filters: readonly BandFilter[],
  options: SweepOptions,
): Promise<FilteredScores[] | null> {
  const kept = openKeptScores(options.folder);
  const all: FilteredScores[] = [];
  for (const filter of filters) {
    const made = findMade(kept, filter, options) ?? (await scoreUnder(detector, filter, kept, options));
    if (made === null) return null;
    all.push(made);
  }
  return all;
}

async function scoreUnder(
  detector: Discriminator,
  filter: BandFilter,
  kept: KeptScores,
  options: SweepOptions,
): Promise<FilteredScores | null> {
  const { folder, batches, scored, stop } = options;
  const cut = { values: 0, clipped: 0, amount: 0 };
  async function* filtered(): AsyncGenerator<Batch, void> {
    for await (const batch of batches()) {
      if (stop.aborted) return;
      yield { ...batch, images: clipped(batch, filter, cut) };
      scored(batch.samples.length);
    }
  }
  const rows = await score(detector, filtered());
  if (stop.aborted) return null;
  const clipping = { share: cut.clipped / cut.values, mean: cut.amount / cut.values };
  writeFileAtomic(clippingOf(folder, filter.name), `${JSON.stringify(clipping)}\n`);
  kept.keep(filter.name, madeBy(filter, options), rows);
  return { filter, rows, clipping };
}

/** The images under a filter, cut off at 0 and 1, and counted. Without a filter they are what they were, bit for bit. */
function clipped(
  { images, shape }: Batch,
  { kind, gain }: BandFilter,
  cut: { values: number; clipped: number; amount: number },
): Float32Array {
  cut.values += images.length;
  if (kind === 'none') return images;
  const values = tf.tidy(() => filterImages(tf.tensor4d(images, [...shape]), gain).dataSync<'float32'>());
  for (let i = 0; i < values.length; i++) {
    const value = values[i]!;
    const kept = Math.min(1, Math.max(0, value));
    values[i] = kept;
    // a rounding beyond the border is no clipping
    if (Math.abs(value - kept) <= ROUNDING) continue;
    cut.clipped++;
    cut.amount += Math.abs(value - kept);
  }
  return values;
}

const ROUNDING = 1e-5;

/** What an earlier call made; null if there is nothing. The table is recorded last, so what is found is whole. */
function findMade(kept: KeptScores, filter: BandFilter, place: SweepPlace): FilteredScores | null {
  const rows = kept.find(filter.name, madeBy(filter, place));
  if (rows === null) return null;
  const clipping = JSON.parse(readFileSync(clippingOf(place.folder, filter.name), 'utf8')) as Clipping;
  return { filter, rows, clipping };
}

function madeBy({ kind, from, to }: BandFilter, { madeWith, samples }: SweepPlace): unknown {
  return { madeWith, filter: { kind, from, to }, samples: samples.map(({ id }) => id) };
}

const clippingOf = (folder: string, name: string): string => path.join(folder, `${name}.clipping.json`);
