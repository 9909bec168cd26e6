// npm run evaluate -- RUN…: tests the best checkpoint of each run folder on its test split, and prints one table.
import path from 'node:path';
import { evaluate } from '../src/evaluate.ts';
import { resultsTable, type EvaluatedRun } from '../src/results.ts';
import { readRunStatus } from '../src/reports/run-folder.ts';
import { tableAsMarkdown, tableAsText } from '../src/reports/tables.ts';
import { readRunConfig } from '../src/run-config.ts';
import { tellProgress } from '../src/run.ts';
import { runScript } from './run-script.ts';

await runScript(async () => {
  const argv = process.argv.slice(2);
  const dirs = argv.filter((argument) => !argument.startsWith('-'));
  const flags = argv.filter((argument) => argument.startsWith('-'));
  const unknown = flags.find((flag) => flag !== '--markdown');
  if (dirs.length === 0 || unknown !== undefined) {
    throw new Error(`${unknown ?? 'no run folder'}: usage: npm run evaluate -- [--markdown] RUN_FOLDER…`);
  }
  const runs: EvaluatedRun[] = [];
  for (const dir of dirs) {
    const config = await readRunConfig(dir);
    const progress = tellProgress((line) => process.stderr.write(`${line}\n`));
    const evaluation = await evaluate(config, { dir, progress });
    runs.push({
      name: `${config.generator.name} (${path.basename(dir)})`,
      evaluation,
      rows: evaluation.rows,
      minutes: readRunStatus(dir).minutes,
    });
  }
  const print = flags.includes('--markdown') ? tableAsMarkdown : tableAsText;
  process.stdout.write(print(resultsTable(runs)));
  return 0;
});
