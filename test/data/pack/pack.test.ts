import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import {
  appendFile,
  copyFile,
  mkdir,
  readdir,
  readFile,
  rename,
  rm,
  truncate,
  writeFile,
} from 'node:fs/promises';
import { join } from 'node:path';
import { auditDataset } from '../../../src/data/audit/audit.ts';
import type { Dataset, Sample } from '../../../src/data/dataset.ts';
import { openDataset, type OpenDataset } from '../../../src/data/index.ts';
import { readManifest, writeManifest } from '../../../src/data/manifest/manifest-file.ts';
import { packDataset, type PackRequest } from '../../../src/data/pack/pack.ts';
import { cutShort, errorOf, picture, put, temporaryFolder } from '../image-files.ts';
import { corpusRows, landmarks, writePictures } from '../manifest/rows.ts';

const SPLITS = ['train', 'val', 'test'] as const;

describe('packed shards', () => {
  const folder = temporaryFolder();
  const at = (...parts: string[]): string => join(folder.path(), ...parts);
  const open = (path: string, told: object = {}): Promise<OpenDataset> =>
    openDataset(
      {
        name: 'manifest',
        settings: {
          ...{ path, size: 16, val_fraction: 0.2, test_fraction: 0.2, unit: 'identity', check: 'full' },
          ...{ methods_seen: null, methods_unseen: [], qualities_seen: null, qualities_unseen: [] },
          ...told,
        },
        cacheFolder: '',
        seed: 1,
      },
      () => undefined,
    );
  const request = (name: string, told: Partial<PackRequest> = {}): PackRequest => ({
    ...{ out: at(name), order: 'shuffled', seed: 1, shardMb: 1, onImages: () => undefined },
    ...told,
  });
  const all = (dataset: Dataset): Sample[] => SPLITS.flatMap((split) => [...dataset.samples(split)]);
  /** What a sample is wherever its image lies. */
  const known = ({ file, packed, ...sample }: Sample): object => ({
    ...sample,
    whole: file === '' || packed === undefined,
  });
  const contents = async (name: string): Promise<Record<string, string>> =>
    Object.fromEntries(
      await Promise.all(
        (await readdir(at(name)))
          .sort()
          .map(async (file) => [file, (await readFile(at(name, file))).toString('base64')]),
      ),
    ) as Record<string, string>;

  let source: OpenDataset;
  before(async () => {
    const rows = corpusRows(10, 2).map((row, i) => ({
      ...row,
      landmarks: i % 3 === 0 ? landmarks(i) : null,
    }));
    await writePictures(at('source'), rows);
    // not square, so that landmarks move; another format; and a large one, which needs a shard of its own
    await put(at('source', rows[0]!.image), picture(900, 40, 30).png());
    await put(at('source', rows[1]!.image), picture(901, 30, 40).jpeg());
    await put(at('source', rows[2]!.image), picture(902, 700, 700).png({ compressionLevel: 0 }));
    await writeManifest(at('source/manifest.parquet'), rows);
    source = await open(at('source/manifest.parquet'));
    await packDataset(source, request('packed'));
  });

  it('give the samples, pixels, landmarks and files of the dataset bit for bit, in its order', async () => {
    const packed = await open(at('packed/manifest.parquet'));
    expect(packed.skipped).to.deep.equal([]);
    expect(all(packed).map(known)).to.deep.equal(
      all(source).map((sample) => ({ ...known(sample), whole: false })),
    );
    for (const [i, sample] of all(packed).entries()) {
      const original = all(source)[i]!;
      expect(await packed.read(sample)).to.deep.equal(await source.read(original));
      expect(
        Buffer.from(await packed.encoded!(sample)).equals(await readFile(original.file)),
        sample.id,
      ).to.equal(true);
      expect(await packed.landmarks!(sample), sample.id).to.deep.equal(await source.landmarks!(original));
    }
  });

  it('are tar archives whose members are the rows, shuffled in each split by the seed, or as listed', async () => {
    await packDataset(source, request('listed', { order: 'listed' }));
    await packDataset(source, request('other', { seed: 2 }));
    const listing = (name: string, split: string): string[] =>
      ['000000', '000001', '000002'].flatMap((number) => {
        const file = at(name, `${split}-${number}.tar`);
        try {
          return execFileSync('tar', ['tf', file], { stdio: ['ignore', 'pipe', 'ignore'] })
            .toString()
            .trim()
            .split('\n');
        } catch {
          return [];
        }
      });
    const rows = await readManifest(at('listed/manifest.parquet'));
    for (const split of SPLITS) {
      const listed = listing('listed', split);
      const own = rows.flatMap((row, i) => (row.split === split ? [i] : []));
      expect(listed.map((name) => Number(name.split('.')[0]))).to.deep.equal(own);
      for (const name of ['packed', 'other']) {
        expect(listing(name, split)).to.not.deep.equal(listed);
        expect(listing(name, split).sort()).to.deep.equal(listed);
      }
      expect(listing('other', split)).to.not.deep.equal(listing('packed', split));
    }
    const odd = [...SPLITS.flatMap((split) => listing('listed', split))].filter(
      (name) => !name.endsWith('.png'),
    );
    expect(odd.map((name) => rows[Number(name.split('.')[0])]!.image)).to.deep.equal([
      corpusRows(1, 2)[1]!.image,
    ]);
    // whoever extracts them has the files
    await mkdir(at('extracted'));
    execFileSync('tar', ['xf', at('packed/val-000000.tar'), '-C', at('extracted')]);
    const packed = await open(at('packed/manifest.parquet'));
    const [first] = (await readdir(at('extracted'))).sort();
    expect(await readFile(at('extracted', first!))).to.deep.equal(
      Buffer.from(await packed.encoded!(packed.samples('val')[0]!)),
    );
  });

  it('keep to their limit but for an image that is larger', async () => {
    const rows = await readManifest(at('packed/manifest.parquet'));
    const large = rows.find(({ bytes }) => bytes! > 1e6)!;
    expect(rows.filter(({ shard }) => shard === large.shard)).to.deep.equal([large]);
    const shards = new Set(rows.map(({ shard }) => shard));
    expect(shards.size).to.be.within(4, 5);
  });

  it('go on where a killed packing stopped, to the same bytes, and leave nothing half written', async () => {
    const whole = await contents('packed');
    await mkdir(at('resumed'));
    for (const name of ['packing.json', 'train-000000.tar'])
      await copyFile(at('packed', name), at('resumed', name));
    await writeFile(at('resumed/train-000001.tar.part'), 'half of it');
    let reads = 0;
    const counted: Dataset = { ...source, encoded: (sample) => (reads++, source.encoded!(sample)) };
    const done: number[] = [];
    await packDataset(counted, request('resumed', { onImages: (count) => done.push(count) }));
    expect(await contents('resumed')).to.deep.equal(whole);
    expect(done.at(-1)).to.equal(all(source).length);
    const rows = await readManifest(at('packed/manifest.parquet'));
    const kept = rows.filter(({ shard }) => shard === 'train-000000.tar').length;
    expect([kept > 0, reads]).to.deep.equal([true, rows.length - kept]);
  });

  it('an image that cannot be read stops the packing with no half shard and no manifest', async () => {
    const broken: Dataset = {
      ...source,
      encoded: (sample) =>
        sample.id === source.samples('val')[3]!.id ? cutShort(picture(1)) : source.encoded!(sample),
    };
    const error = await errorOf(packDataset(broken, request('broken')));
    expect(error.message).to.match(new RegExp(`^${source.samples('val')[3]!.id} is broken`));
    const names = await readdir(at('broken'));
    expect(names.filter((name) => !/^(packing\.json|train-\d{6}\.tar)$/.test(name))).to.deep.equal([]);
  });

  it('are refused for a dataset that makes its pictures, and in a folder of another packing', async () => {
    const made: Dataset = { ...source };
    delete (made as { encoded?: unknown }).encoded;
    expect((await errorOf(packDataset(made, request('made')))).message).to.match(
      /data=manifest makes its pictures .* no image files to pack/,
    );
    expect((await errorOf(packDataset(source, request('packed')))).message).to.match(/packed already/);
    expect((await errorOf(packDataset(source, request('packed', { seed: 5 })))).message).to.match(
      /holds another packing .*name a new folder/,
    );
    await rm(at('other/manifest.parquet'));
    await copyFile(at('listed/train-000000.tar'), at('other/train-000000.tar'));
    expect((await errorOf(packDataset(source, request('other', { seed: 2 })))).message).to.match(
      /train-000000\.tar holds .*which this packing would not put there/,
    );
    await truncate(at('other/train-000000.tar'), 700);
    expect((await errorOf(packDataset(source, request('other', { seed: 2 })))).message).to.match(
      /is no whole shard; remove it/,
    );
  });

  describe('damaged', () => {
    /** A copy of the packing, changed, and the error of reading a sample whose shard was. */
    const readAfter = async (name: string, change: (shard: string) => Promise<unknown>): Promise<string> => {
      await mkdir(at(name));
      for (const file of await readdir(at('packed'))) await copyFile(at('packed', file), at(name, file));
      await change(at(name, 'val-000000.tar'));
      const dataset = await open(at(name, 'manifest.parquet'), { check: 'none' });
      const last = [...dataset.samples('val')].sort((a, b) => b.packed!.offset - a.packed!.offset)[0]!;
      const { message } = await errorOf(dataset.read(last));
      expect(message).to.include(last.id).and.to.include('val-000000.tar');
      return message;
    };

    it('a shard that is gone, cut short or another tells of itself and of the image', async () => {
      expect(await readAfter('gone', (shard) => rename(shard, `${shard}.away`))).to.match(
        /cannot be opened .*move them together/,
      );
      expect(await readAfter('short', (shard) => truncate(shard, 2048))).to.match(
        /is cut short: .* ends at byte \d+, the shard at 2048/,
      );
      const swapped = await readAfter('swapped', async (shard) => {
        await copyFile(at('listed/train-000000.tar'), shard);
        await appendFile(shard, Buffer.alloc(1e6));
      });
      expect(swapped).to.match(/no member of \d+ bytes begins at byte \d+/);
    });

    it('is found by the check of the files, image by image', async () => {
      const error = await errorOf(open(at('gone/manifest.parquet'), { check: 'header' }));
      expect(error.message).to.match(/no real image came into val/);
      await copyFile(at('packed/val-000000.tar'), at('short/val-000000.tar'));
      const own = (await readManifest(at('short/manifest.parquet'))).filter(
        ({ shard }) => shard === 'val-000000.tar',
      );
      const last = own.sort((a, b) => b.offset! - a.offset!)[0]!;
      await truncate(at('short/val-000000.tar'), last.offset! + 5);
      const cut = await open(at('short/manifest.parquet'), { check: 'header' });
      const { skipped } = cut;
      expect(skipped.map(({ file }) => file)).to.deep.equal([`${at('short/val-000000.tar')}: ${last.image}`]);
      expect(skipped[0]!.why).to.match(/is cut short: .* ends at byte/);
      expect(cut.samples('val').some(({ id }) => id === last.image)).to.equal(false);
    });

    it('a manifest with a part of a place, or a shard elsewhere, is refused with its row', async () => {
      const rows = await readManifest(at('packed/manifest.parquet'));
      for (const [change, message] of [
        [{ bytes: null }, /row 0: of shard, offset and bytes some are empty/],
        [{ shard: '../x.tar' }, /row 0: shard \.\.\/x\.tar is outside the folder/],
      ] as const) {
        expect(
          (await errorOf(writeManifest(at('bad.parquet'), [{ ...rows[0]!, ...change }]))).message,
        ).to.match(message);
      }
    });
  });

  it('are audited by the files in them', async () => {
    const options = { limit: 100, seed: 1, hashDistance: 0, progress: () => undefined };
    const packed = await auditDataset(await open(at('packed/manifest.parquet')), options);
    expect(packed.files).to.deep.equal((await auditDataset(source, options)).files);
  });
});
