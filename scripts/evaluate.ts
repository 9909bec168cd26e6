// npm run evaluate -- RUN… [data=NAME] [data.KEY=VALUE…]: tests the best checkpoint of each run folder on its test split, or on that of the
// data that the overrides name, and prints one table.
import { existsSync } from 'node:fs';
import path from 'node:path';
import { didYouMean } from '../src/config/did-you-mean.ts';
import { readConfigFile } from '../src/config/yaml-source.ts';
import { evaluate, type OtherData, type RunEvaluation } from '../src/evaluate.ts';
import { resultsTable, type EvaluatedRun } from '../src/results.ts';
import { readRunStatus } from '../src/reports/run-folder.ts';
import { TABLE_FORMATS, type TableFormat } from '../src/reports/tables.ts';
import { readRunConfig } from '../src/run-config.ts';
import type { RunConfig } from '../src/run-settings.ts';
import { tellProgress } from '../src/run.ts';
import { otherData } from './other-data.ts';
import { runScript } from './run-script.ts';

const USAGE =
  'npm run evaluate -- [--format text|markdown|csv|latex] RUN_FOLDER… [data=NAME] [data.KEY=VALUE…]';

/** AUCs on val that differ by more are not of the same images; rounding on another machine makes less. */
const SAME_AUC = 0.002;

await runScript(async () => {
  const { dirs, overrides, format } = readArguments(process.argv.slice(2));
  const label = labelOf(overrides);
  const progress = tellProgress((line) => process.stderr.write(`${line}\n`));
  const jobs: { dir: string; config: RunConfig; on: OtherData | undefined }[] = [];
  for (const dir of dirs) {
    const config = await readRunConfig(dir);
    const run = () => ({ name: dir, config, root: readConfigFile(path.join(dir, 'config.yaml')).root });
    const data = overrides.length === 0 ? undefined : await otherData(run(), overrides, progress);
    jobs.push({ dir, config, on: data === undefined ? undefined : { data, label } });
  }
  const runs: EvaluatedRun[] = [];
  for (const { dir, config, on } of jobs) {
    const evaluation = await evaluate(config, { dir, on, progress });
    tellVal(dir, evaluation);
    tellOther(dir, evaluation);
    runs.push({
      name: `${config.generator.name} (${path.basename(dir)})`,
      data: on?.label,
      evaluation,
      rows: evaluation.rows,
      minutes: readRunStatus(dir).minutes,
    });
  }
  process.stdout.write(TABLE_FORMATS[format](resultsTable(runs)));
  return 0;
});

interface Asked {
  readonly dirs: readonly string[];
  readonly overrides: readonly string[];
  readonly format: TableFormat;
}

/** The format, overrides of data, and all else that is a folder; what looks like another override is an error. */
function readArguments(argv: readonly string[]): Asked {
  const { format, rest } = readFormat(argv);
  const isOverride = (argument: string): boolean => /^(\+{1,2}|~)?data([.@/=]|$)/.test(argument);
  const overrides = rest.filter((argument) => isOverride(argument) && !existsSync(argument));
  const others = rest.filter((argument) => !overrides.includes(argument));
  const unknown = others.find((argument) => argument.startsWith('-'));
  if (others.length === 0 || unknown !== undefined) {
    throw new Error(`${unknown ?? 'no run folder'}: usage: ${USAGE}`);
  }
  const stray = others.find((argument) => argument.includes('=') && !existsSync(argument));
  if (stray !== undefined) {
    const [group = ''] = stray.replace(/^[+~]+/, '').split(/[.@/=]/);
    throw new Error(
      `'${stray}': only settings of the group data can be changed, the detector is as it was trained.${didYouMean(group, ['data'])} Usage: ${USAGE}`,
    );
  }
  return { dirs: others, overrides, format };
}

/** `--format NAME`, `--format=NAME` or, for `--format markdown`, `--markdown`; and the other arguments. */
function readFormat(argv: readonly string[]): {
  readonly format: TableFormat;
  readonly rest: readonly string[];
} {
  const words = argv.flatMap((argument) =>
    argument === '--markdown'
      ? ['--format', 'markdown']
      : argument.replace(/^--format=/, '--format\n').split('\n'),
  );
  const at = words.indexOf('--format');
  if (at === -1) return { format: 'text', rest: argv };
  const format = words[at + 1] ?? '';
  if (!Object.hasOwn(TABLE_FORMATS, format)) {
    const known = Object.keys(TABLE_FORMATS);
    throw new Error(
      `--format ${format}: formats are ${known.join(', ')}.${didYouMean(format, known)} Usage: ${USAGE}`,
    );
  }
  return { format: format as TableFormat, rest: words.toSpliced(at, 2) };
}

/** What the overrides say, short enough for a table: without the group's name, and of a path the last two parts. */
function labelOf(overrides: readonly string[]): string {
  const short = (override: string): string =>
    override
      .replace(/^([+~]*)data[.=]/, '$1')
      .replace('=./', '=')
      .replace(/[^=]*[/\\](?=[^/\\]+[/\\][^/\\]+$)/, '');
  return overrides.map(short).join(' ');
}

/** Val is scored again: another AUC than the checkpoint's says that the data are not what they were. */
function tellVal(dir: string, { valAuc, val }: RunEvaluation): void {
  if (Math.abs(val.auc - valAuc) <= SAME_AUC) return;
  process.stderr.write(
    `${dir}: AUC on val is ${val.auc.toFixed(4)}, and was ${valAuc.toFixed(4)} when this checkpoint was saved: the data have changed since, so the ` +
      'threshold and the figures may be those of another dataset; train anew, or bring the old data back\n',
  );
}

/** What a user should know of the other data before believing the table. */
function tellOther(dir: string, { other, files: [, listed] }: RunEvaluation): void {
  if (other === null) return;
  const { shared, skipped } = other;
  for (const [kind, names] of Object.entries(shared)) {
    if (names.length === 0) continue;
    process.stderr.write(
      `${dir}: the test has names of ${kind} in common with train and val, ${names.length}, such as ${names[0]}: if they mean the same, it asks ` +
        `what was trained on; listed in ${listed}\n`,
    );
  }
  const [first] = skipped;
  if (first !== undefined) {
    process.stderr.write(
      `${skipped.length} ${skipped.length === 1 ? 'file' : 'files'} of the data left out, listed in ${listed}; the first: ${first.file}: ${first.why}\n`,
    );
  }
}
