/** Sweeps over filters: score tables that are kept, and which images are shown. */
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Batch, Sample } from '../../src/data/dataset.ts';
import type { Discriminator } from '../../src/discriminator/discriminator.ts';
import { readScores, type ScoreRow } from '../../src/evaluation/scores.ts';
import { bandFilters } from '../../src/explanation/bands.ts';
import { chooseImages } from '../../src/explanation/choose.ts';
import { spectrumCsv, spectrumFigures, spectrumTable } from '../../src/explanation/spectrum-figures.ts';
import { filtersLeft, sweep } from '../../src/explanation/sweep.ts';
import { onTensorFlow } from '../support/engines.ts';
import { noise } from '../support/tensors.ts';

const SIZE = 8;
const COUNT = 12;
const samples = Array.from({ length: COUNT }, (_, i): Sample => {
  const manipulation = i % 2 === 0 ? 'real' : 'board';
  const label = i % 2 === 0 ? 0 : 1;
  const videoId = `v${i >> 1}`;
  return { id: `s${i}`, file: `f${i}`, split: 'test', label, manipulation, videoId, pair: videoId };
});

/** Grey with a soft wave, as strong in a real as in its fake; fakes with a wave of nearly single pixels too. */
function pixels(): Float32Array {
  const wave = (u: number, x: number, y: number): number =>
    Math.cos((Math.PI * u * (2 * x + 1)) / (2 * SIZE)) * Math.cos((Math.PI * u * (2 * y + 1)) / (2 * SIZE));
  return Float32Array.from({ length: COUNT * SIZE * SIZE * 3 }, (_, at) => {
    const pixel = Math.floor(at / 3);
    const [image, x, y] = [Math.floor(pixel / SIZE ** 2), pixel % SIZE, Math.floor(pixel / SIZE) % SIZE];
    const soft = 0.02 * noise((image >> 1) + 1, 1)[0]! * wave(1, x, y);
    return 0.5 + soft + (image % 2 === 1 ? 0.05 * wave(SIZE - 1, x, y) : 0);
  });
}

/** Says fake by the mean magnitude of neighbours' differences. */
const detector: Pick<Discriminator, 'logits'> = {
  logits: (images) =>
    tf.tidy(() => {
      const [n, h, w, c] = images.shape;
      const right = tf.slice(images, [0, 0, 1, 0], [n, h, w - 1, c]);
      const left = tf.slice(images, [0, 0, 0, 0], [n, h, w - 1, c]);
      const rough = tf.mean(tf.abs(tf.sub(right, left)), [1, 2, 3]);
      return tf.stack([tf.zerosLike(rough), tf.mul(rough, 50)], 1) as tf.Tensor2D;
    }),
};

