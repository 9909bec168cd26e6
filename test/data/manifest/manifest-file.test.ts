import { expect } from 'chai';
import fc from 'fast-check';
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { parquetWriteFile } from 'hyparquet-writer';
import { openManifest, readManifest, writeManifest } from '../../../src/data/manifest/manifest-file.ts';
import { UNPACKED, type ManifestRow } from '../../../src/data/manifest/row.ts';
import { errorOf, put, temporaryFolder } from '../image-files.ts';
import { corpusRows, landmarks, rowOf } from './rows.ts';

describe('data/manifest/manifest-file', () => {
  const folder = temporaryFolder();
  const place = (name: string): string => join(folder.path(), name);

  const word = fc.string({ minLength: 1, maxLength: 8, unit: 'grapheme' });
  const name = word.filter((text) => text === text.normalize('NFC'));
  const anyRow: fc.Arbitrary<ManifestRow> = fc
    .record({
      image: fc.stringMatching(/^[a-zé ,"]{1,6}\/[0-9]{1,4}\.png$/),
      label: fc.constantFrom(0 as const, 1 as const),
      method: name.filter((text) => text !== 'real'),
      compression: fc.option(name),
      video: name,
      frame: fc.option(fc.nat()),
      face: fc.option(fc.nat({ max: 5 })),
      pair: name,
      identities: fc.array(
        name.filter((text) => !text.includes(';')),
        { maxLength: 3 },
      ),
      split: fc.constantFrom('train', 'val', 'test', null),
      source_hash: fc.option(fc.stringMatching(/^[0-9a-f]{64}$/)),
      landmarks: fc.option(
        fc.array(
          fc.float({ noNaN: true, noDefaultInfinity: true }).map((x) => x + 0),
          {
            minLength: 136,
            maxLength: 136,
          },
        ),
      ),
      packed: fc.option(
        fc.record({ shard: fc.constantFrom('a.tar', 'b/c.tar'), offset: fc.nat(), bytes: fc.nat() }),
        { nil: UNPACKED },
      ),
    })
    .map(
      ({ method, packed, ...row }) =>
        ({ ...row, ...packed, manipulation: row.label === 0 ? 'real' : method }) as ManifestRow,
    );

  for (const ending of ['parquet', 'csv']) {
    it(`${ending}: what is written is read, whatever it is`, async () => {
      const rows = fc.uniqueArray(anyRow, { minLength: 1, maxLength: 12, selector: ({ image }) => image });
      await fc.assert(
        fc.asyncProperty(rows, async (written) => {
          const file = place(`any.${ending}`);
          await writeManifest(file, written);
          expect(await readManifest(file)).to.deep.equal(written);
        }),
        { numRuns: 60 },
      );
      expect((await readdir(folder.path())).filter((entry) => entry.endsWith('.tmp'))).to.deep.equal([]);
    });

    it(`${ending}: more rows than are in memory at once, from a stream`, async () => {
      const count = 25_001;
      const stream = async function* (): AsyncGenerator<ManifestRow> {
        for (let i = 0; i < count; i++) {
          if (i % 1000 === 0) await Promise.resolve();
          yield rowOf(`${i}.png`, {
            frame: i,
            label: i % 2 ? 1 : 0,
            landmarks: i % 9999 === 0 ? landmarks(i) : null,
          });
        }
      };
      const file = place(`long.${ending}`);
      await writeManifest(file, stream());
      let at = 0;
      for await (const row of (await openManifest(file)).rows()) {
        expect([row.image, row.frame]).to.deep.equal([`${at}.png`, at]);
        expect(row.landmarks).to.deep.equal(at % 9999 === 0 ? landmarks(at) : null);
        at++;
      }
      expect(at).to.equal(count);
    });

    it(`${ending}: columns left out are as if the file had none`, async () => {
      const file = place(`without.${ending}`);
      await writeManifest(file, corpusRows(1, 1));
      const { rows } = await openManifest(file, ['landmarks', 'pair']);
      for await (const row of rows()) {
        expect(row.landmarks).to.equal(null);
        expect(row.pair).to.equal(
          row.image.replace(/^(original|Deepfakes|FaceSwap)\//, '').replace('.png', ''),
        );
      }
    });
  }

  it('a file with image and label alone, as others write it, gets what the path says', async () => {
    const csv = await put(
      place('few.csv'),
      '\ufefflabel,image,score\r\nREAL,train/real/v1_0003.png,1\r\n1,"train/fake/v1_0003.png",2\r\nFake,a/b/c.jpg,3\r\n',
    );
    const parquet = place('few.parquet');
    parquetWriteFile({
      filename: parquet,
      columnData: [
        { name: 'image', data: ['train/real/v1_0003.png', 'train/fake/v1_0003.png', 'a/b/c.jpg'] },
        { name: 'label', data: [0n, 1n, 1n], type: 'INT64' },
        { name: 'score', data: [1, 2, 3] },
      ],
    });
    for (const file of [csv, parquet]) {
      expect((await openManifest(file)).unknownColumns).to.deep.equal(['score']);
      expect(await readManifest(file)).to.deep.equal([
        rowOf('train/real/v1_0003.png', { video: 'v1', pair: 'v1_0003' }),
        rowOf('train/fake/v1_0003.png', { label: 1, video: 'v1', pair: 'v1_0003' }),
        rowOf('a/b/c.jpg', { label: 1, video: 'a', pair: 'a/b/c' }),
      ]);
    }
  });

  describe('refuses, naming the place', () => {
    const head = 'image,label,manipulation,video,frame,split,identities,source_hash,landmarks';
    const table: readonly [string, string, RegExp][] = [
      ['a label', 'a.png,2,,,,,,,', /:3: column label is 2; 0 or real, 1 or fake belongs there/],
      ['no label', 'a.png,,,,,,,,', /:3: column label is empty; 0 or real/],
      ['no image', ',1,,,,,,,', /:3: column image is empty; text belongs there/],
      ['a method that is real', 'a.png,1,real,,,,,,', /:3: label 1 contradicts manipulation 'real'/],
      ['a real with a method', 'a.png,0,swap,,,,,,', /:3: label 0 contradicts manipulation 'swap'/],
      ['a split', 'a.png,0,,,,dev,,,', /:3: column split is 'dev'; one of train, val, test belongs there/],
      ['a frame', 'a.png,0,,,1.5,,,,', /:3: column frame is 1\.5; a whole number/],
      ['a frame that is text', 'a.png,0,,,x,,,,', /:3: column frame is 'x'/],
      ['a hash', 'a.png,0,,,,,,abc,', /:3: column source_hash is 'abc'; a sha256/],
      ['too few landmarks', 'a.png,0,,,,,,,1;2', /:3: column landmarks is a list of 2; a list of 136/],
      ['an empty person', 'a.png,0,,,,,a;;b,,', /:3: column identities is a list of 3; a list of texts/],
      ['an image above', '../a.png,0,,,,,,,', /:3: image \.\.\/a\.png is outside the folder; paths start/],
      ['an image elsewhere', '/a.png,0,,,,,,,', /:3: image \/a\.png is outside the folder/],
      ['an image on a drive', 'C:/a.png,0,,,,,,,', /:3: image C:\/a\.png is outside the folder/],
      ['a backslash', 'b\\a.png,0,,,,,,,', /:3: image b\\a\.png has a backslash/],
      ['an image twice', './first.png,1,,,,,,,', /:3: image first\.png is at .*twice\.csv:2 already/],
      ['a missing field', 'a.png,0', /:3: 2 fields where 9 belong/],
      ['a quote within', 'a"b.png,0,,,,,,,', /:3: stray quote/],
    ];
    for (const [what, line, message] of table) {
      it(what, async () => {
        const file = await put(
          place(`${what.split(' ').at(-1)}.csv`),
          `${head}\nfirst.png,real,,,,,,,\n${line}\n`,
        );
        const error = await errorOf(readManifest(file));
        expect(error.message).to.match(message);
        expect(error.message).to.include(file);
      });
    }

    it('other files', async () => {
      const cases: readonly [string, string, RegExp][] = [
        ['a.txt', '', /a manifest's name ends in \.parquet or \.csv, not '\.txt'/],
        ['empty.csv', '', /empty\.csv is empty; its first line must name the columns/],
        ['head.csv', 'image,label\n', /head\.csv has no row/],
        ['cut.csv', 'image,label\na.png,1', /cut\.csv:2: the last line is cut off/],
        ['twice-named.csv', 'image,image\n', /twice-named\.csv:1: two columns are called 'image'/],
        [
          'columns.csv',
          'file,label\n',
          /has no column image; it has file, label\. Known are image, label, manip/,
        ],
        ['text.parquet', 'image,label\n', /text\.parquet is no whole Parquet file/],
      ];
      for (const [name, content, message] of cases) {
        expect((await errorOf(readManifest(await put(place(name), content)))).message).to.match(message);
      }
      expect((await errorOf(readManifest(place('nowhere.csv')))).message).to.match(/nowhere\.csv is missing/);
    });

    it('a Parquet file that is cut short, of other types, or of no codec that is known', async () => {
      const file = place('whole.parquet');
      await writeManifest(file, corpusRows(1, 2));
      const bytes = await readFile(file);
      await writeFile(place('short.parquet'), bytes.subarray(0, bytes.length - 9));
      expect((await errorOf(readManifest(place('short.parquet')))).message).to.match(/no whole Parquet file/);
      parquetWriteFile({
        filename: place('types.parquet'),
        columnData: [
          { name: 'image', data: ['a.png', 'b.png'] },
          { name: 'label', data: [1, 1], type: 'INT32' },
          { name: 'video', data: [7, 8], type: 'INT32' },
        ],
      });
      expect((await errorOf(readManifest(place('types.parquet')))).message).to.match(
        /types\.parquet: row 0: column video is 7; text belongs there/,
      );
      parquetWriteFile({
        filename: place('lz4.parquet'),
        codec: 'LZ4_RAW',
        compressors: { LZ4_RAW: (page) => page },
        columnData: [
          { name: 'image', data: ['a.png'] },
          { name: 'label', data: [1], type: 'INT32' },
        ],
      });
      expect((await errorOf(readManifest(place('lz4.parquet')))).message).to.match(
        /is compressed with LZ4_RAW, not one of UNCOMPRESSED, SNAPPY, GZIP, BROTLI/,
      );
    });

    it('rows that a writer gives, and leaves no file behind', async () => {
      const file = place('refused.parquet');
      const twice = [rowOf('a.png'), rowOf('a.png')];
      expect((await errorOf(writeManifest(file, twice))).message).to.match(
        /row 1: image a\.png is at .*row 0/,
      );
      expect((await errorOf(writeManifest(file, []))).message).to.match(/there is no row to write/);
      const unclear = [rowOf('a.png', { identities: ['a;b'] })];
      expect((await errorOf(writeManifest(place('refused.csv'), unclear))).message).to.match(
        /image a\.png, column identities: 'a;b' has a ';'.*Parquet/,
      );
      expect((await readdir(folder.path())).filter((entry) => entry.includes('refused'))).to.deep.equal([]);
    });
  });
});
