// npm start: the first game. One detector is trained three times, against no opponent, Blur AT and Generative AT, and each is tested on
// people and forgery methods that it never saw. Overrides as for `npm run train` apply to all three.
import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { openConfigFiles } from '../src/config/config-files.ts';
import { createRunFolder } from '../src/config/run-folder.ts';
import { evaluate } from '../src/evaluate.ts';
import { svgOf } from '../src/reports/charts.ts';
import { writeFileAtomic } from '../src/reports/files.ts';
import { resultsTable, rocOfGroup, type EvaluatedRun } from '../src/results.ts';
import { readRunStatus } from '../src/reports/run-folder.ts';
import { tableAsMarkdown, tableAsText } from '../src/reports/tables.ts';
import { prepareData } from '../src/prepare.ts';
import { run, tellProgress } from '../src/run.ts';
import { CONFIGS, composeRun, resolveContext } from './compose-run.ts';
import { runScript, stopSignal } from './run-script.ts';

const OPPONENTS = ['none', 'blur', 'generative'];

await runScript(async () => {
  const overrides = process.argv.slice(2);
  const files = openConfigFiles(CONFIGS);
  const started = new Date();
  const compose = (opponent: string, more: readonly string[] = []) =>
    composeRun(
      files,
      'train',
      [`generator=${opponent}`, ...overrides, ...more],
      resolveContext(started, OPPONENTS.indexOf(opponent)),
    );
  const parent = createRunFolder(path.dirname((await compose('none')).config.run.dir) + '/' + clock(started));
  const stop = stopSignal('finishing the round and saving');
  const { data, seed } = (await compose('none')).config;
  await prepareData(
    data,
    seed,
    tellProgress((line) => process.stderr.write(`${line}\n`)),
  );
  const runs: EvaluatedRun[] = [];
  for (const [number, opponent] of OPPONENTS.entries()) {
    const dir = path.join(parent, opponent);
    mkdirSync(dir);
    const { config, yaml } = await compose(opponent, [`run.dir=${dir}`]);
    const label = `${number + 1}/${OPPONENTS.length} ${opponent}`;
    const command = ['npm start', ...(overrides.length > 0 ? ['--', ...overrides] : [])].join(' ');
    const result = await run(config, { dir, resume: false, yaml, command, label, out: process.stderr, stop });
    if (result.status === 'interrupted') {
      process.stderr.write(`stopped; go on with this run alone: npm run train -- --resume ${dir}\n`);
      return 130;
    }
    const progress = tellProgress((line) => process.stderr.write(`${line}\n`));
    const evaluation = await evaluate(config, { dir, progress });
    runs.push({
      name: opponent,
      evaluation: { ...evaluation, videos: null }, // photos of a person are no video
      rows: evaluation.rows,
      minutes: readRunStatus(dir).minutes,
    });
  }
  const table = resultsTable(runs);
  writeFileAtomic(path.join(parent, 'results.md'), tableAsMarkdown(table));
  for (const { group } of runs[0]!.evaluation.groups) {
    writeFileAtomic(path.join(parent, `roc-${group}.svg`), await svgOf(rocOfGroup(group, runs)));
  }
  process.stdout.write(
    `\n${tableAsText(table)}\nAUC with 95 % intervals over people; accuracy is balanced, at the threshold chosen on val.\n`,
  );
  process.stdout.write(
    `Run folders, ROC curves and results.md: ${parent}\nWatch: npm run tensorboard -- ${parent}\n`,
  );
  return 0;
});

/** hh-mm-ss of a moment, local time. */
function clock(moment: Date): string {
  return [moment.getHours(), moment.getMinutes(), moment.getSeconds()]
    .map((part) => String(part).padStart(2, '0'))
    .join('-');
}
