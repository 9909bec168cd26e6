// node --import tsx scripts/docs-settings.ts: writes the tables of docs/settings.md from the records of settings and configs/.
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { compose } from '../src/config/compose.ts';
import { openConfigFiles, type ConfigFiles } from '../src/config/config-files.ts';
import { isSetting, type SettingsRecord } from '../src/config/settings.ts';
import { plainValue, type MapNode } from '../src/config/tree.ts';
import { ablationSettings } from '../src/ablation/study.ts';
import { CORPORA } from '../src/data/corpora/index.ts';
import { datasetSettings } from '../src/data/index.ts';
import { prepareSettings } from '../src/data/prepare/settings.ts';
import { robustnessSettings } from '../src/evaluation/robustness/settings.ts';
import { writeFileAtomic } from '../src/reports/files.ts';
import { criterionSettings } from '../src/game/criterion.ts';
import { commonSettings, playSettings } from '../src/run-settings.ts';
import { findDiscriminator, findGenerator } from '../src/variants.ts';
import { CONFIGS } from './compose-run.ts';
import { runScript } from './run-script.ts';

/** The page that holds the tables, between two comments. */
export const PAGE = path.join(import.meta.dirname, '../docs/settings.md');
const BEGIN = '<!-- tables: written by scripts/docs-settings.ts -->';
const END = '<!-- end of tables -->';

/** The values of a group as an option of it composes them, `name` among them. */
type Values = Readonly<Record<string, unknown>>;

/** Groups whose options are variants with settings of their own, by the function that knows them. */
const VARIANTS: Readonly<Record<string, (values: Values) => Promise<SettingsRecord>>> = {
  data: (values) => datasetSettings(values['name'] as string, values),
  discriminator: async (values) => (await findDiscriminator(values)).settings,
  generator: async (values) => (await findGenerator(values)).settings,
};

/** Where variants are made of others, and of what. */
const PARTS: Readonly<Record<string, string>> = {
  'generator.opponents': 'an opponent',
  'data.datasets': 'a dataset',
};

/** The page with its tables as they should be. Throws if the comments that enclose them are missing. */
export async function withTables(page: string): Promise<string> {
  const [head, rest] = page.split(BEGIN);
  const tail = rest?.split(END)[1];
  if (head === undefined || tail === undefined) throw new Error(`${PAGE}: '${BEGIN}' … '${END}' is missing`);
  return `${head}${BEGIN}\n\n${await tables(openConfigFiles(CONFIGS))}\n${END}${tail}`;
}

async function tables(files: ConfigFiles): Promise<string> {
  const parts: string[] = [];
  for (const [group, settingsOf] of Object.entries(VARIANTS)) {
    const options = files
      .options(group)
      .map((option) => [option, composedValues(files, group, option)] as const);
    for (const name of new Set(options.map(([, values]) => values['name'] as string))) {
      if (name === 'module') continue; // its settings are the user's
      const own = options.filter(([, values]) => values['name'] === name);
      const record = await settingsOf(own[0]![1]);
      if (Object.keys(record).length === 0) continue; // generator=none
      parts.push(table(`${group}: ${name}`, record, group, columns(group, own)));
    }
  }
  const { seed, run, optimizer_d, ...rest } = commonSettings;
  // a way of playing, or a criterion, leaves the cells of the others' settings empty
  const withChoices = (record: SettingsRecord, choices: Readonly<Record<string, SettingsRecord>>) =>
    Object.assign({}, record, ...Object.values(choices)) as SettingsRecord;
  const others = {
    ...rest,
    game: withChoices(rest.game, playSettings),
    criterion: withChoices(rest.criterion, criterionSettings),
  };
  const train = valuesOf(files, 'train');
  parts.push(table('Of the run', { seed, run }, '', [{ head: 'train.yaml', values: train }]));
  parts.push(table('optimizer', optimizer_d, 'optimizer_d', optionsOf(files, 'optimizer')));
  for (const [group, record] of Object.entries(others)) {
    if (group === 'optimizer_g') continue; // as optimizer_d
    parts.push(table(group, record, group, optionsOf(files, group)));
  }
  const robustness = [{ head: 'robustness.yaml', values: valuesOf(files, 'robustness') }];
  const ablation = [{ head: 'ablation.yaml', values: valuesOf(files, 'ablation') }];
  return [
    ...parts,
    ...prepareTables(files),
    table('robustness', robustnessSettings, '', robustness),
    table('ablate', ablationSettings, '', ablation),
  ].join('\n');
}

/** What `npm run prepare` takes: its corpora, and what it does with any of them. */
function prepareTables(files: ConfigFiles): string[] {
  const corpora = Object.values(CORPORA).map(({ name, settings }) => {
    const column = { head: `data=${name}`, values: valuesOf(files, `corpus/${name}`) };
    return table(`prepare, corpus: ${name}`, settings, 'data', [column]);
  });
  const values = valuesOf(files, 'prepare');
  return [...corpora, table('prepare', prepareSettings, '', [{ head: 'prepare.yaml', values }])];
}

interface Column {
  readonly head: string;
  readonly values: Values;
}

function optionsOf(files: ConfigFiles, group: string): Column[] {
  const options = files
    .options(group)
    .map((option) => [option, valuesOf(files, `${group}/${option}`)] as const);
  return columns(group, options);
}

function columns(group: string, options: readonly (readonly [string, Values])[]): Column[] {
  return options.map(([option, values]) => ({ head: `${group}=${option}`, values }));
}

function valuesOf(files: ConfigFiles, config: string): Values {
  return plainValue(files.load(config)!.root as MapNode) as Values;
}

/** A group's section where the option is chosen, with what the option takes from others and what it says of the section from outside. */
function composedValues(configs: ConfigFiles, group: string, option: string): Values {
  const context = { env: {}, now: new Date(0), hydra: {} };
  const { config } = compose({ configs, configName: 'train', overrides: [`${group}=${option}`], context });
  return plainValue(config.entries.get(group)!) as Values;
}

/** A Markdown table: one line a setting, one column an option with the value that it gives. */
function table(title: string, record: SettingsRecord, prefix: string, options: readonly Column[]): string {
  const head = ['setting', ...options.map((column) => code(column.head)), 'accepts', 'meaning'];
  const rows = [head, head.map(() => '---'), ...rowsOf(record, prefix, options)];
  const lines = rows.map((cells) => `| ${cells.join(' | ')} |\n`).join('');
  return `### ${title}\n\n${lines}`;
}

function rowsOf(record: SettingsRecord, prefix: string, options: readonly Column[]): string[][] {
  return Object.entries(record).flatMap(([key, entry]) => {
    const place = prefix === '' ? key : `${prefix}.${key}`;
    const inside = ({ head, values }: Column): Column => ({ head, values: (values[key] ?? {}) as Values });
    const part = PARTS[prefix];
    if (part !== undefined) {
      const names = options.map(inside).map(({ values }) => code(print(values['name'])));
      return [[code(place), ...names, part, 'Its settings follow under this key, as in its own table.']];
    }
    if (!isSetting(entry)) return rowsOf(entry, place, options.map(inside));
    const values = options.map((column) => (key in column.values ? code(print(column.values[key])) : ''));
    return [[code(place), ...values, entry.expects, entry.doc].map((cell) => cell.replaceAll('|', '\\|'))];
  });
}

function print(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(print).join(', ')}]`;
  return String(value);
}

function code(text: string): string {
  return `\`${text}\``;
}

if (process.argv[1] === import.meta.filename) {
  await runScript(async () => {
    writeFileAtomic(PAGE, await withTables(readFileSync(PAGE, 'utf8')));
    return 0;
  });
}
