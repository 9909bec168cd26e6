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
import type { ReportedRun } from './run.ts';
import { seedsOf, type Scene, type TestedGroup } from './scene.ts';

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

type Line = Readonly<Partial<Record<(typeof COLUMNS)[number], string | number>>>;

/**
 * report.csv. `of` is `run`, `settings` (mean and standard deviation over seeds), `difference`, `delong` (of one seed's pooled AUCs), or the kind of a curve, a line a
 * point. Numbers have every digit; a text that a spreadsheet would compute has an apostrophe before it.
 */
export function figuresCsv(scene: Scene, { all, deLong }: Comparisons): string {
  const lines: Line[] = [
    ...scene.sets.flatMap(({ name, groups }) => linesOfSet(name, groups)),
    ...all.map(({ set, metric, names, seeds, difference: { value, interval, p }, pHolm }): Line => ({
      ...{ of: 'difference', name: names[1], settings: names[0], test_set: set, seeds: seeds.join(' ') },
      ...{ figure: metric, value, ...interval, p, p_holm: pHolm },
    })),
    ...deLong.map(({ set, names, seed, difference, interval, p }): Line => ({
      ...{ of: 'delong', name: names[1], settings: names[0], test_set: set, seeds: seed },
      ...{ figure: 'AUC pooled', value: difference, ...interval, ...(p === null ? {} : { p }) },
    })),
    ...scene.groups.flatMap(({ name, runs }) => runs.flatMap((run) => linesOfCurves(name, run))),
  ];
  const cells = lines.map((line) => COLUMNS.map((column) => line[column] ?? ''));
  return [[...COLUMNS], ...cells].map((line) => csvLine(line.map(field))).join('');
}

function linesOfSet(set: string, groups: readonly TestedGroup[]): Line[] {
  const figures = (evaluation: CheckedEvaluation): NamedEstimate[] => [
    ...mainFigures(evaluation),
    ...manipulationFigures(evaluation).map((each) => ({ ...each, name: `AUC of ${each.name}` })),
  ];
  const names = namesOfFigures(groups, figures);
  return groups.flatMap((tested) => {
    const settings = tested.group.name;
    const ofRuns = tested.entries.flatMap(({ run, test }) =>
      figures(test.evaluation).map(({ name: figure, value, interval }): Line => ({
        ...{
          of: 'run',
          name: run.name,
          settings,
          test_set: set,
          seeds: run.seed,
          figure,
          value,
          ...interval,
        },
      })),
    );
    const seeds = seedsOf(tested).join(' ');
    const overSeeds = figuresOverSeeds(tested, names, figures).flatMap(({ name: figure, over }): Line[] =>
      over === null
        ? []
        : [
            {
              ...{ of: 'settings', settings, test_set: set, seeds, figure, value: over.mean },
              ...(over.sd === null ? {} : { sd: over.sd }),
            },
          ],
    );
    return [...ofRuns, ...overSeeds];
  });
}

function linesOfCurves(settings: string, { name, seed, curves }: ReportedRun): Line[] {
  return curves.flatMap(({ kind, asked, clean, curves: own }) => {
    const line = (figure: string, value: number): Line => ({
      ...{ of: kind, name, settings, test_set: asked, seeds: seed, figure, value },
    });
    return [
      line('AUC, clean', clean),
      ...own.flatMap(({ panel, line: { x, y } }) => x.map((at, i) => line(`AUC, ${panel}, ${at}`, y[i]!))),
    ];
  });
}

function field(value: string | number): string {
  return typeof value === 'number' ? String(value) : forSpreadsheets(value);
}

/** A text that no spreadsheet takes for a formula (OWASP, "CSV injection"). */
export function forSpreadsheets(text: string): string {
  return /^[=+\-@\t\r\n]/.test(text) ? `'${text}` : text;
}
