/**
 * A split scored anew under each filter of a spectrum. Each filter has a score table of its own, a file in the same format as any other, so that a
 * sweep that was stopped goes on where it was.
 */
import * as tf from '@tensorflow/tfjs';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import type { Batch, Sample } from '../data/dataset.ts';
import type { Discriminator } from '../discriminator/discriminator.ts';
import { score } from '../evaluation/score.ts';
import { readScores, writeScores, type ScoreRow } from '../evaluation/scores.ts';
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

export interface SweepOptions {
  /** Where the tables are kept, `FILTER.csv` each. */
  readonly folder: string;
  /** All that the scores depend on: tables made with anything else are taken away first. */
  readonly madeWith: unknown;
  readonly samples: readonly Sample[];
  /** The split's batches, from the first image on, each time it is called. */
  readonly batches: () => AsyncIterable<Batch>;
  /** After each batch that was scored: its images. */
  readonly scored: (images: number) => void;
  readonly stop: AbortSignal;
}

/** How many of the filters a folder has no table for yet: what is left to do. */
export function filtersLeft(filters: readonly BandFilter[], folder: string, madeWith: unknown): number {
  const done = sameMadeWith(folder, madeWith);
  return filters.filter(({ name }) => !(done && existsSync(tableOf(folder, name)))).length;
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
  const { folder, madeWith } = options;
  if (!sameMadeWith(folder, madeWith)) {
    rmSync(folder, { recursive: true, force: true });
    writeFileAtomic(noteOf(folder), describe(madeWith));
  }
  const all: FilteredScores[] = [];
  for (const filter of filters) {
    const made = readMade(filter, options) ?? (await scoreUnder(detector, filter, options));
    if (made === null) return null;
    all.push(made);
  }
  return all;
}

async function scoreUnder(
  detector: Discriminator,
  filter: BandFilter,
  { folder, batches, scored, stop }: SweepOptions,
): Promise<FilteredScores | null> {
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
  writeScores(tableOf(folder, filter.name), rows);
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

/** What an earlier call made for these very samples; null if there is nothing. */
function readMade(filter: BandFilter, { folder, samples }: SweepOptions): FilteredScores | null {
  const table = tableOf(folder, filter.name);
  // the table is written last, so what has one is whole
  if (!existsSync(table)) return null;
  const rows = readScores(table);
  if (rows.length !== samples.length || rows.some(({ id }, i) => id !== samples[i]!.id)) {
    throw new Error(`${table}: is of other images than the dataset has now; delete ${folder} and run again`);
  }
  const clipping = JSON.parse(readFileSync(clippingOf(folder, filter.name), 'utf8')) as Clipping;
  return { filter, rows, clipping };
}

function sameMadeWith(folder: string, madeWith: unknown): boolean {
  const note = noteOf(folder);
  return existsSync(note) && readFileSync(note, 'utf8') === describe(madeWith);
}

const describe = (madeWith: unknown): string => `${JSON.stringify(madeWith, null, 2)}\n`;
const noteOf = (folder: string): string => path.join(folder, 'made-with.json');
const tableOf = (folder: string, name: string): string => path.join(folder, `${name}.csv`);
const clippingOf = (folder: string, name: string): string => path.join(folder, `${name}.clipping.json`);
