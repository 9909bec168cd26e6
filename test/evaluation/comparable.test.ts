import { expect } from 'chai';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Batch, Sample } from '../../src/data/dataset.ts';
import { acrossSets } from '../../src/evaluation/across-sets.ts';
import { missingSeeds, pairRows, problemsOf, requireComparable } from '../../src/evaluation/comparable.ts';
import { createDigester, type SetDigest } from '../../src/evaluation/digest.ts';
import { readEvaluation } from '../../src/evaluation/evaluation-file.ts';
import { rocAuc } from '../../src/evaluation/metrics.ts';
import type { ScoreRow } from '../../src/evaluation/scores.ts';

const rows = [0, 1, 0, 1, 1, 0].map((label, i): ScoreRow => ({
  id: `row${i}`,
  label: label as 0 | 1,
  manipulation: label === 0 ? 'real' : 'fake',
  videoId: `v${i}`,
  split: 'test',
  score: ((i * 7) % 6) / 6,
}));
const digest: SetDigest = { images: 6, size: 32, samples: 's', pixels: 'p' };
const run = (name: string, own: readonly ScoreRow[], test: SetDigest | null = digest) => ({
  name,
  rows: own,
  test,
});

describe('comparable', () => {
  const first = run('first', rows);

  it('finds nothing between runs on the same test, in any order of rows', () => {
    expect(problemsOf([first, run('second', rows.toReversed()), run('third', rows, null)])).to.deep.equal([]);
    requireComparable([first, run('second', rows)]);
  });

  const wrong: [string, ReturnType<typeof run>, string][] = [
    ['a sample less', run('b', rows.slice(1)), 'b: 1 of the test of first are missing, such as row0'],
    [
      'a sample more',
      run('b', [...rows, { ...rows[0]!, id: 'new' }]),
      'b: 1 of its test are not in that of first, such as new',
    ],
    [
      'another label',
      run('b', rows.with(1, { ...rows[1]!, label: 0 })),
      'b: 1 of its test have another label than in that of first, such as row1',
    ],
    [
      'another unit',
      run('b', rows.with(1, { ...rows[1]!, videoId: 'v0' })),
      'b: 1 of its test have another videoId than in that of first, such as row1',
    ],
    ['a NaN', run('b', rows.with(2, { ...rows[2]!, score: NaN })), 'b: the score of row2 is NaN'],
    [
      'other pixels',
      run('b', rows, { ...digest, pixels: 'q' }),
      'b: its test has the samples of that of first, but other pixels: the images have changed in between',
    ],
  ];
  for (const [what, other, message] of wrong) {
    it(`${what} is named, and refused`, () => {
      expect(problemsOf([first, other])).to.deep.equal([message]);
      expect(() => requireComparable([first, other])).to.throw(`  ${message}\n`);
    });
  }

  it('one class alone is named, even of a single run', () => {
    const reals = rows.filter(({ label }) => label === 0);
    expect(problemsOf([run('b', reals)])).to.deep.equal(['b: its test holds only reals']);
    expect(problemsOf([])).to.deep.equal(['there are no runs to compare']);
  });

  it('images of another size have other pixels, which is no problem', () => {
    expect(problemsOf([first, run('b', rows, { ...digest, size: 64, pixels: 'q' })])).to.deep.equal([]);
  });

  it('pairs rows by id', () => {
    expect(pairRows(rows, rows.toReversed())).to.deep.equal(rows);
  });

  it('tells which settings lack which seeds', () => {
    const runs = [
      { name: 'none', seed: 2 },
      { name: 'none', seed: 1 },
      { name: 'blur', seed: 1 },
      { name: 'fgsm', seed: 10 },
    ];
    expect(missingSeeds(runs)).to.deep.equal([
      { name: 'none', seeds: [10] },
      { name: 'blur', seeds: [2, 10] },
      { name: 'fgsm', seeds: [1, 2] },
    ]);
    expect(missingSeeds(runs.slice(0, 2))).to.deep.equal([]);
  });
});

