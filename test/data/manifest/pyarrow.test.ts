import { expect } from 'chai';
import { join } from 'node:path';
import { readManifest } from '../../../src/data/manifest/manifest-file.ts';
import { rowOf } from './rows.ts';

const FIXTURES = join(import.meta.dirname, '../../fixtures/data');

/** What regenerate.py there has written; what it left empty is as check-rows.ts says. */
const ROWS = [
  rowOf('real/0.png', {
    ...{ video: 'v0', frame: 7, pair: 'p0', identities: ['anna'], split: 'train' },
    ...{ source_hash: 'ab'.repeat(32), landmarks: Array.from({ length: 136 }, (_, i) => i / 4) },
  }),
  rowOf('swap/0.png', {
    ...{ label: 1, manipulation: 'swap', compression: 'c23', video: 'w0', pair: 'p0' },
    ...{ identities: ['anna', 'бо'], split: 'train' },
  }),
  rowOf('a, "b".png', { video: 'a, "b"', pair: 'a, "b"' }),
  rowOf('swap/1.png', {
    ...{ label: 1, video: 'swap', pair: 'swap/1' },
    ...{ shard: 's/train-000000.tar', offset: 512, bytes: 1000 },
  }),
];

describe('data/manifest written by pyarrow', () => {
  for (const [name, how] of [
    ['plain', 'as it does by itself: Snappy, dictionaries, int64, doubles'],
    ['unlike', 'otherwise: gzip, pages of version 2, no dictionaries, large strings, several row groups'],
  ] as const) {
    it(`is read value by value, ${how}`, async () => {
      expect(await readManifest(join(FIXTURES, `${name}.parquet`))).to.deep.equal(ROWS);
    });
  }
});
