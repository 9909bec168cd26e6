/** What a study is: named rows of overrides, seeds, further test data and the table that is asked for, checked. */
import { ConfigError } from '../config/config-error.ts';
import { checkSettings } from '../config/schema.ts';
import {
  choice,
  integer,
  list,
  nullable,
  text,
  type SettingsOf,
  type SettingsRecord,
} from '../config/settings.ts';
import type { MapNode } from '../config/tree.ts';
import { METRIC_NAMES, UNITS } from './figure.ts';

/** Sections whose keys the study chooses: each a list of overrides by name. */
const NAMED = {
  rows: 'what the runs of a row differ in',
  folds: 'what a fold adds',
  tests: 'test data',
} as const;

export const ablationSettings = {
  name: text('What the study is called, in its folder and in tables.'),
  dir: text('The folder of the runs and tables.'),
  seeds: list(integer({ min: 0, doc: 'Seeds: each row is trained once with each.' }), { min: 1 }),
  jobs: integer({ min: 1, doc: 'Runs beside each other, a process each.' }),
  common: list(text('Overrides of `npm run train` for all runs.')),
  table: choice(
    ['comparison', 'matrix'],
    'comparison: every row against the reference; matrix: training sets by everything tested.',
  ),
  reference: nullable(text('The row that the others are compared with; null = none.')),
  columns: list(
    choice(
      ['seen', 'unseen', 'all', 'seen-each', 'unseen-each', 'each'],
      'The figure on manipulations seen in training, not seen, or all of them: their mean, or one by one.',
    ),
    { min: 1 },
  ),
  metric: choice(
    METRIC_NAMES,
    'What the table has figures of. A balanced accuracy is at the threshold that was chosen on val; AP and the Brier score hang on the share of fakes.',
  ),
  unit: choice(
    UNITS,
    'Whether images are judged, or videos: the mean over the images of a face, of several faces the largest.',
  ),
  resamples: integer({ min: 1, doc: 'Bootstrap resamples of the intervals of differences.' }),
  markdown: nullable(
    text('A file in which the table replaces what stands between the comments that name the study.'),
  ),
};

/** Overrides by name, in the order of the configuration. */
export type NamedOverrides = Readonly<Record<string, readonly string[]>>;

export type Study = SettingsOf<typeof ablationSettings> & {
  readonly [section in keyof typeof NAMED]: NamedOverrides;
};
export type ColumnChoice = Study['columns'][number];

/** Names become parts of folders, and keys of overrides. */
const NAME = /^[A-Za-z0-9][A-Za-z0-9_-]*$/;

/**
 * Checks a composed study, interpolations resolved.
 *
 * @throws ConfigError with every problem: what `checkSettings` finds, names that no folder can have, seeds or columns given twice, a reference
 *   that is no row, a comparison without one
 */
export function checkStudy(resolved: MapNode): Study {
  const named = Object.entries(NAMED).map(([section, doc]) => [section, sectionOf(resolved, section, doc)]);
  const settings = { ...ablationSettings, ...(Object.fromEntries(named) as SettingsRecord) };
  const study = checkSettings(resolved, settings) as unknown as Study;
  const problems = problemsOf(study);
  if (problems.length > 0) throw new ConfigError(problems.map((problem) => `ablation: ${problem}`));
  return study;
}

/** A section's record: a list of overrides under each of its own keys. */
function sectionOf(resolved: MapNode, section: string, doc: string): SettingsRecord {
  const node = resolved.entries.get(section);
  const keys = node?.kind === 'map' ? [...node.entries.keys()] : [];
  const wrong = keys.find((key) => !NAME.test(key));
  if (wrong !== undefined) {
    throw new ConfigError(
      `ablation: '${section}.${wrong}': names are of letters, digits, _ and -, because folders are called by them`,
    );
  }
  return Object.fromEntries(keys.map((key) => [key, list(text(`Overrides: ${doc}.`))]));
}

function problemsOf(study: Study): string[] {
  const { name, rows, reference, table } = study;
  const problems: string[] = [];
  if (!NAME.test(name)) problems.push(`'name' is '${name}'; letters, digits, _ and - make a name`);
  for (const key of ['seeds', 'columns'] as const) {
    const twice = study[key].find((value, i) => (study[key] as readonly unknown[]).indexOf(value) !== i);
    if (twice !== undefined) problems.push(`'${key}' has ${twice} twice`);
  }
  const names = Object.keys(rows);
  if (names.length === 0) problems.push("'rows' is empty; name at least one");
  if (reference !== null && !names.includes(reference)) {
    problems.push(`'reference' is '${reference}', which is no row; rows are ${names.join(', ')}`);
  }
  if (table === 'comparison' && reference === null) {
    problems.push("'reference' must name a row: a comparison is made with it");
  }
  return problems;
}

/** The keys of a study on a command line; all others are settings of its runs. */
export const STUDY_KEYS: readonly string[] = [
  'ablation',
  ...Object.keys(ablationSettings),
  ...Object.keys(NAMED),
];
