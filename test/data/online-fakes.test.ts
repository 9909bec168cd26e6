import { expect } from 'chai';
import { join } from 'node:path';
import sharp from 'sharp';
import { toFloat, toRgb } from '../../src/data/forgery/float-image.ts';
import { selfBlend, selfBlendAt } from '../../src/data/forgery/self-blend.ts';
import { openDataset, type OpenDataset } from '../../src/data/index.ts';
import { openLoader } from '../../src/data/loader.ts';
import { writeManifest } from '../../src/data/manifest/manifest-file.ts';
import { UNPACKED, type ManifestRow } from '../../src/data/manifest/row.ts';
import { makeOnline, requireFakes, withOnlineFakes, withoutOwnFakes } from '../../src/data/online-fakes.ts';
import { rngFor } from '../../src/data/rng.ts';
import { NO_AUGMENTATION } from '../../src/data/augment.ts';
import { faceLandmarks as face } from '../support/landmarks.ts';
import { errorOf, picture, put, temporaryFolder } from './image-files.ts';

const SIZE = 64;

const flat = (points: readonly (readonly [number, number])[]): number[] => points.flatMap(([x, y]) => [x, y]);

describe('data/online-fakes', () => {
  const folder = temporaryFolder();
  let dataset: OpenDataset;

  /** A manifest of real and fake pictures of 80 px, of which those whose number `has` accepts have landmarks, and train `kinds` alone. */
  async function open(
    name: string,
    has: (i: number) => boolean,
    kinds: readonly string[] = ['real', 'Swap'],
  ): Promise<OpenDataset> {
    const root = join(folder.path(), name);
    const rows: ManifestRow[] = [];
    for (let i = 0; i < 12; i++) {
      const split = i < 8 ? 'train' : i < 10 ? 'val' : 'test';
      for (const manipulation of ['real', 'Swap']) {
        if (split === 'train' && !kinds.includes(manipulation)) continue;
        const image = `${manipulation}/${i}.png`;
        await put(join(root, image), picture(i, 80).png());
        rows.push({
          ...{
            image,
            manipulation,
            split,
            compression: null,
            frame: null,
            face: null,
            source_hash: null,
            ...UNPACKED,
          },
          ...{ label: manipulation === 'real' ? 0 : 1, video: `${manipulation}${i}`, pair: `p${i}` },
          ...{ identities: [`person${i}`], landmarks: has(i) ? flat(face(80)) : null },
        });
      }
    }
    const path = join(root, 'manifest.parquet');
    await writeManifest(path, rows);
    const settings = {
      ...{ path, size: SIZE, val_fraction: 0.1, test_fraction: 0.1, unit: 'identity', check: 'none' },
      ...{ methods_seen: null, methods_unseen: [], qualities_seen: null, qualities_unseen: [] },
    };
    return openDataset({ name: 'manifest', settings, cacheFolder: '', seed: 1 }, () => undefined);
  }
  before(async () => {
    dataset = await open('all', () => true);
  });

  it('adds a fake to each training real, in its pair, and none to val and test', async () => {
    const extended = await withOnlineFakes(dataset, ['self-blend']);
    const [before, after] = [dataset.samples('train'), extended.samples('train')];
    const made = after.slice(before.length);
    expect(after.slice(0, before.length)).to.deep.equal(before);
    expect(made.map(({ pair }) => pair)).to.deep.equal(
      before.filter(({ label }) => label === 0).map(({ pair }) => pair),
    );
    for (const { label, manipulation, madeOf } of made) {
      expect([label, manipulation, madeOf?.label]).to.deep.equal([1, 'self-blend', 0]);
    }
    expect(new Set(after.map(({ id }) => id)).size).to.equal(after.length);
    for (const split of ['val', 'test'] as const) {
      expect(extended.samples(split)).to.deep.equal(dataset.samples(split));
    }
    expect(await withOnlineFakes(dataset, [])).to.equal(dataset);
  });

  it('makes none of reals without landmarks, and lists them; of a dataset without any it refuses', async () => {
    const some = await withOnlineFakes(await open('some', (i) => i % 2 === 0), ['self-blend']);
    expect(some.samples('train').filter(({ madeOf }) => madeOf !== undefined)).to.have.length(4);
    expect(some.skipped.map(({ why }) => why)).to.deep.equal(
      Array.from({ length: 4 }, () => 'has no landmarks, so no fake is made of it online'),
    );
    const none = await open('none', () => false);
    expect((await errorOf(withOnlineFakes(none, ['self-blend']))).message).to.match(
      /landmarks of none of its 8 training reals.*npm run prepare/,
    );
  });

  it('reals alone are enough to train on with fakes made of them, and not enough without', async () => {
    const reals = await open('reals', () => true, ['real']);
    expect(() => requireFakes(reals)).to.throw(
      /no fake image came into train.*batches.online_fakes=\[self-blend\]/,
    );
    const extended = await withOnlineFakes(reals, ['self-blend']);
    expect(requireFakes(extended)).to.equal(extended);
    expect(withoutOwnFakes(extended).samples('train')).to.have.length(16);
    expect((await errorOf(open('fakes', () => true, ['Swap']))).message).to.include(
      'no real image came into train',
    );
  });

  it('alone: nothing forged is left in training but what is made of its reals', async () => {
    const alone = withoutOwnFakes(await withOnlineFakes(dataset, ['self-blend']));
    expect(
      alone
        .samples('train')
        .map(({ manipulation }) => manipulation)
        .sort(),
    ).to.deep.equal([...Array<string>(8).fill('real'), ...Array<string>(8).fill('self-blend')]);
    expect(alone.samples('val')).to.deep.equal(dataset.samples('val'));
    expect(() => withoutOwnFakes(dataset)).to.throw('batches.online_fakes names no method');
  });

  it('a batch has them as the draws of (seed, batch, pair) make them of their reals, whichever thread renders', async () => {
    const extended = await withOnlineFakes(dataset, ['self-blend']);
    const bytes = SIZE * SIZE * 3;
    const seen = new Map<string, Float32Array>();
    const contents: Float32Array[][] = [];
    for (const threads of [1, 2]) {
      const loader = await openLoader(extended, { seed: 3, augment: NO_AUGMENTATION, threads });
      const batches: Float32Array[] = [];
      let n = 0;
      for await (const { images, samples } of loader.trainBatches({ batchSize: 16 })) {
        batches.push(images.slice());
        for (const [row, sample] of samples.entries()) {
          if (sample.madeOf === undefined) continue;
          const real = await extended.read(sample.madeOf);
          const rng = rngFor(3, 'online', 'self-blend', n, sample.pair);
          const fake = await makeOnline(extended, sample, real, rng);
          const pixels = images.subarray(row * bytes, (row + 1) * bytes);
          expect(pixels).to.deep.equal(Float32Array.from(fake.data, (value) => value / 255));
          expect(Buffer.from(fake.data).equals(Buffer.from(real.data)), 'changed').to.equal(false);
          expect(seen.get(sample.id), 'anew in each batch').not.to.deep.equal(pixels.slice());
          seen.set(sample.id, pixels.slice());
        }
        if (++n === 3) break;
      }
      contents.push(batches);
      seen.clear();
      await loader.close();
    }
    expect(contents[1]).to.deep.equal(contents[0]);
  });

  it('blends inside the face alone, at any size alike', async () => {
    const share = async (side: number): Promise<number> => {
      const { data } = await sharp(await picture(4, 120).png().toBuffer())
        .resize(side, side)
        .removeAlpha()
        .raw()
        .toBuffer({ resolveWithObject: true });
      const image = toFloat({ width: side, height: side, data: new Uint8Array(data) });
      const landmarks = face(side);
      const unit = (0.32 * side) / 39;
      const made = selfBlendAt(unit)({ target: { image, landmarks }, donors: [], rng: rngFor(1, 'x') });
      let changed = 0;
      for (let i = 0; i < side * side; i++) {
        const differs = [0, 1, 2].some((c) => Math.abs(made.data[3 * i + c]! - image.data[3 * i + c]!) > 1);
        const [x, y] = [i % side, Math.floor(i / side)];
        if (differs) changed++;
        if (x < 0.05 * side || x > 0.95 * side || y > 0.97 * side)
          expect(differs, `${x}, ${y}`).to.equal(false);
      }
      return changed / side ** 2;
    };
    const [small, large] = [await share(64), await share(256)];
    expect(small).to.be.within(0.15, 0.7);
    expect(large / small).to.be.within(0.8, 1.25);
  });

  it('on the canvas it is the method that data=faces has', () => {
    const image = toFloat({
      width: 120,
      height: 120,
      data: Uint8Array.from({ length: 43200 }, (_, i) => (i * 37) % 251),
    });
    const input = () => ({ target: { image, landmarks: face(120) }, donors: [], rng: rngFor(2, 'y') });
    expect(toRgb(selfBlendAt(1)(input()))).to.deep.equal(toRgb(selfBlend(input())));
  });
});