onTensorFlow('a sweep over filters', () => {
  const filters = bandFilters(4);
  let folder = '';
  let read = 0;
  const images = pixels();
  async function* batches(): AsyncGenerator<Batch, void> {
    for (let from = 0; from < COUNT; from += 6) {
      await Promise.resolve();
      read++;
      const values = images.slice(from * SIZE ** 2 * 3, (from + 6) * SIZE ** 2 * 3);
      yield { images: values, shape: [6, SIZE, SIZE, 3], samples: samples.slice(from, from + 6) };
    }
  }
  const run = (madeWith: unknown = 1, stop = new AbortController().signal) =>
    sweep(detector as Discriminator, filters, {
      ...{ folder: path.join(folder, 'scores'), madeWith, samples, batches, stop },
      scored: () => undefined,
    });
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'sweep-'));
    read = 0;
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('finds what a detector lives on: without the band of its trace it guesses', async () => {
    const scores = (await run())!;
    const figures = spectrumFigures(scores, { seen: ['board'] }, { seed: 1, resamples: 20 });
    const auc = (name: string): number => figures.find((figure) => figure.name === name)!.auc['seen']!.value;
    expect([auc('none'), auc('band-stop-1'), auc('band-stop-2'), auc('high-pass-3')]).to.deep.equal([
      1, 1, 1, 1,
    ]);
    expect(auc('band-stop-4')).to.be.below(0.8);
    expect(auc('low-pass-3')).to.equal(auc('band-stop-4'));
    expect(scores[0]!.clipping).to.deep.equal({ share: 0, mean: 0 });
    const lines = spectrumCsv([{ run: 'a', spectrum: figures }])
      .trimEnd()
      .split('\n');
    expect(lines).to.have.length(1 + 2 * filters.length);
    expect(lines[1]).to.equal('a,none,none,0,0.7071067811865476,all,1,1,1,0');
    const table = spectrumTable(figures);
    expect(table.columns.slice(3)).to.deep.equal(['AUC all', 'AUC seen']);
    expect(table.rows).to.have.length(filters.length);
  });

  it('counts what it cuts off', async () => {
    const [, ...rest] = (await run())!;
    // a step from black to white, beside which filtered images overshoot
    images.fill(0, 0, SIZE ** 2 * 1.5).fill(1, SIZE ** 2 * 1.5, SIZE ** 2 * 3);
    const [none, ...changed] = (await run(2))!;
    images.set(pixels());
    expect(none!.clipping.share).to.equal(0);
    expect(rest.every(({ clipping }) => clipping.share === 0)).to.equal(true);
    expect(changed.some(({ clipping }) => clipping.share > 0.001 && clipping.mean > 0)).to.equal(true);
  });

  it('reads what is there already, makes what is not, and all of it anew for another detector', async () => {
    const tables = path.join(folder, 'scores');
    const left = (madeWith: unknown): number => filtersLeft(filters, { folder: tables, madeWith, samples });
    expect(left(1)).to.equal(filters.length);
    const first = (await run())!;
    expect(read).to.equal(2 * filters.length);
    expect(left(1)).to.equal(0);
    const rowsOf = (scores: typeof first): unknown => scores.map(({ rows, clipping }) => [rows, clipping]);
    expect(rowsOf((await run())!)).to.deep.equal(rowsOf(first));
    expect(read).to.equal(2 * filters.length);
    rmSync(path.join(tables, 'low-pass-1.csv'));
    expect(left(1)).to.equal(1);
    await run();
    expect(read).to.equal(2 * filters.length + 2);
    expect(left(2)).to.equal(filters.length);
    await run(2);
    expect(read).to.equal(4 * filters.length + 2);
    expect(readScores(path.join(tables, 'none.csv'))).to.have.length(COUNT);
  });

  it('stops without a half-made table, and makes those of other images anew', async () => {
    const controller = new AbortController();
    controller.abort();
    expect(await run(1, controller.signal)).to.equal(null);
    expect(existsSync(path.join(folder, 'scores'))).to.equal(false);
    await run();
    const place = { folder: path.join(folder, 'scores'), madeWith: 1 };
    expect(filtersLeft(filters, { ...place, samples: samples.slice(1) })).to.equal(filters.length);
    writeFileSync(path.join(folder, 'scores/none.csv'), 'half');
    expect(await run().catch((error: Error) => error.message)).to.match(/none\.csv: ends in the middle/);
  });
});

describe('images to show', () => {
  const row = (id: string, manipulation: string, score: number): ScoreRow => {
    const label = manipulation === 'real' ? 0 : 1;
    return { id, label, manipulation, videoId: id, split: 'test', score };
  };
  const rows = [
    ...[0.1, 0.2, 0.3, 0.6, 0.9].map((score, i) => row(`r${i}`, 'real', score)),
    ...[0.4, 0.7, 0.8].map((score, i) => row(`s${i}`, 'swap', score)),
  ];
  const names = (count: number): unknown =>
    chooseImages(rows, 0.5, count).map(({ name, rows: shown }) => [
      name,
      shown.map(({ id }) => id).join(' '),
    ]);

  it('are spread over the scores of each kind, with the worst mistakes after them', () => {
    expect(names(3)).to.deep.equal([
      ['real', 'r0 r2 r4'],
      ['swap', 's0 s1 s2'],
      ['false-alarms', 'r4 r3'],
      ['misses', 's0'],
    ]);
    expect(names(1)).to.deep.equal([
      ['real', 'r2'],
      ['swap', 's1'],
      ['false-alarms', 'r4'],
      ['misses', 's0'],
    ]);
  });

  it('are no mistakes where there are none', () => {
    expect(chooseImages(rows, 0.95, 2).map(({ name }) => name)).to.deep.equal(['real', 'swap', 'misses']);
  });
});
