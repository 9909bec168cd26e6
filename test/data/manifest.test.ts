import { expect } from 'chai';
import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import { FAKE, type Dataset, type Sample, type Split } from '../../src/data/dataset.ts';
import { createFolder } from '../../src/data/folder.ts';
import { createManifest, openManifestReader, type ManifestSettings } from '../../src/data/manifest.ts';
import { writeManifest } from '../../src/data/manifest/manifest-file.ts';
import type { ManifestRow } from '../../src/data/manifest/row.ts';
import { cutShort, errorOf, picture, plain, put, temporaryFolder } from './image-files.ts';
import { corpusRows, landmarks, rowOf, writePictures } from './manifest/rows.ts';

const SPLITS: readonly Split[] = ['train', 'val', 'test'];

describe('data/manifest', () => {
  const folder = temporaryFolder();
  const context = { cacheFolder: '', seed: 1, progress: (): void => undefined };
  const all = (dataset: Dataset) => SPLITS.flatMap((split) => dataset.samples(split));
  const counts = (dataset: Dataset): number[] => SPLITS.map((split) => dataset.samples(split).length);

  const settingsFor = (path: string, told: Partial<ManifestSettings> = {}): ManifestSettings => ({
    path,
    size: 16,
    methods_seen: null,
    methods_unseen: [],
    qualities_seen: null,
    qualities_unseen: [],
    val_fraction: 0.2,
    test_fraction: 0.2,
    unit: 'identity',
    check: 'header',
    ...told,
  });
  const open = (path: string, told: Partial<ManifestSettings> = {}): Promise<Dataset> =>
    createManifest(settingsFor(path, told), context);

  /** A manifest with small pictures beside it. */
  async function write(name: string, rows: readonly ManifestRow[], pictures = rows): Promise<string> {
    const file = join(folder.path(), name, 'manifest.parquet');
    await writePictures(join(folder.path(), name), pictures);
    await writeManifest(file, rows);
    return file;
  }

  it('deals pairs of people out whole: no video, pair or person is in two splits', async () => {
    const rows = corpusRows(10, 2);
    const dataset = await open(await write('dealt', rows));
    expect(counts(dataset)).to.deep.equal([72, 24, 24]); // 6, 2 and 2 of the ten pairs of people, 12 images each
    for (const of of ['videoId', 'pair'] as const) {
      const places = new Set(all(dataset).map((sample) => `${sample[of]} ${sample.split}`));
      expect(places.size).to.equal(new Set(all(dataset).map((sample) => sample[of])).size);
    }
    const people = all(dataset).flatMap(({ identities, split }) =>
      identities!.map((name) => `${name} ${split}`),
    );
    expect(new Set(people).size).to.equal(20);
    const sample = all(dataset).find(({ id }) => id === 'Deepfakes/3_2/1.png');
    expect(sample).to.include({ compression: 'c23', label: FAKE, videoId: 'Deepfakes/3_2', pair: '3/1' });
    expect(sample?.identities).to.deep.equal(['3', '2']);
  });

  it('tells frames and faces, so that a video is judged by its most suspicious face', async () => {
    const rows = corpusRows(10, 2).map((row, i) => ({ ...row, face: i % 2 }));
    const dataset = await open(await write('faces', rows));
    for (const row of rows) {
      const sample = all(dataset).find(({ id }) => id === row.image);
      expect(sample).to.include({ frame: row.frame, face: row.face });
    }
  });

  it('where people are in all splits, it says that they hang together; unit=video lets them', async () => {
    const rows = corpusRows(10, 1).map((row) => ({ ...row, identities: ['everyone'] }));
    const path = await write('one person', rows);
    expect((await errorOf(open(path))).message).to.match(
      /no real image came into .*; .*groups that share a video, pair or person stay together/,
    );
    // the fakes of a video are of its pairs
    expect(counts(await open(path, { unit: 'video' }))).to.deep.equal([36, 12, 12]);
  });

  it('keeps given splits; rows without one go where their group is', async () => {
    const rows = corpusRows(9, 1).map((row) => {
      const pair = Math.floor(Number(row.identities[0]) / 2);
      const split = (['train', 'val', 'test'] as const)[pair % 3]!;
      return { ...row, split: row.label === FAKE && pair < 3 ? null : split };
    });
    const dataset = await open(await write('given', rows));
    expect(counts(dataset)).to.deep.equal([18, 18, 18]);
  });

  it('reads what data=folder reads, where nothing but image and label is told', async () => {
    const rows = ['real', 'fake'].flatMap((kind, label) =>
      Array.from({ length: 24 }, (_, i) => rowOf(`${kind}/v${i >> 1}_${i}.png`, { label: label as 0 | 1 })),
    );
    await writePictures(join(folder.path(), 'plain'), rows);
    const lines = ['image,label', ...rows.map(({ image, label }) => `${image},${label}`)];
    const csv = await put(join(folder.path(), 'plain.csv'), `${lines.join('\n')}\n`);
    const beside = join(folder.path(), 'plain', 'list.csv');
    await rename(csv, beside);
    const fractions = { size: 16, val_fraction: 0.2, test_fraction: 0.2 };
    const path = join(folder.path(), 'plain');
    const same = await createFolder({ ...fractions, path, unit: 'video', check: 'header' }, context);
    const dataset = await open(beside);
    const byId = (a: { readonly id: string }, b: { readonly id: string }): number => (a.id < b.id ? -1 : 1);
    expect(all(dataset).sort(byId)).to.deep.equal(all(same).sort(byId));
  });

  it('methods and qualities that are seen in the test only', async () => {
    const path = await write('selected', corpusRows(10, 1));
    const dataset = await open(path, { methods_unseen: ['FaceSwap'] });
    const methods = SPLITS.map(
      (split) => new Set(dataset.samples(split).map(({ manipulation }) => manipulation)),
    );
    expect(methods.map((set) => [...set].sort())).to.deep.equal([
      ['Deepfakes', 'real'],
      ['Deepfakes', 'real'],
      ['Deepfakes', 'FaceSwap', 'real'],
    ]);
    expect((await errorOf(open(path, { methods_seen: ['DeepFakes'] }))).message).to.match(
      /DeepFakes is not in .*manifest\.parquet; there are Deepfakes, FaceSwap\..*Deepfakes/,
    );
  });

  it('landmarks come along, in pixels of what is read, also to a reader without a list', async () => {
    const rows = corpusRows(10, 1).map((row, i) => ({ ...row, landmarks: i === 0 ? null : row.landmarks }));
    const path = await write('landmarks', rows);
    await put(join(folder.path(), 'landmarks', rows[1]!.image), plain('#345', 48, 32).png());
    // stored lying, shown upright: 32 wide, 48 high
    await put(
      join(folder.path(), 'landmarks', rows[2]!.image),
      plain('#345', 48, 32).withMetadata({ orientation: 6 }).jpeg(),
    );
    const dataset = await open(path);
    const reader = await openManifestReader(settingsFor(path));
    const of = (row: ManifestRow) => all(dataset).find(({ id }) => id === row.image)!;
    for (const source of [dataset, reader]) {
      const find = (sample: Sample) => source.landmarks!(sample);
      expect(await find(of(rows[0]!))).to.equal(null);
      // from 32 × 32, cut out of 48 × 32 from x = 8 on, to 16 × 16: half, pixel centres at whole numbers
      const at = (index: number): number => landmarks(0)[index]!;
      const half = (value: number): number => (value + 0.5) / 2 - 0.5;
      const lying = await find(of(rows[1]!));
      expect(lying?.[5]).to.deep.equal([half(at(10) - 8), half(at(11))]);
      const upright = await find(of(rows[2]!));
      expect(upright?.[67]).to.deep.equal([half(at(134)), half(at(135) - 8)]);
    }
    const sample = of(rows[3]!);
    expect(await reader.read(sample)).to.deep.equal(await dataset.read(sample));
  });

  it('lists what cannot be used, and columns that mean nothing', async () => {
    const rows = corpusRows(10, 1);
    const path = await write('bad files', rows, rows.slice(1));
    const cut = join(folder.path(), 'bad files', rows[1]!.image);
    await put(cut, await cutShort(picture(1).png()));
    const missing = join(folder.path(), 'bad files', rows[0]!.image);
    expect((await open(path)).skipped.map(({ file }) => file)).to.deep.equal([missing]);
    expect((await open(path, { check: 'full' })).skipped.map(({ file }) => file)).to.deep.equal([
      missing,
      cut,
    ]);
    expect((await open(path, { check: 'none' })).skipped).to.deep.equal([]);
    const csv = join(folder.path(), 'bad files', 'more.csv');
    const lines = rows.map(({ image, label, video }) => `${image},${label},${video},x`);
    await put(csv, `image,label,video,mood\n${lines.join('\n')}\n`);
    expect((await open(csv)).skipped[0]).to.deep.equal({
      file: csv,
      why: 'has a column mood, which means nothing here',
    });
  });

  describe('refuses', () => {
    it('images that are elsewhere, once', async () => {
      const path = join(folder.path(), 'moved', 'manifest.csv');
      await writeManifest(path, corpusRows(10, 2));
      for (const check of ['none', 'header'] as const) {
        expect((await errorOf(open(path, { check }))).message).to.match(
          /manifest\.csv: none of 18 images looked at is there, the first is .*moved.original.*move them together/,
        );
      }
    });

    const torn: readonly [string, (row: ManifestRow) => Partial<ManifestRow>, RegExp][] = [
      [
        'a video',
        () => ({ pair: 'p', identities: [] }),
        /video 0 is in two splits, train \(.*0\.png\) and test/,
      ],
      ['a pair', ({ image }) => ({ video: image, identities: [] }), /pair 0\/\d is in two splits/],
      [
        'a person',
        ({ image }) => ({ video: image, pair: image }),
        /identity \d is in two splits.*data\.unit=video/,
      ],
    ];
    for (const [what, changed, message] of torn) {
      it(`${what} in two splits`, async () => {
        const rows = corpusRows(3, 2).map((row, i) => ({
          ...row,
          split: (['train', 'test', 'val'] as const)[i % 3]!,
          ...changed(row),
          ...(what === 'a video' ? { pair: row.image } : {}),
          ...(what === 'a pair' ? { pair: `0/${row.frame}` } : {}),
        }));
        expect((await errorOf(open(await write(`torn ${what}`, rows)))).message).to.match(message);
      });
    }

    it('a train split without val', async () => {
      const rows = corpusRows(4, 1).map((row) => ({ ...row, split: 'train' as const }));
      expect((await errorOf(open(await write('no val', rows)))).message).to.match(
        /has a train split but none for val, and checkpoints of a training are chosen on val; mend the column/,
      );
    });
  });
});
