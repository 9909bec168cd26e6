/** A comparison as tables to read and as one with every digit. */
import { verdictOn, type Verdict } from '../evaluation/significance.ts';
import type { Cell, ResultsTable } from '../reports/tables.ts';
import { METRICS } from './figure.ts';
import type { ComparedFigure, ComparedRow, Comparison } from './comparison.ts';
import type { Study } from './study.ts';

/** Stands where there is no figure. */
export const NONE = '–';

/** What is read: a line a column and row, with mean ± standard deviation, each seed, the difference with its interval, p and what it says. */
export function figuresTable(study: Study, { columns, rows }: Comparison): ResultsTable {
  const several = study.seeds.length > 1;
  return {
    names: 2,
    columns: [
      ...[METRICS[study.metric].title, 'row', several ? 'mean ± sd' : `seed ${study.seeds[0]}`],
      ...(several ? [`seeds ${study.seeds.join(' / ')}`] : []),
      ...[`− ${study.reference}`, 'p (Holm)', 'says'],
    ],
    rows: columns.flatMap(({ title }, column) =>
      rows.map(({ row, figures }, i) => [
        ...[i === 0 ? title : '', row],
        ...readCells(figures[column]!, several, row === study.reference),
      ]),
    ),
  };
}

/** What a row is, and what it costs. */
export function costTable(study: Study, { rows }: Comparison): ResultsTable {
  const referenceMs = rows.find(({ row }) => row === study.reference)?.msPerRound ?? null;
  return {
    names: 2,
    columns: ['row', 'settings', 'minutes', 'ms a round', `× ${study.reference}`],
    rows: rows.map((row) => [
      ...[row.row, [...study.common, ...row.overrides].join(' ')],
      ...costCells(row, referenceMs),
    ]),
  };
}

function readCells(
  { perSeed, overSeeds, difference }: ComparedFigure,
  several: boolean,
  isReference: boolean,
): string[] {
  const sd = overSeeds?.sd ?? null;
  const mean =
    overSeeds === null ? NONE : `${overSeeds.mean.toFixed(3)}${sd === null ? '' : ` ± ${sd.toFixed(3)}`}`;
  const seeds = perSeed.map(({ value }) => value?.toFixed(3) ?? NONE).join(' / ');
  const compared = isReference
    ? ['', '', '']
    : difference === null
      ? [NONE, NONE, 'runs are missing']
      : [
          `${signed(difference.value)} [${signed(difference.interval.low)}, ${signed(difference.interval.high)}]`,
          difference.pHolm.toPrecision(2),
          SAYS[verdictOn(difference, difference.pHolm)],
        ];
  return [mean, ...(several ? [seeds] : []), ...compared];
}

const SAYS: Readonly<Record<Verdict, string>> = {
  greater: 'higher',
  smaller: 'lower',
  'by chance': 'not after Holm',
  none: 'interval contains zero',
};

function costCells({ minutes, msPerRound }: ComparedRow, referenceMs: number | null): string[] {
  return [
    minutes?.toFixed(1) ?? NONE,
    msPerRound?.toFixed(0) ?? NONE,
    msPerRound === null || referenceMs === null ? NONE : (msPerRound / referenceMs).toFixed(1),
  ];
}

/** For programs: a column a number, with every digit. */
export function numbersTable(study: Study, { columns, rows }: Comparison): ResultsTable {
  const number = (value: number | null | undefined): Cell => (value == null ? '' : { value, interval: null });
  return {
    columns: [
      ...['row', 'settings'],
      ...columns.flatMap(({ title }) => [
        ...[`${title} mean`, `${title} sd`, ...study.seeds.map((seed) => `${title} seed ${seed}`)],
        ...[`${title} difference`, `${title} p`, `${title} p Holm`, `${title} resamples`],
      ]),
      ...['minutes', 'ms per round', 'missing'],
    ],
    rows: rows.map(({ row, overrides, figures, minutes, msPerRound, missing }) => [
      ...[row, [...study.common, ...overrides].join(' ')],
      ...figures.flatMap(({ perSeed, overSeeds, difference }): Cell[] => [
        ...[number(overSeeds?.mean), number(overSeeds?.sd), ...perSeed.map(({ value }) => number(value))],
        difference === null ? '' : { value: difference.value, interval: difference.interval },
        ...[number(difference?.p), number(difference?.pHolm), number(difference?.resamples)],
      ]),
      ...[number(minutes), number(msPerRound), missing.join(' ')],
    ]),
  };
}

/** What a reader must know of the figures, a sentence each. */
export function notesOf(study: Study, { columns, absent, rows }: Comparison): string[] {
  const { seeds, reference, resamples } = study;
  const missing = rows.flatMap((row) => row.missing);
  const over =
    seeds.length > 1 ? `mean ± standard deviation over the seeds ${seeds.join(', ')}` : `seed ${seeds[0]}`;
  const drawn =
    seeds.length > 1 ? 'seeds and people or videos' : 'people or videos (one seed says nothing of others)';
  const meant = columns.filter(({ parts }) => parts.length > 1);
  return [
    `${METRICS[study.metric].title} of ${study.unit}, ${over}.`,
    ...meant.map(
      ({ title, parts }) =>
        `${title}: mean of ${parts.length} ${METRICS[study.metric].plural}, one a manipulation${foldText(study)}.`,
    ),
    `Differences to ${reference} with 95 % intervals by ${resamples} paired resamples of ${drawn}; p with Holm's correction over the rows of a column.`,
    ...absent.map(
      (choice) => `No manipulation of the test is ${choice.replace('-each', '')}, so it has no column.`,
    ),
    ...(missing.length > 0 ? [`MISSING, and no mean without them: ${missing.join(', ')}.`] : []),
  ];
}

function foldText({ folds }: Study): string {
  const count = Object.keys(folds).length;
  return count === 0 ? '' : ` and fold (${count} folds)`;
}

function signed(value: number): string {
  return `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(3)}`;
}
