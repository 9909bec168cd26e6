/** What every dataset keeps, whatever it reads. */
import { expect } from 'chai';
import type { Dataset, Sample, Split } from '../../src/data/dataset.ts';

const SPLITS: readonly Split[] = ['train', 'val', 'test'];

/**
 * Declares the tests of a dataset.
 *
 * @param open opens it afresh; called twice, with the same result expected
 */
export function itIsADataset(open: () => Promise<Dataset>): void {
  let dataset: Dataset;
  let all: readonly Sample[];
  /** A few samples of every split and manipulation. */
  let some: readonly Sample[];

  before(async () => {
    dataset = await open();
    all = SPLITS.flatMap((split) => dataset.samples(split));
    const kinds = new Map<string, Sample[]>();
    for (const sample of all) {
      const kind = `${sample.split} ${sample.manipulation}`;
      kinds.set(kind, [...(kinds.get(kind) ?? []).slice(0, 1), sample]);
    }
    some = [...kinds.values()].flat();
  });

  it('has samples with unique ids, in the split that they name', () => {
    expect(all.length).to.be.above(0);
    expect(new Set(all.map(({ id }) => id)).size).to.equal(all.length);
    for (const split of SPLITS) {
      expect(dataset.samples(split).every((sample) => sample.split === split)).to.equal(true);
    }
  });

  it('has both classes in every split that is not empty, and real means label 0', () => {
    for (const split of SPLITS) {
      const labels = new Set(dataset.samples(split).map(({ label }) => label));
      expect([0, 2]).to.include(labels.size);
    }
    for (const { label, manipulation } of all) expect(label === 0).to.equal(manipulation === 'real');
  });

  it('keeps every video in one split', () => {
    const splits = new Map<string, Split>();
    for (const { videoId, split } of all) {
      expect(splits.get(videoId) ?? split, videoId).to.equal(split);
      splits.set(videoId, split);
    }
  });

  it('makes pairs of one split', () => {
    const splits = new Map<string, Split>();
    for (const { pair, split, id } of all) {
      expect(splits.get(pair) ?? split, id).to.equal(split);
      splits.set(pair, split);
    }
  });

  it('reads size × size RGB bytes that are not all alike, the same twice', async () => {
    const { size } = dataset;
    for (const sample of some) {
      const [once, twice] = [await dataset.read(sample), await dataset.read(sample)];
      expect([once.width, once.height, once.data.length]).to.deep.equal([size, size, size * size * 3]);
      expect(new Set(once.data).size, sample.id).to.be.above(1);
      expect(twice).to.deep.equal(once);
    }
  });

  it('knows masks as opacities of size × size, the same twice, or says that it does not know them', async () => {
    const { size } = dataset;
    for (const sample of some.filter(({ label }) => label === 1)) {
      const [once, twice] = [await dataset.mask?.(sample), await dataset.mask?.(sample)];
      expect(twice).to.deep.equal(once);
      if (once == null) continue;
      expect([once.width, once.height, once.data.length]).to.deep.equal([size, size, size * size]);
      expect(Math.min(...once.data), sample.id).to.be.within(0, 1);
      expect(Math.max(...once.data), sample.id)
        .to.be.above(0)
        .and.at.most(1);
    }
  });

  it('opened again it is the same: samples, order, pixels', async () => {
    const again = await open();
    for (const split of SPLITS) expect(again.samples(split)).to.deep.equal(dataset.samples(split));
    for (const sample of some) expect(await again.read(sample)).to.deep.equal(await dataset.read(sample));
  });

  it('survives being sent to another thread: samples are plain data', () => {
    expect(structuredClone(all)).to.deep.equal(all);
  });

  it('lists what it skipped, with a reason, and uses none of it', () => {
    const used = new Set(all.map(({ file }) => file));
    for (const { file, why } of dataset.skipped) {
      expect(file.length * why.length, `${file}: ${why}`).to.be.above(0);
      expect(used.has(file), file).to.equal(false);
    }
  });
}
