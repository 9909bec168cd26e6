import { expect } from 'chai';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { openKeptScores } from '../../src/evaluation/kept-scores.ts';
import type { ScoreRow } from '../../src/evaluation/scores.ts';
import { worstCase } from '../../src/evaluation/robustness/worst-case.ts';
import {
  corruptionFigures,
  type CorruptionPoint,
  type Reached,
} from '../../src/evaluation/robustness/corruption-figures.ts';

const row = (id: string, label: 0 | 1, score: number): ScoreRow => ({
  ...{ id, label, score, videoId: id, split: 'test' },
  manipulation: label === 0 ? 'real' : 'faceswap',
});
const ROWS = [row('a', 0, 0.25), row('b', 1, 0.75)];

describe('kept score tables', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'kept-'));
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  it('are found again by what made them, and by nothing else', () => {
    openKeptScores(folder).keep('jpeg-1', { quality: 25 }, ROWS);
    const again = openKeptScores(folder);
    expect(again.find('jpeg-1', { quality: 25 })).to.deep.equal(ROWS);
    expect(again.find('jpeg-1', { quality: 24 })).to.equal(null);
    expect(again.find('jpeg-2', { quality: 25 })).to.equal(null);
  });

  it('are made anew where the table is gone, was made by other settings since, or was not recorded', () => {
    const kept = openKeptScores(folder);
    kept.keep('x', 1, ROWS);
    kept.keep('x', 2, ROWS);
    expect([kept.find('x', 1), kept.find('x', 2)]).to.deep.equal([null, ROWS]);
    rmSync(path.join(folder, 'made-by.json'));
    expect(openKeptScores(folder).find('x', 2)).to.equal(null);
    expect(existsSync(path.join(folder, 'x.csv'))).to.equal(true);
    rmSync(path.join(folder, 'x.csv'));
    expect(kept.find('x', 2)).to.equal(null);
  });

  it('say which file is damaged', () => {
    const kept = openKeptScores(folder);
    kept.keep('x', 1, ROWS);
    const file = path.join(folder, 'x.csv');
    writeFileSync(file, readFileSync(file, 'utf8').slice(0, -3));
    expect(() => kept.find('x', 1)).to.throw(/x\.csv: ends in the middle of a line/);
    writeFileSync(path.join(folder, 'made-by.json'), '{');
    expect(() => openKeptScores(folder)).to.throw(/made-by\.json is damaged; delete it/);
  });
});

describe('the worst of several attacks', () => {
  it('is each image’s own: a fake’s lowest score, a real’s highest', () => {
    const tables = [
      [row('a', 0, 0.2), row('b', 1, 0.9)],
      [row('a', 0, 0.6), row('b', 1, 0.95)],
      [row('a', 0, 0.1), row('b', 1, 0.3)],
    ];
    expect(worstCase(tables).map(({ score }) => score)).to.deep.equal([0.6, 0.3]);
    expect(worstCase(tables.slice(0, 1))).to.deep.equal(tables[0]);
  });

  it('refuses tables of other images, or none', () => {
    expect(() => worstCase([])).to.throw(/no attack/);
    expect(() => worstCase([ROWS, ROWS.slice(0, 1)])).to.throw(/not of the same images: row 1 is b/);
    expect(() => worstCase([ROWS.slice(0, 1), ROWS])).to.throw(/not of the same images/);
  });
});

describe('figures of corruptions', () => {
  const reached = (auc: number, seen: number, accuracy: number): Reached => ({
    auc: { value: auc, interval: null },
    groups: { seen: { value: seen, interval: null } },
    accuracy: { value: accuracy, interval: null },
  });

  it('mean over severities, then over corruptions, however many severities each has, and what is lost', () => {
    const point = (corruption: 'jpeg' | 'resize', severity: 1 | 2, auc: number): CorruptionPoint => ({
      ...{ corruption, severity, strength: 0 },
      ...reached(auc, auc, 0.5),
    });
    const points = [point('jpeg', 1, 0.9), point('jpeg', 2, 0.7), point('resize', 1, 0.6)];
    const { means, mean, lost } = corruptionFigures(reached(0.95, 0.9, 0.8), points);
    expect(means['jpeg']!['auc']).to.be.closeTo(0.8, 1e-12);
    expect(mean['auc']).to.be.closeTo(0.7, 1e-12);
    expect(lost['auc_seen']).to.be.closeTo(0.2, 1e-12);
    expect(lost['accuracy']).to.be.closeTo(0.3, 1e-12);
    expect(() => corruptionFigures(reached(1, 1, 1), [])).to.throw(/no corruption/);
  });
});
