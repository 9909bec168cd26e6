// Where fakes were changed, from the forgery to the batch.
import { expect } from 'chai';
import { NO_AUGMENTATION } from '../../src/data/augment.ts';
import { warp } from '../../src/data/augmentation/geometry.ts';
import { cacheFolder } from '../../src/data/cache-folder.ts';
import { openDataset } from '../../src/data/index.ts';
import { createBatchMemory, roomIn, valuesOf } from '../../src/data/batch-memory.ts';
import { FAKE, REAL, type Sample, type SampleReader } from '../../src/data/dataset.ts';
import type { FloatImage } from '../../src/data/forgery/float-image.ts';
import { FORGERIES } from '../../src/data/forgery/index.ts';
import { blend } from '../../src/data/forgery/mask.ts';
import { openLoader } from '../../src/data/loader.ts';
import { drawAugmentation } from '../../src/data/augment.ts';
import { renderSample } from '../../src/data/render-sample.ts';
import { rngFor } from '../../src/data/rng.ts';
import { noiseImage } from '../support/noise-image.ts';
import { TEST_SETTINGS } from '../support/photos.ts';
import { drawnFace } from '../support/drawn-face.ts';

const SIZE = 12;
const sample = (label: 0 | 1, id: string): Sample => ({
  ...{ id, file: `${id}.png`, split: 'train', label, videoId: id, pair: 'p' },
  manipulation: label === REAL ? 'real' : 'swap',
});
const flat = { width: SIZE, height: SIZE, data: new Uint8Array(SIZE * SIZE * 3).fill(100) };
const disc = Float32Array.from({ length: SIZE * SIZE }, (_, i) =>
  Math.hypot((i % SIZE) - 4, Math.floor(i / SIZE) - 5) < 3 ? 0.6 : 0,
);
const reader: SampleReader = {
  size: SIZE,
  read: () => Promise.resolve(flat),
  mask: ({ id }) => Promise.resolve(id === 'unknown' ? null : { width: SIZE, height: SIZE, data: disc }),
};

describe('masks of fakes', () => {
  it('are where a forgery differs from its target, and only there', () => {
    const [target, donor] = [drawnFace(1), drawnFace(2)];
    for (const [name, forge] of Object.entries(FORGERIES)) {
      const made = forge({ target, donors: [donor], rng: rngFor(3, name) });
      expect(made.mask.data.length, name).to.equal(made.data.length / 3);
      let [inside, outside] = [0, 0];
      made.data.forEach((value, i) => {
        const difference = Math.abs(value - target.image.data[i]!);
        if (made.mask.data[Math.floor(i / 3)] === 0) outside = Math.max(outside, difference);
        else inside = Math.max(inside, difference);
      });
      expect(outside, name).to.equal(0);
      expect(inside, name).to.be.above(1);
    }
  });

  it('are the opacity that was blended with', () => {
    const [black, white]: FloatImage[] = [0, 255].map((value) => {
      const image = noiseImage(4, 4);
      return { ...image, data: image.data.map(() => value) };
    }) as [FloatImage, FloatImage];
    const mask = { width: 4, height: 4, data: Float32Array.from({ length: 16 }, (_, i) => i / 15) };
    const made = blend(black!, white!, mask);
    made.mask.data.forEach((opacity, i) => expect(made.data[3 * i]! / 255).to.be.closeTo(opacity, 1e-6));
  });

  const render = async (of: Sample, settings = NO_AUGMENTATION) => {
    const shape = { rows: 1, size: SIZE, masks: true };
    const room = roomIn(createBatchMemory().take(valuesOf(shape)), shape);
    room.images.fill(9);
    room.masks!.values.fill(9);
    room.masks!.known.fill(9);
    await renderSample(reader, of, { settings, seed: 1, batch: 2 }, room, 0);
    return { images: room.images, values: room.masks!.values, known: room.masks!.known[0] };
  };

  it('of reals are known zeros, of fakes what the reader knows', async () => {
    const real = await render(sample(REAL, 'real'));
    expect([real.known, ...new Set(real.values)]).to.deep.equal([1, 0]);
    const unknown = await render(sample(FAKE, 'unknown'));
    expect([unknown.known, ...new Set(unknown.values)]).to.deep.equal([0, 0]);
    const fake = await render(sample(FAKE, 'fake'));
    expect(fake.known).to.equal(1);
    fake.values.forEach((value, i) => expect(value).to.be.closeTo(disc[i]!, 0.5 / 255));
  });

  it('go where the pixels go, whatever is done to colours', async () => {
    const settings = {
      ...{ ...NO_AUGMENTATION, flip: 0.5, rotation: 30, scale: 0.3, shift: 0.2, brightness: 0.4, grey: 0.5 },
      ...{ blur: 2, noise: 0.1, jpeg: 1, jpeg_quality_min: 30, cutout: 1, cutout_size: 0.5 },
    };
    const { values, known } = await render(sample(FAKE, 'fake'), settings);
    // the disc as a picture, through the geometry alone
    const grey = new Uint8Array(SIZE * SIZE * 3).map((_, i) => Math.round(255 * disc[Math.floor(i / 3)]!));
    const draw = drawAugmentation(settings, rngFor(1, 'augment', 2, 'p'));
    const moved = warp({ width: SIZE, height: SIZE, data: grey }, draw);
    expect([...values]).to.deep.equal(
      [...moved.data].filter((_, i) => i % 3 === 0).map((v) => Math.fround(v / 255)),
    );
    expect(values).not.to.deep.equal(disc);
    expect(known).to.equal(1);
  });

  it('must be as large as the images', async () => {
    const wrong = { ...reader, mask: () => Promise.resolve({ width: 3, height: 3, data: disc.slice(0, 9) }) };
    const shape = { rows: 1, size: SIZE, masks: true };
    const room = roomIn(createBatchMemory().take(valuesOf(shape)), shape);
    const error = await renderSample(wrong, sample(FAKE, 'fake'), null, room, 0).catch(
      (e: Error) => e.message,
    );
    expect(error).to.equal('sample fake (fake.png): mask() gave 3×3, not 12×12');
  });

  it('come through the loader’s threads where asked for, beside the same images', async function () {
    this.timeout(300_000);
    const source = { name: 'faces', settings: { ...TEST_SETTINGS }, cacheFolder: cacheFolder(), seed: 1 };
    const faces = await openDataset(source, () => undefined);
    const options = { seed: 3, augment: NO_AUGMENTATION };
    const first = async (masks: boolean, threads: number) => {
      const loader = await openLoader(faces, { ...options, masks, threads });
      for await (const batch of loader.trainBatches({ batchSize: 8 })) {
        const copy = {
          images: batch.images.slice(),
          samples: batch.samples,
          masks: structuredClone(batch.masks),
        };
        await loader.close();
        return copy;
      }
      throw new Error('no batch');
    };
    const [without, one, two] = [await first(false, 1), await first(true, 1), await first(true, 2)];
    expect(without!.masks).to.equal(undefined);
    expect(one!.images).to.deep.equal(without!.images);
    expect(two).to.deep.equal(one);
    const area = faces.size ** 2;
    for (const [row, { label }] of one!.samples.entries()) {
      const values = one!.masks!.values.subarray(row * area, (row + 1) * area);
      const share = values.reduce((sum, value) => sum + value, 0) / area;
      expect(one!.masks!.known[row]).to.equal(1);
      if (label === REAL) expect(share).to.equal(0);
      else expect(share).to.be.within(0.02, 0.9);
    }
  });
});
