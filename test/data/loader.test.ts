import { expect } from 'chai';
import { join } from 'node:path';
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';
import { rm } from 'node:fs/promises';
import type { Batch, Sample } from '../../src/data/dataset.ts';
import { NO_AUGMENTATION, type AugmentSettings } from '../../src/data/augment.ts';
import { openDataset } from '../../src/data/index.ts';
import type { DatasetSource, OpenDataset } from '../../src/data/index.ts';
import { defaultThreads, openLoader } from '../../src/data/loader.ts';
import type { Loader } from '../../src/data/loader.ts';
import { renderSample, type BatchAugmentation } from '../../src/data/render-sample.ts';
import { planBatches } from '../../src/data/sampling.ts';
import { cutShort, errorOf, picture, put, temporaryFolder } from './image-files.ts';

const augment: AugmentSettings = {
  ...NO_AUGMENTATION,
  ...{ flip: 0.5, rotation: 10, scale: 0.1, shift: 0.1, brightness: 0.1, contrast: 0.2, saturation: 0.3 },
  ...{ resize: 0.6, noise: 0.02, jpeg: 0.5, jpeg_quality_min: 40, jpeg_quality_max: 90 },
};
const options = { seed: 7, augment };

async function take(batches: AsyncGenerator<Batch>, count: number): Promise<Batch[]> {
  const taken: Batch[] = [];
  for await (const batch of batches) if (taken.push(copied(batch)) === count) break;
  return taken;
}

/** The next batch of the iteration uses the memory anew. */
function copied(batch: Batch): Batch {
  return { ...batch, images: batch.images.slice() };
}

