import { expect } from 'chai';
import fc from 'fast-check';
import { join } from 'node:path';
import { PLAIN_BATCHES } from '../../src/data/batch-settings.ts';
import { openDataset, type DatasetSource, type OpenDataset } from '../../src/data/index.ts';
import { planShares, turnsOf } from '../../src/data/shares.ts';
import { itIsADataset } from '../conformance/dataset.ts';
import { errorOf, picture, put, temporaryFolder } from './image-files.ts';

describe('data/shares', () => {
  it('after any number of turns nobody is a whole turn away from its share, and turns are a function of their number', () => {
    const weights = fc.array(fc.integer({ min: 1, max: 50 }), { minLength: 1, maxLength: 6 });
    fc.assert(
      fc.property(weights, (given) => {
        const total = given.reduce((a, b) => a + b);
        const shares = given.map((weight) => weight / total);
        const turns = turnsOf(shares);
        const counts = shares.map(() => 0);
        for (let slot = 0; slot < 300; slot++) {
          const { part, before } = turns(slot);
          expect(before).to.equal(counts[part]!++);
          counts.forEach((count, i) => expect(Math.abs(count - (slot + 1) * shares[i]!)).to.be.below(1));
        }
        for (const slot of [299, 5, 100]) expect(turns(slot)).to.deep.equal(turnsOf(shares)(slot));
      }),
      { numRuns: 50 },
    );
  });
});

describe('data/mix', () => {
  const folder = temporaryFolder();
  const part = (name: string, size = 16): Record<string, unknown> => ({
    name: 'folder',
    ...{ path: join(folder.path(), name), size, val_fraction: 0.2, test_fraction: 0.2 },
    ...{ unit: 'video', check: 'header' },
  });
  const source = (more: Record<string, unknown> = {}): DatasetSource => ({
    name: 'mix',
    settings: {
      datasets: { one: part('a'), two: part('b') },
      weights: { one: 3, two: 1 },
      ...more,
    },
    cacheFolder: '',
    seed: 5,
  });
  const open = (more: Record<string, unknown> = {}): Promise<OpenDataset> =>
    openDataset(source(more), () => undefined);

  before(async () => {
    for (const [s, set] of ['a', 'b'].entries()) {
      for (const [k, kind] of ['real', set === 'a' ? 'swap' : 'blend'].entries()) {
        for (let i = 0; i < 10; i++) {
          await put(join(folder.path(), set, kind, `v${i}.png`), picture(100 * s + 10 * k + i, 24).png());
        }
      }
    }
  });

  itIsADataset(() => open());

  it('rows follow the weights, a pair is of one dataset, whatever the batch size', async () => {
    const dataset = await open();
    for (const size of [2, 6, 8]) {
      const plan = planShares(dataset.samples('train'), dataset.shares!, size, 1, PLAIN_BATCHES);
      const seen = Array.from({ length: 24 }, (_, n) => plan(n)).flat();
      const ones = seen.filter(({ id }) => id.startsWith('one/')).length;
      expect(ones).to.equal(0.75 * seen.length);
      for (let i = 0; i < seen.length; i += 2) {
        expect([seen[i]!.label, seen[i + 1]!.label]).to.deep.equal([0, 1]);
        expect(seen[i]!.pair).to.equal(seen[i + 1]!.pair);
      }
      expect(planShares(dataset.samples('train'), dataset.shares!, size, 1, PLAIN_BATCHES)(7)).to.deep.equal(
        seen.slice(7 * size, 8 * size),
      );
    }
  });

  it('a weight of 0 keeps a dataset out of training alone', async () => {
    const dataset = await open({ weights: { one: 0, two: 1 } });
    const plan = planShares(dataset.samples('train'), dataset.shares!, 4, 1, PLAIN_BATCHES);
    expect([0, 1, 2].flatMap((n) => plan(n)).every(({ id }) => id.startsWith('two/'))).to.equal(true);
    expect(dataset.samples('val').some(({ id }) => id.startsWith('one/'))).to.equal(true);
  });

  it('names what is wrong and the remedy', async () => {
    const say = async (more: Record<string, unknown>): Promise<string> => (await errorOf(open(more))).message;
    expect(await say({ datasets: { one: part('a'), two: part('b', 24) } })).to.include(
      'images of one have 16 pixels a side and those of two 24; set data.datasets.one.size',
    );
    expect(await say({ weights: { one: 0, two: 0 } })).to.include('every weight is 0');
    expect(await say({ datasets: {} })).to.include('+data@data.datasets.first=folder');
    expect(await say({ datasets: { 'a/b': part('a') } })).to.include('needs another key');
    expect(await say({ datasets: { one: {} } })).to.include("'data.datasets.one.name' must say");
  });
});
