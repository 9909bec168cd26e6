import { expect } from 'chai';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { cacheFolder } from '../../src/data/cache-folder.ts';
import type { Dataset, Sample } from '../../src/data/dataset.ts';
import { createFaces } from '../../src/data/faces.ts';
import { faceOutline, hullMask } from '../../src/data/forgery/mask.ts';
import { listPhotos } from '../../src/data/photos.ts';
import { openShard, type Row } from '../../src/data/shard.ts';
import { openFaces, TEST_SETTINGS } from '../support/photos.ts';

const SPLITS = ['train', 'val', 'test'] as const;

describe('data=faces', function () {
  this.timeout(300_000); // the first run finds the faces and renders the rows
  let faces: Dataset;
  let all: Sample[];

  before(async () => {
    faces = await openFaces();
    all = SPLITS.flatMap((split) => [...faces.samples(split)]);
  });

  it('has 171 photos of 163 people, and says why the other 49 are left out', async () => {
    const reals = all.filter(({ label }) => label === 0);
    expect(new Set(reals.map(({ file }) => file)).size).to.equal(171);
    expect(new Set(reals.map(({ videoId }) => videoId)).size).to.equal(163);
    expect(faces.skipped).to.have.length(49);
    expect(await listPhotos(cacheFolder())).to.have.length(171 + 49);
    const why = (name: string): string | undefined =>
      faces.skipped.find(({ file }) => file.endsWith(name))?.why;
    expect(why('057f.jpg')).to.equal('the same picture as tabler-preview-1.2.0/042f.jpg');
    expect(why('009m.jpg')).to.equal('a grey picture');
    expect(why('/male/21.jpg')).to.include('too small');
    expect(why('/male/18.jpg')).to.include('toy');
    expect(why('024f.jpg')).to.include('turned');
    expect(why('047f.jpg')).to.equal('no face found');
  });

  it('splits by person, about 60/15/25', () => {
    const people = SPLITS.map((split) => new Set(faces.samples(split).map(({ videoId }) => videoId)));
    expect(people.map((set) => set.size)).to.deep.equal([98, 24, 41]);
    expect(new Set(people.flatMap((set) => [...set])).size).to.equal(98 + 24 + 41);
    for (const split of SPLITS)
      for (const sample of faces.samples(split)) expect(sample.split).to.equal(split);
  });

  it('has unseen methods in test only, and each row of a pair once', () => {
    const methods = (split: (typeof SPLITS)[number]): string[] =>
      [...new Set(faces.samples(split).map(({ manipulation }) => manipulation))].sort();
    const seen = ['deepfakes', 'face2face', 'neuraltextures', 'real'];
    expect(methods('train')).to.deep.equal(seen);
    expect(methods('val')).to.deep.equal(seen);
    expect(methods('test')).to.deep.equal([...seen, 'faceswap'].sort());
    expect(new Set(all.map(({ id }) => id)).size).to.equal(all.length);
    const pairs = new Map<string, Sample[]>();
    for (const sample of all) pairs.set(sample.pair, [...(pairs.get(sample.pair) ?? []), sample]);
    for (const rows of pairs.values()) {
      const [first] = rows;
      expect(rows.map(({ manipulation }) => manipulation)).to.have.length(first!.split === 'test' ? 5 : 4);
      expect(rows.filter(({ label }) => label === 0).map(({ manipulation }) => manipulation)).to.deep.equal([
        'real',
      ]);
      expect(new Set(rows.map(({ file, videoId }) => file + videoId)).size).to.equal(1);
    }
  });

  it('counts rows as photos times variants times manipulations', async () => {
    const { seed } = TEST_SETTINGS;
    const more = await openFaces({
      methods_seen: ['self-blend'],
      methods_unseen: [],
      size: 32,
      variants_train: 2,
      seed,
    });
    const photos = (split: (typeof SPLITS)[number]): number =>
      new Set(faces.samples(split).map(({ file }) => file)).size;
    expect(more.samples('train')).to.have.length(photos('train') * 2 * 2);
    expect(more.samples('val')).to.have.length(photos('val') * 1 * 2);
    const sample = more.samples('train')[0]!;
    expect((await more.read(sample)).data).to.have.length(32 * 32 * 3);
  });

  it('shows online fakes to training alone', async () => {
    const more = await openFaces({
      methods_seen: ['deepfakes'],
      methods_unseen: [],
      online_fakes: ['self-blend'],
      size: 32,
    });
    const fakesOf = (split: (typeof SPLITS)[number]): string[] =>
      [...new Set(more.samples(split).map(({ manipulation }) => manipulation))].sort();
    expect(fakesOf('train')).to.deep.equal(['deepfakes', 'real', 'self-blend']);
    expect(fakesOf('val')).to.deep.equal(['deepfakes', 'real']);
    expect(fakesOf('test')).to.deep.equal(['deepfakes', 'real']);
  });

  it('reads the same pixels twice, as a copy, and others for the fake', async () => {
    const again = await openFaces();
    const [real, fake] = [all[0]!, all[1]!];
    const first = await faces.read(real);
    expect(first.width * first.height * 3).to.equal(first.data.length);
    expect((await again.read(real)).data).to.deep.equal(first.data);
    first.data.fill(0);
    expect((await faces.read(real)).data).to.not.deep.equal(first.data);
    expect((await faces.read(fake)).data).to.not.deep.equal((await faces.read(real)).data);
    const stranger = await faces.read({ ...real, pair: 'nobody#0' }).catch((error: Error) => error.message);
    expect(stranger).to.include('has no sample');
  });

  it('knows the landmarks where each row shows them: within their outline a swap changes the image, beside it hardly', async () => {
    for (const real of all.filter(({ label }) => label === 0).slice(0, 6)) {
      const fake = all.find(({ pair, manipulation }) => pair === real.pair && manipulation === 'deepfakes')!;
      const landmarks = (await faces.landmarks!(real))!;
      expect(landmarks).to.have.length(68);
      expect(await faces.landmarks!(fake)).to.deep.equal(landmarks);
      const { data } = await faces.read(real);
      const other = (await faces.read(fake)).data;
      const mask = hullMask(faceOutline(landmarks), { inset: -2, feather: 1 }, faces.size, faces.size).data;
      const change = [0, 0];
      const pixels = [0, 0];
      mask.forEach((value, i) => {
        const side = value > 0.5 ? 1 : 0;
        pixels[side]!++;
        for (let c = 0; c < 3; c++) change[side]! += Math.abs(data[3 * i + c]! - other[3 * i + c]!);
      });
      expect(change[0]! / pixels[0]!, real.id).to.be.below((0.25 * change[1]!) / pixels[1]!);
    }
    expect(await faces.landmarks!({ ...all[0]!, pair: 'nobody#0' })).to.equal(null);
  });

  it('refuses what contradicts itself, and missing photos', async () => {
    const rejected = (promise: Promise<unknown>): Promise<string> =>
      promise.then(
        () => 'accepted',
        (error: Error) => error.message,
      );
    expect(await rejected(openFaces({ methods_unseen: ['deepfakes'] }))).to.include('deepfakes stands twice');
    expect(await rejected(openFaces({ quality_min: 99, quality_max: 98 }))).to.include('quality_min');
    const empty = await mkdtemp(path.join(os.tmpdir(), 'faces-test-'));
    try {
      const open = createFaces(TEST_SETTINGS, { cacheFolder: empty, progress: () => {} });
      expect(await rejected(open)).to.match(/holds 0 of 148 photos; run `npm run setup`/);
    } finally {
      await rm(empty, { recursive: true });
    }
  });
});

