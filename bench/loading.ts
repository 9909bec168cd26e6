/** How fast the loader is beside what a detector consumes, and what it holds of a million samples. */
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import type { Sample } from '../src/data/dataset.ts';
import { openDataset, type DatasetSource, type OpenDataset } from '../src/data/index.ts';
import { openLoader, type Loader } from '../src/data/loader.ts';
import { rngFor } from '../src/data/rng.ts';
import { loaderOptions } from '../src/prepare.ts';
import { startContender } from './contender.ts';
import { composeBench } from './our-work.ts';
import { spreadOf } from './statistics.ts';

/** Side of the generated images, and how many there are of each class. */
const SIDE = 256;
const FILES = 32;
/** Batches that are not counted: threads start, files come into the system's cache. */
const WARM_UP = 4;

export interface LoadingOptions {
  /** Side of the loaded images in pixels. */
  readonly size: number;
  readonly batch: number;
  /** Numbers of threads to measure. */
  readonly threads: readonly number[];
  readonly rounds: number;
  /** Batches of a round. */
  readonly batches: number;
  readonly overrides: readonly string[];
}

/** Images in a second: of the loader with so many threads, and of plain training of EfficientNet-B0; a figure for each round. */
export interface LoadingSpeed {
  readonly loader: readonly { readonly threads: number; readonly imagesPerSecond: readonly number[] }[];
  readonly consumed: readonly number[];
}

/** Measures the loader with each number of threads and the training, which is a process of its own, in turns, one at a time. */
export async function measureLoading(options: LoadingOptions): Promise<LoadingSpeed> {
  const { size, batch, rounds, batches, overrides } = options;
  const config = await composeBench(overrides);
  return inFolder(async (source) => {
    const dataset = await openDataset(source, () => undefined);
    const work = ['discriminator=efficientnet-b0', 'generator=none', `game.batch_size=${batch}`];
    const side = path.join(import.meta.dirname, 'our-side.ts');
    const args = ['--import', 'tsx', side, 'step', `${size}`, ...work, ...overrides];
    const training = await startContender('training', process.execPath, args);
    try {
      await training.round();
      const loader = options.threads.map((threads) => ({ threads, imagesPerSecond: [] as number[] }));
      const consumed: number[] = [];
      for (let round = 0; round < rounds; round++) {
        for (const { threads, imagesPerSecond } of loader) {
          const opened = await openLoader(dataset, { ...loaderOptions(config), threads });
          const seconds = await timeBatches(opened, batch, batches).finally(opened.close);
          imagesPerSecond.push((batch * batches) / seconds);
        }
        consumed.push((batch / (await training.round()).ms) * 1000);
      }
      await training.end();
      return { loader, consumed };
    } finally {
      training.kill();
    }
  }, size);
}

/** Seconds for so many batches, taken as fast as they come. */
async function timeBatches(loader: Loader, batchSize: number, batches: number): Promise<number> {
  let start = 0;
  let n = 0;
  for await (const batch of loader.trainBatches({ batchSize })) {
    if (batch.samples.length > 0 && ++n === WARM_UP) start = performance.now();
    if (n === WARM_UP + batches) break;
  }
  return (performance.now() - start) / 1000;
}

/** Resident memory of the process, in MB: before there is a list, with the list, planned, and after numbers of batches. */
export interface LoadingMemory {
  readonly start: number;
  readonly listed: number;
  readonly planned: number;
  /** Seconds until the first batch, planning included. */
  readonly first_batch_s: number;
  readonly after: readonly { readonly batches: number; readonly mb: number }[];
}

/** Loads batches of `rows` synthetic samples, half of them fake, whose pixels are those of few files. */
export async function measureMemory(rows: number, options: LoadingOptions): Promise<LoadingMemory> {
  const { size, batch, batches } = options;
  const config = await composeBench(options.overrides);
  return inFolder(async (source) => {
    const start = residentMb();
    const few = await openDataset(source, () => undefined);
    const samples = syntheticSamples(few.samples('train'), rows);
    const dataset: OpenDataset = { ...few, samples: () => samples };
    const loader = await openLoader(dataset, {
      ...loaderOptions(config),
      threads: options.threads[0] as number,
    });
    const listed = residentMb();
    const from = performance.now();
    const after: { batches: number; mb: number }[] = [];
    let [n, first, planned] = [0, 0, 0];
    try {
      for await (const { samples: seen } of loader.trainBatches({ batchSize: batch })) {
        if (seen.length > 0 && ++n === 1)
          [first, planned] = [(performance.now() - from) / 1000, residentMb()];
        if (n % Math.ceil(batches / 5) === 0) after.push({ batches: n, mb: residentMb() });
        if (n >= batches) break;
      }
    } finally {
      await loader.close();
    }
    return { start, listed, planned, first_batch_s: first, after };
  }, size);
}

function syntheticSamples(few: readonly Sample[], rows: number): Sample[] {
  return Array.from({ length: rows }, (_, i) => {
    const { file, label, manipulation } = few[i % few.length] as Sample;
    const pair = `video-${Math.floor(i / 64)}/${i}`;
    return { id: `${i}`, file, split: 'train', label, manipulation, videoId: `video-${i}`, pair };
  });
}

/** Makes images, half of them JPEG and half PNG, in a folder that is removed afterwards. */
async function inFolder<T>(work: (source: DatasetSource) => Promise<T>, size: number): Promise<T> {
  const root = await mkdtemp(path.join(tmpdir(), 'bench-data-'));
  try {
    for (let i = 0; i < 2 * FILES; i++) {
      const rng = rngFor(1, 'bench', i);
      const coarse = Uint8Array.from({ length: 64 * 64 * 3 }, () => rng.integer(256));
      const image = sharp(coarse, { raw: { width: 64, height: 64, channels: 3 } }).resize(SIDE, SIDE);
      const folder = path.join(root, i % 2 === 0 ? 'real' : 'fake');
      const format = i % 4 < 2 ? 'jpeg' : 'png';
      await mkdir(folder, { recursive: true });
      await image.toFormat(format).toFile(path.join(folder, `v${i}.${format}`));
    }
    const settings = { path: root, size, val_fraction: 0.1, test_fraction: 0, unit: 'file', check: 'header' };
    return await work({ name: 'folder', settings, cacheFolder: '', seed: 1 });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

function residentMb(): number {
  return Math.round(process.memoryUsage.rss() / 2 ** 20);
}

/** A line for each number of threads: images a second and how many times what the training consumes. */
export function loadingMarkdown({ loader, consumed }: LoadingSpeed): string {
  const need = spreadOf(consumed).median;
  const lines = loader.map(({ threads, imagesPerSecond }) => {
    const { median, min, max } = spreadOf(imagesPerSecond);
    return `| ${threads} | ${median.toFixed(0)} (${min.toFixed(0)} to ${max.toFixed(0)}) | ${(median / need).toFixed(1)} |`;
  });
  return [
    `EfficientNet-B0, plain training: ${need.toFixed(1)} images/s.`,
    '',
    '| threads | images/s | times what training consumes |',
    '| ---: | ---: | ---: |',
    ...lines,
  ].join('\n');
}