describe('data/loader', () => {
  const folder = temporaryFolder();
  let dataset: OpenDataset;
  let loader: Loader;

  const source = (path: string): DatasetSource => {
    const settings = {
      path,
      size: 24,
      val_fraction: 0.2,
      test_fraction: 0.2,
      unit: 'video',
      check: 'header',
    };
    return { name: 'folder', settings, cacheFolder: '', seed: 1 };
  };
  async function fill(name: string): Promise<string> {
    const root = join(folder.path(), name);
    for (let i = 0; i < 15; i++) {
      // A pair has the same pixels, so that only the augmentation could tell them apart.
      for (const kind of ['real', 'fake']) await put(join(root, kind, `v${i}.png`), picture(i, 32).png());
    }
    return root;
  }
  async function rendered(samples: readonly Sample[], augmentation: BatchAugmentation | null) {
    const images = new Float32Array(samples.length * 24 * 24 * 3);
    for (const [row, sample] of samples.entries())
      await renderSample(dataset, sample, augmentation, { images, masks: null }, row);
    return images;
  }
  before(async () => {
    dataset = await openDataset(source(await fill('set')), () => undefined);
    loader = await openLoader(dataset, options);
  });
  after(() => loader.close());

  it('gives what rendering in this thread gives, bit for bit', async () => {
    const plan = planBatches(dataset.samples('train'), 6, 7);
    const [first, second] = await take(loader.trainBatches({ batchSize: 6 }), 2);
    for (const [batch, got] of [first, second].entries()) {
      expect(got?.samples).to.deep.equal(plan(batch));
      expect(got?.shape).to.deep.equal([6, 24, 24, 3]);
      expect(got?.images).to.deep.equal(await rendered(plan(batch), { settings: augment, seed: 7, batch }));
    }
  });

  it('resumed at n it goes on as if it had never stopped', async () => {
    const whole = await take(loader.trainBatches({ batchSize: 4 }), 9);
    const another = await openLoader(dataset, options);
    const resumed = await take(another.trainBatches({ batchSize: 4, start: 5 }), 4);
    await another.close();
    expect(resumed).to.deep.equal(whole.slice(5));
  });

  it('a real and its fake are augmented alike, and differently in the next batch', async () => {
    const seen = await take(loader.trainBatches({ batchSize: 2 }), 18);
    const pixels = 24 * 24 * 3;
    for (const { images } of seen) expect(images.subarray(0, pixels)).to.deep.equal(images.subarray(pixels));
    const again = seen.filter(({ samples }) => samples[0]?.id === seen[0]?.samples[0]?.id);
    expect(again.length).to.be.above(1);
    expect(again[0]?.images).not.to.deep.equal(again[1]?.images);
  });

  it('pixels are float32 in [0, 1] and use the range', async () => {
    const [batch] = await take(loader.trainBatches({ batchSize: 16 }), 1);
    const values = [...(batch?.images ?? [])];
    const [low, high] = [Math.min(...values), Math.max(...values)];
    expect(low).to.be.within(0, 0.2);
    expect(high).to.be.within(0.8, 1);
  });

  it('evaluation: each sample once, in order, as read, the last batch smaller; twice the same', async () => {
    const all = await take(loader.evalBatches('train', 7), 99);
    const samples = dataset.samples('train');
    expect(all.flatMap((batch) => batch.samples)).to.deep.equal(samples);
    expect(all.map((batch) => batch.shape[0])).to.deep.equal([7, 7, samples.length - 14]);
    expect(all[2]?.images).to.deep.equal(await rendered(samples.slice(14), null));
    expect(await take(loader.evalBatches('train', 7), 99)).to.deep.equal(all);
  });

  it('training and evaluation take turns without harm', async () => {
    const alone = await take(loader.trainBatches({ batchSize: 4 }), 4);
    const mixed: Batch[] = [];
    for await (const batch of loader.trainBatches({ batchSize: 4 })) {
      mixed.push(copied(batch));
      await take(loader.evalBatches('val', 4), 99);
      if (mixed.length === 4) break;
    }
    expect(mixed).to.deep.equal(alone);
  });

  it('a file that breaks stops the iteration with its name, and the loader lives on', async () => {
    const root = await fill('breaking');
    const set = await openDataset(source(root), () => undefined);
    const victim = set.samples('val')[1]?.file as string;
    const breaking = await openLoader(set, options);
    await put(victim, await cutShort(picture(0, 32).png()));
    const message = (await errorOf(take(breaking.evalBatches('val', 2), 99))).message;
    expect(message).to.include(victim).and.to.include('broken or cut short');
    expect(await take(breaking.evalBatches('test', 2), 1)).to.have.length(1);
    await breaking.close();
  });

  it('one, two or three threads give the same bytes, whatever batches were in the memory before', async () => {
    const seen: Batch[][] = [];
    for (const threads of [1, 2, 3]) {
      const one = await openLoader(dataset, { ...options, threads });
      seen.push([
        ...(await take(one.trainBatches({ batchSize: 4 }), 7)),
        ...(await take(one.evalBatches('train', 5), 99)),
        ...(await take(one.trainBatches({ batchSize: 2, start: 3 }), 2)),
      ]);
      await one.close();
    }
    expect(seen[1]).to.deep.equal(seen[0]);
    expect(seen[2]).to.deep.equal(seen[0]);
  });

  it('memory is shared with the consumer and used again: as much after many batches as after a few', async () => {
    const one = await openLoader(dataset, { ...options, threads: 2 });
    const buffers = new Set<ArrayBufferLike>();
    let n = 0;
    for await (const { images } of one.trainBatches({ batchSize: 4 })) {
      expect(images.buffer).to.be.instanceOf(SharedArrayBuffer);
      buffers.add(images.buffer);
      // what was handed out must not change before the next is asked for, however long the threads have
      if (n === 2) {
        const before = images.slice();
        await new Promise((resolve) => setTimeout(resolve, 100));
        expect(images).to.deep.equal(before);
      }
      if (++n === 30) break;
    }
    expect(buffers.size).to.be.within(2, 4);
    await one.close();
  });

  it('of several unreadable samples the first of the batch is told, whoever met which', async () => {
    const root = await fill('several');
    const set = await openDataset(source(root), () => undefined);
    const files = set.samples('train').map(({ file }) => file);
    const several = await openLoader(set, { ...options, threads: 3 });
    for (const row of [4, 2, 5]) await rm(files[row] as string);
    for (let i = 0; i < 3; i++) {
      const { message } = await errorOf(several.evalBatches('train', 8).next());
      expect(message).to.include(`sample ${set.samples('train')[2]?.id}: ${files[2]} cannot be read`);
    }
    await several.close();
  });

  it('a dataset that is gone: its first sample is told', async () => {
    const root = await fill('gone');
    const set = await openDataset(source(root), () => undefined);
    await rm(root, { recursive: true });
    const gone = await openLoader(set, options);
    const { message } = await errorOf(gone.trainBatches({ batchSize: 4 }).next());
    expect(message).to.include(root).and.to.include('cannot be read');
    await gone.close();
  });

  /** A user's own dataset of two samples a split, with these functions beside it. */
  const own = async (name: string, functions: string): Promise<OpenDataset> => {
    const module = await put(
      join(folder.path(), name),
      `export const settings = {};
       const samples = [0, 1].map((label) => (
         { id: 's' + label, file: 'none', split: 'train', label, manipulation: label ? 'x' : 'real', videoId: 'v', pair: 'p' }));
       const grey = (value) => ({ width: 2, height: 2, data: new Uint8Array(12).fill(value) });
       export async function create() {
         return { name: 'own', size: 2, skipped: [], samples: () => samples, read };
       }
       ${functions}`,
    );
    return openDataset({ name: 'module', settings: { module }, cacheFolder: '', seed: 1 }, () => undefined);
  };

  it('threads open a reader where the dataset has one', async () => {
    const set = await own(
      'reader.mjs',
      `async function read() { throw new Error('the whole dataset was opened'); }
       export async function openReader() { return { size: 2, read: async () => grey(51) }; }`,
    );
    const reading = await openLoader(set, { ...options, threads: 2 });
    const [batch] = await take(reading.evalBatches('train', 2), 1);
    expect([...(batch?.images ?? [])]).to.deep.equal(Array(24).fill(Math.fround(0.2)));
    await reading.close();
  });

  it('a thread that cannot open the dataset', async () => {
    const set = await own(
      'shut.mjs',
      `async function read() { return grey(1); }
       export async function openReader() { throw new Error('shut today'); }`,
    );
    expect((await errorOf(openLoader(set, { ...options, threads: 2 }))).message).to.equal('shut today');
  });

  it('a thread that dies: who waits and who asks later is told, and the others end', async () => {
    const set = await own('dying.mjs', `async function read() { process.exit(3); }`);
    const dying = await openLoader(set, { ...options, threads: 2 });
    const message = 'a worker of the loader ended unexpectedly, exit code 3';
    expect((await errorOf(dying.evalBatches('train', 1).next())).message).to.equal(message);
    expect((await errorOf(dying.evalBatches('train', 1).next())).message).to.equal(message);
    await dying.close();
  });

  it('chooses half of the cores, one at least, eight at most', () => {
    expect([1, 2, 3, 4, 16, 64].map((cores) => defaultThreads(cores))).to.deep.equal([1, 1, 1, 2, 8, 8]);
  });

  it('refuses impossible requests at once', async () => {
    expect(() => loader.trainBatches({ batchSize: 5 })).to.throw('even number');
    expect(() => loader.trainBatches({ batchSize: 4, start: -1 })).to.throw('got -1');
    expect(() => loader.evalBatches('val', 0)).to.throw('at least 1');
    for (const zero of [{ ahead: 0 }, { threads: 0 }]) {
      expect((await errorOf(openLoader(dataset, { ...options, ...zero }))).message).to.include('at least 1');
    }
  });

  it('closed: waiting and later requests fail, closing twice is fine', async () => {
    const closing = await openLoader(dataset, options);
    const waiting = errorOf(closing.trainBatches({ batchSize: 8 }).next());
    await closing.close();
    await closing.close();
    expect((await waiting).message).to.equal('the loader is closed');
    expect((await errorOf(closing.evalBatches('val', 2).next())).message).to.equal('the loader is closed');
  });

  it('a process that forgets to close ends all the same', () => {
    const path = (file: string): string =>
      JSON.stringify(fileURLToPath(new URL(`../../src/data/${file}`, import.meta.url)));
    const code = `
      import { openDataset } from ${path('index.ts')};
      import { openLoader } from ${path('loader.ts')};
      const set = await openDataset(${JSON.stringify(dataset.source)}, () => undefined);
      const loader = await openLoader(set, ${JSON.stringify(options)});
      for await (const batch of loader.trainBatches({ batchSize: 4 })) { console.log(batch.images.length); break; }`;
    const { status, stdout, stderr } = spawnSync(
      process.execPath,
      [
        '--import',
        pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href,
        '--input-type=module',
        '--eval',
        code,
      ],
      { encoding: 'utf8' },
    );
    expect([status, stdout.trim()], stderr).to.deep.equal([0, String(4 * 24 * 24 * 3)]);
  });
});
