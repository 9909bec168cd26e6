/** Every figure of a report as a table for programs: a line a run or group, test set and figure. */
import { csvLine } from '../data/csv.ts';
import type { Comparisons } from './comparisons.ts';
import {
  figuresOverSeeds,
  mainFigures,
  manipulationFigures,
  namesOfFigures,
  type NamedEstimate,
} from './figures.ts';
import type { CheckedEvaluation } from './run-test.ts';
import { seedsOf, type Scene } from './scene.ts';

const COLUMNS = [
  'of',
  'name',
  'settings',
  'test_set',
  'seeds',
  'figure',
  'value',
  'low',
  'high',
  'sd',
  'p',
  'p_holm',
] as const;

/**
 * report.csv: `of` is `run`, `settings` (mean and standard deviation over seeds), `difference` or `delong` (of one seed's pooled AUCs); numbers have every digit. A text that a spreadsheet would
 * compute has an apostrophe before it.
 */
export function figuresCsv({ sets }: Scene, { all, deLong }: Comparisons): string {
  const figures = (evaluation: CheckedEvaluation): NamedEstimate[] => [
    ...mainFigures(evaluation),
    ...manipulationFigures(evaluation).map((each) => ({ ...each, name: `AUC of ${each.name}` })),
  ];
  const lines: (string | number)[][] = [];
  for (const { name: set, groups } of sets) {
    const names = namesOfFigures(groups, figures);
    for (const tested of groups) {
      const { group, entries } = tested;
      for (const { run, test } of entries) {
        for (const { name, value, interval } of figures(test.evaluation)) {
          lines.push([
            'run',
            run.name,
            group.name,
            set,
            run.seed,
            name,
            value,
            interval?.low ?? '',
            interval?.high ?? '',
            '',
            '',
            '',
          ]);
        }
      }
      const seeds = seedsOf(tested).join(' ');
      for (const { name, over } of figuresOverSeeds(tested, names, figures)) {
        if (over === null) continue;
        lines.push(['settings', '', group.name, set, seeds, name, over.mean, '', '', over.sd ?? '', '', '']);
      }
    }
  }
  for (const { set, metric, names, seeds, difference, pHolm } of all) {
    const { value, interval, p } = difference;
    lines.push([
      'difference',
      names[1],
      names[0],
      set,
      seeds.join(' '),
      metric,
      value,
      interval.low,
      interval.high,
      '',
      p,
      pHolm,
    ]);
  }
  for (const { set, names, seed, difference, interval, p } of deLong) {
    const [low, high] = [interval?.low ?? '', interval?.high ?? ''];
    lines.push([
      'delong',
      names[1],
      names[0],
      set,
      seed,
      'AUC pooled',
      difference,
      low,
      high,
      '',
      p ?? '',
      '',
    ]);
  }
  return [[...COLUMNS], ...lines].map((line) => csvLine(line.map(field))).join('');
}

function field(value: string | number): string {
  return typeof value === 'number' ? String(value) : forSpreadsheets(value);
}

/** A text that no spreadsheet takes for a formula (OWASP, "CSV injection"). */
export function forSpreadsheets(text: string): string {
  return /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
}