describe('data/shard', function () {
  this.timeout(60_000);

  it('writes whole files, reads them back, and notices damage', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'shard-test-'));
    const data = Uint8Array.from({ length: 120 * 120 * 3 }, (_, i) => (i * 7) % 251);
    const landmarks = Array.from(
      { length: 68 },
      (_, i) => [60 + 40 * Math.cos(i), 60 + 40 * Math.sin(i)] as const,
    );
    const rows: Row[] = [0, 1, 2].map((variant) => ({ name: 'drawn', face: 0, variant, donors: [] }));
    const settings = { size: 16, quality_min: 90, quality_max: 90, seed: 1 };
    let asked = 0;
    const faces = () => {
      asked++;
      return Promise.resolve([{ image: { width: 120, height: 120, data }, landmarks }]);
    };
    const reports: number[] = [];
    const request = {
      folder,
      rows,
      settings,
      faces,
      progress: ({ done }: { done: number }) => reports.push(done),
    };
    try {
      const { pixels } = await openShard('real', request);
      expect(pixels).to.have.length(3 * 16 * 16 * 3);
      expect(reports).to.deep.equal([1, 2, 3]);
      expect((await readdir(folder)).sort()).to.deep.equal(['real.bin', 'real.json']);
      expect(Uint8Array.from((await openShard('real', request)).pixels)).to.deep.equal(pixels);
      expect(asked).to.equal(1);
      await writeFile(path.join(folder, 'real.bin'), 'short');
      const error = await openShard('real', request).catch((reason: Error) => reason.message);
      expect(error).to.include('damaged').and.to.include(folder);
    } finally {
      await rm(folder, { recursive: true });
    }
  });
});
