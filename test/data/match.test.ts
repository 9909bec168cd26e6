import { copyFile, mkdir, readFile } from 'node:fs/promises';
import path from 'node:path';
import { expect } from 'chai';
import sharp from 'sharp';
import { alignFace, alignment, scaleOf } from '../../src/data/align.ts';
import { cacheFolder } from '../../src/data/cache-folder.ts';
import type { Dataset, RgbImage } from '../../src/data/dataset.ts';
import { findFaces } from '../../src/data/face-finder.ts';
import { luma, toFloat } from '../../src/data/forgery/float-image.ts';
import { gaussianBlur } from '../../src/data/forgery/resample.ts';
import { createFolder } from '../../src/data/folder.ts';
import { decodeImage } from '../../src/data/image.ts';
import { matchFakes, type Match, type MatchRequest, type Pair } from '../../src/data/match.ts';
import { listPhotos, type Photo } from '../../src/data/photos.ts';
import { choosePortraits, type Portrait } from '../../src/data/portraits.ts';
import { renderRow } from '../../src/data/render-row.ts';
import { openFaces, TEST_SETTINGS } from '../support/photos.ts';
import { cutShort, errorOf, picture, put, temporaryFolder } from './image-files.ts';

const SHARP_FAKES = 8;

describe('data/match: other photos in the place of fakes', function () {
  this.timeout(900_000);
  const folder = temporaryFolder();
  const context = { cacheFolder: cacheFolder(), progress: () => undefined };
  const at = (...parts: string[]): string => path.join(folder.path(), ...parts);
  const match = (request: Pick<MatchRequest, 'fakes' | 'out'> & Partial<MatchRequest>): Promise<Match> =>
    matchFakes({ settings: TEST_SETTINGS, look: 'own', ...request }, context);
  const realFile = (out: string, { real, variant }: Pair): string =>
    path.join(out, 'images/test/real', encodeURIComponent(`person-${real}`), `${variant}.png`);
  const fakeFile = (out: string, { fake }: Pair): string =>
    path.join(out, 'images/test/fake', encodeURIComponent(fake), '0.png');

  let photos: readonly Photo[];
  let portraits: readonly Portrait[];
  let faces: Dataset;
  let made: Match;

  before('eight sharp photos of people in training as fakes, and what cannot be used', async () => {
    photos = await listPhotos(context.cacheFolder);
    const found = await findFaces(photos, context);
    ({ portraits } = choosePortraits(photos, found, TEST_SETTINGS.seed));
    faces = await openFaces();
    const fine = portraits.filter(
      ({ landmarks, split }) => split === 'train' && scaleOf(alignment(landmarks)) < 0.8,
    );
    await mkdir(at('fakes/more'), { recursive: true });
    for (const [i, { photo }] of fine.slice(0, SHARP_FAKES).entries()) {
      await copyFile(photo.file, at('fakes', i % 2 === 0 ? `${i}.jpg` : `more/${i}.jpg`));
    }
    await copyFile(fine[0]!.photo.file, at('fakes/twice.jpg'));
    await sharp(fine[SHARP_FAKES]!.photo.file).greyscale().toFile(at('fakes/grey.jpg'));
    await put(at('fakes/no-face.png'), picture(1, 256).png());
    await put(at('fakes/cut.jpg'), await cutShort(picture(2, 64).jpeg()));
    await put(at('fakes/notes.txt'), 'no image');
    made = await match({ fakes: at('fakes'), out: at('own') });
  });

  it('every usable fake stands once beside a test person, the others are listed with why', () => {
    const { pairs, skipped } = made;
    const names = Array.from({ length: SHARP_FAKES }, (_, i) => (i % 2 === 0 ? `${i}.jpg` : `more/${i}.jpg`));
    expect(pairs.map(({ fake }) => fake).sort()).to.deep.equal(names.sort());
    const test = new Set(portraits.filter(({ split }) => split === 'test').map(({ photo }) => photo.name));
    for (const { real, variant } of pairs) expect(test.has(real) && variant === 0, real).to.equal(true);
    expect(new Set(pairs.map(({ real }) => real)).size).to.equal(SHARP_FAKES);
    const why = Object.fromEntries(skipped.map((one) => [path.basename(one.file), one.why]));
    expect(Object.keys(why).sort()).to.deep.equal([
      'cut.jpg',
      'grey.jpg',
      'no-face.png',
      'notes.txt',
      'twice.jpg',
    ]);
    expect(why['cut.jpg']).to.match(/^is broken or cut short/);
    expect(why['grey.jpg']).to.equal('a grey picture');
    expect(why['no-face.png']).to.match(/no face found|grey/);
    expect(why['notes.txt']).to.match(/^is broken, or no image/);
    expect(why['twice.jpg']).to.equal('the same picture as 0.jpg');
  });

  it('data=folder reads it as a test split, a person a video', async () => {
    const settings = { path: at('own/images'), size: 96, val_fraction: 0.15, test_fraction: 0.15 };
    const dataset = await createFolder(
      { ...settings, unit: 'video', check: 'full' },
      { cacheFolder: '', seed: 1, progress: () => undefined },
    );
    expect([dataset.samples('train').length, dataset.samples('val').length]).to.deep.equal([0, 0]);
    expect(
      dataset
        .samples('test')
        .map(({ label }) => label)
        .sort()
        .join(''),
    ).to.equal('0'.repeat(SHARP_FAKES) + '1'.repeat(SHARP_FAKES));
    expect(new Set(dataset.samples('test').map(({ videoId }) => videoId)).size).to.equal(2 * SHARP_FAKES);
    expect(dataset.skipped).to.deep.equal([]);
  });

  it('a real that is not reduced is what data=faces shows', async () => {
    const whole = made.pairs.filter(({ scales }) => scales.common === scales.real || scales.common <= 1);
    expect(whole.length).to.be.above(0);
    for (const pair of whole) {
      const sample = faces.samples('test').find(({ id }) => id === `real/${pair.real}#${pair.variant}`)!;
      expect((await decodeImage(realFile(at('own'), pair))).data).to.deep.equal(
        (await faces.read(sample)).data,
      );
    }
  });

  it('a photo as its own fake comes out as itself', async () => {
    await mkdir(at('one'));
    const first = portraits.find(({ split }) => split === 'train')!;
    await copyFile(first.photo.file, at('one/a.jpg'));
    const [pair] = (await match({ fakes: at('one'), out: at('one-out') })).pairs;
    await copyFile(photos.find(({ name }) => name === pair!.real)!.file, at('one/a.jpg'));
    const [same] = (await match({ fakes: at('one'), out: at('same') })).pairs;
    expect(same!.real).to.equal(pair!.real);
    expect(await readFile(fakeFile(at('same'), same!))).to.deep.equal(
      await readFile(realFile(at('same'), same!)),
    );
  });

  it('a fake loses the detail that its partner cannot have', async () => {
    const coarse = made.pairs.filter(({ scales }) => scales.real > 1.3 * Math.max(1, scales.fake));
    expect(coarse.length).to.be.above(2);
    const fakes = coarse.map(({ fake }) => ({ name: fake, file: at('fakes', fake), bytes: 0 }));
    const found = await findFaces(fakes, { cacheFolder: at('cache') });
    for (const [i, pair] of coarse.entries()) {
      const face = await alignFace(await decodeImage(fakes[i]!.file), found[i]!.faces[0]!.landmarks);
      const source = { name: pair.real, face, variant: pair.variant, donors: [] };
      const unmatched = await renderRow('real', source, TEST_SETTINGS);
      const matched = await decodeImage(fakeFile(at('own'), pair));
      expect(sharpnessOf(matched) / sharpnessOf(unmatched), pair.fake).to.be.within(0.2, 0.97);
    }
  });

  it('look=real: the fake has the colours of its partner, and its sharpness', async () => {
    const { pairs } = await match({ fakes: at('fakes'), out: at('real'), look: 'real' });
    expect(pairs).to.deep.equal(made.pairs);
    const distances = { own: [0, 0], real: [0, 0] };
    for (const pair of pairs) {
      for (const look of ['own', 'real'] as const) {
        const [real, fake] = [
          await decodeImage(realFile(at(look), pair)),
          await decodeImage(fakeFile(at(look), pair)),
        ];
        [0, 1, 2].forEach((c) => (distances[look][0]! += Math.abs(meanOf(real, c) - meanOf(fake, c))));
        distances[look][1]! += Math.abs(Math.log(sharpnessOf(real) / sharpnessOf(fake)));
      }
      expect(await readFile(realFile(at('real'), pair))).to.deep.equal(
        await readFile(realFile(at('own'), pair)),
      );
    }
    expect(distances.real[0]).to.be.below(0.5 * distances.own[0]!);
    expect(distances.real[1]).to.be.below(0.7 * distances.own[1]!);
  });

  it('the same request writes the same bytes, another seed other pairs', async () => {
    await match({ fakes: at('fakes'), out: at('again') });
    const report = (out: string): Promise<string> => readFile(at(out, 'match.json'), 'utf8');
    expect(await report('again')).to.equal(await report('own'));
    for (const pair of made.pairs) {
      expect(await readFile(fakeFile(at('again'), pair))).to.deep.equal(
        await readFile(fakeFile(at('own'), pair)),
      );
    }
    const other = await match({
      fakes: at('fakes'),
      out: at('seed'),
      settings: { ...TEST_SETTINGS, seed: 2 },
    });
    expect(other.pairs.map(({ real }) => real)).not.to.deep.equal(made.pairs.map(({ real }) => real));
  });

  it('a folder without a usable portrait, or no folder, is an error', async () => {
    await put(at('useless/a.txt'), 'no image');
    const useless = await errorOf(match({ fakes: at('useless'), out: at('x') }));
    expect(useless.message).to.match(
      /useless: no usable portrait \(1 left out, the first: .*a\.txt: is broken, or no image/,
    );
    await mkdir(at('empty'));
    const empty = await errorOf(match({ fakes: at('empty'), out: at('x') }));
    expect(empty.message).to.match(/empty: no usable portrait \(it is empty\)/);
    const missing = await errorOf(match({ fakes: at('nowhere'), out: at('x') }));
    expect(missing.message).to.match(/nowhere/);
  });
});

function meanOf({ data }: RgbImage, channel: number): number {
  let sum = 0;
  for (let i = channel; i < data.length; i += 3) sum += data[i]!;
  return (3 * sum) / data.length;
}

/** Root mean square of what a Gaussian of one pixel takes away. */
function sharpnessOf(image: RgbImage): number {
  const grey = luma(toFloat(image));
  const blurred = gaussianBlur(grey, 1);
  const power = grey.data.reduce((sum, value, i) => sum + (value - blurred.data[i]!) ** 2, 0);
  return Math.sqrt(power / grey.data.length);
}
