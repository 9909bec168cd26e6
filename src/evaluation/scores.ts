/**
 * Score tables: one row an image, the only thing that evaluation needs from a detector. They are kept as files, so
 * that metrics can be computed again, by this code or another, without the images and without the network.
 */
import { readFileSync } from 'node:fs';
import type { Split } from '../data/dataset.ts';
import { writeFileAtomic } from '../reports/files.ts';
import { sigmoid } from './logistic.ts';
import { formatOf } from './score-formats.ts';

export interface ScoreRow {
  /** Unique in the table: the sample's id. */
  readonly id: string;
  /** 0 = real, 1 = fake. */
  readonly label: 0 | 1;
  /** The forgery method; `'real'` exactly when label is 0. */
  readonly manipulation: string;
  /** The independent unit (video, or person in a photo). */
  readonly videoId: string;
  readonly split: Split;
  /** The detector's output, higher = more likely fake; finite. Probability or logit, the same for all rows. */
  readonly score: number;
  /** Of what quality the video is (`c23`, …), which of its frames this is and which of its faces, from 0; where the data tell. */
  readonly compression?: string;
  readonly frame?: number;
  readonly face?: number;
  /**
   * ln(score / (1 − score)) of a score that is a probability: what the detector said before it was squeezed into [0, 1], where doubles near 1
   * lie too far apart to tell it.
   */
  readonly logit?: number;
}

const SPLITS: readonly string[] = ['train', 'val', 'test'] satisfies Split[];
/** A logit and its probability agree to this: other software may have written one of them in float32. */
const SAME = 1e-6;

/**
 * Writes a score table, atomically, as CSV (RFC 4180, one header line) or JSON lines, after the file's ending. Scores
 * keep every bit of a double. The columns compression, frame, face and logit are there if a row has a value for them.
 *
 * @throws on another ending, an invalid row (names it), or a folder that cannot be written
 */
export function writeScores(file: string, rows: readonly ScoreRow[]): void {
  const format = formatOf(file);
  if (rows.length === 0) throw new Error(`${file}: no rows to write`);
  checkRows(rows, (row, index) => `${file}: row ${index} ('${row.id}')`);
  writeFileAtomic(file, format.print(rows));
}

/**
 * Reads a score table written by {@link writeScores} or by other software in the same layout.
 *
 * @throws on anything that is not exactly such a table, naming the line: other columns, a doubled id, a label that
 *   contradicts the manipulation, a score that is not a number, a last line that is cut off
 */
export function readScores(file: string): ScoreRow[] {
  const format = formatOf(file);
  const text = readFileSync(file, 'utf8');
  if (text === '') throw new Error(`${file}: is empty`);
  if (!text.endsWith('\n')) {
    throw new Error(`${file}: ends in the middle of a line, so rows may be missing; write it again`);
  }
  const { rows, lines } = format.parse(text, file);
  checkRows(rows, (_, index) => `${file}:${lines[index]}`);
  return rows;
}

function checkRows(rows: readonly ScoreRow[], whereIs: (row: ScoreRow, index: number) => string): void {
  const seen = new Set<string>();
  rows.forEach((row, index) => {
    const fail = (what: string): never => {
      throw new Error(`${whereIs(row, index)}: ${what}`);
    };
    if (row.id === '') fail('id is empty');
    if (seen.has(row.id)) fail(`id '${row.id}' is there twice`);
    seen.add(row.id);
    if (row.label !== 0 && row.label !== 1)
      fail(`label is ${String(row.label)}; 0 (real) or 1 (fake) belong here`);
    if ((row.label === 0) !== (row.manipulation === 'real')) {
      fail(
        `label ${row.label} contradicts manipulation '${row.manipulation}' ('real' belongs to label 0 only)`,
      );
    }
    if (row.manipulation === '') fail('manipulation is empty');
    if (row.videoId === '') fail('videoId is empty');
    if (!SPLITS.includes(row.split)) fail(`split is '${row.split}'; ${SPLITS.join(', ')} belong here`);
    if (!Number.isFinite(row.score)) fail(`score is ${row.score}, not a finite number`);
    if (row.compression === '') fail('compression is empty');
    for (const column of ['frame', 'face'] as const) {
      const number = row[column];
      if (number !== undefined && !(Number.isSafeInteger(number) && number >= 0)) {
        fail(`${column} is ${number}, not a whole number from 0`);
      }
    }
    if (row.logit !== undefined) checkLogit(row.score, row.logit, fail);
  });
}

function checkLogit(score: number, logit: number, fail: (what: string) => never): void {
  if (!Number.isFinite(logit)) fail(`logit is ${logit}, not a finite number`);
  if (Math.abs(sigmoid(logit) - score) > SAME) {
    fail(`logit ${logit} is that of the probability ${sigmoid(logit)}, but the score is ${score}`);
  }
}