describe('the digest of a set', () => {
  const sample = (id: string, label: 0 | 1 = 0): Sample => ({
    ...{ id, file: `/elsewhere/${id}`, label, videoId: id, pair: id },
    split: 'test',
    manipulation: label === 0 ? 'real' : 'fake',
  });
  const batchOf = (samples: readonly Sample[], values: readonly number[]): Batch => ({
    images: Float32Array.from(values.flatMap((value) => new Array<number>(12).fill(value))),
    shape: [samples.length, 2, 2, 3],
    samples,
  });
  async function digestOf(...batches: readonly Batch[]): Promise<SetDigest> {
    const { passing, digest } = createDigester();
    const seen: Batch[] = [];
    async function* all(): AsyncGenerator<Batch, void> {
      await Promise.resolve();
      yield* batches;
    }
    for await (const batch of passing(all())) seen.push(batch);
    expect(seen).to.deep.equal(batches);
    return digest();
  }
  const [a, b, c] = [sample('a'), sample('b', 1), sample('c')];

  it('does not depend on order, batches or files; it does on pixels, ids and labels', async () => {
    const whole = await digestOf(batchOf([a, b, c], [0.1, 0.2, 0.3]));
    expect(whole).to.include({ images: 3, size: 2 });
    const parted = await digestOf(batchOf([c], [0.3]), batchOf([{ ...b, file: 'b' }, a], [0.2, 0.1]));
    expect(parted).to.deep.equal(whole);
    const changed = await digestOf(batchOf([a, b, c], [0.1, 0.2, 0.3000001]));
    expect(changed.samples).to.equal(whole.samples);
    expect(changed.pixels).not.to.equal(whole.pixels);
    const swapped = await digestOf(batchOf([a, b, c], [0.2, 0.1, 0.3]));
    expect(swapped.pixels).not.to.equal(whole.pixels);
    const relabelled = await digestOf(batchOf([a, b, sample('c', 1)], [0.1, 0.2, 0.3]));
    expect([relabelled.samples === whole.samples, relabelled.pixels]).to.deep.equal([false, whole.pixels]);
  });
});

describe('evaluation.json', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'evaluation-'))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const read = (content: unknown) => {
    const file = join(folder, 'evaluation.json');
    writeFileSync(file, typeof content === 'string' ? content : JSON.stringify(content));
    return readEvaluation(file);
  };
  const old = { round: 3, valAuc: 0.9, threshold: 0.5, overall: {}, perManipulation: [], groups: [] };
  const whole = { version: 2, ...old, test: digest, val: digest, calibration: {}, videos: null };

  it('of before there were versions is read, without what it does not hold', () => {
    const nothing = { version: 1, test: null, val: null, calibration: null, videos: null };
    expect(read(old)).to.deep.equal({ ...old, ...nothing });
    expect(read(whole)).to.deep.equal(whole);
  });

  it('that is damaged or of a later version is refused', () => {
    expect(() => read('{"round"')).to.throw(/evaluation\.json: no evaluation can be read from it/);
    expect(() => read('3')).to.throw('is no evaluation');
    expect(() => read({ ...whole, version: 3 })).to.throw('is of version 3, and this program knows 2');
    expect(() => read({ ...old, overall: undefined })).to.throw('misses overall');
    expect(() => read({ ...whole, videos: undefined })).to.throw('misses videos');
  });
});

describe('several test sets', () => {
  const shifted = rows.map((row) => ({ ...row, score: row.score + 10 }));
  const sets = [
    { name: 'one', rows },
    { name: 'two', rows: shifted },
  ];
  const options = { seed: 1, resamples: 0, group: 'both' };

  it('that lie apart as a whole have a pooled AUC below the mean of theirs', () => {
    const labels = rows.map(({ label }) => label);
    const scores = rows.map(({ score }) => score);
    const { pooled, macro, perSet } = acrossSets(sets, options);
    expect(macro.value).to.equal(rocAuc(labels, scores));
    expect(perSet.map(({ name }) => name)).to.deep.equal(['one', 'two']);
    expect(pooled.value).to.equal(
      rocAuc([...labels, ...labels], [...scores, ...scores.map((score) => score + 10)]),
    );
    expect(acrossSets(sets, { ...options, resamples: 50 }).pooled.interval!.low).to.be.below(pooled.value);
  });

  it('are refused with a name twice or a class missing', () => {
    expect(() => acrossSets([sets[0]!, sets[0]!], options)).to.throw('one is there twice');
    const reals = { name: 'reals', rows: rows.filter(({ label }) => label === 0) };
    expect(() => acrossSets([sets[0]!, reals], options)).to.throw('reals: an AUC needs reals and fakes');
  });
});
