// npm run robustness -- RUN… [overrides]: what the best checkpoint of each run folder makes of corrupted and of attacked images. See --help.
import { existsSync } from 'node:fs';
import { parseCommandLine } from '../src/config/command-line.ts';
import { openConfigFiles } from '../src/config/config-files.ts';
import { tableAsText } from '../src/reports/tables.ts';
import { checkRobustnessConfig } from '../src/robustness-config.ts';
import { attackTable, corruptionTable } from '../src/robustness-results.ts';
import { robustness, type RobustnessReport } from '../src/robustness.ts';
import { readRunConfig } from '../src/run-config.ts';
import { tellProgress } from '../src/run.ts';
import { composeCommand } from './compose-command.ts';
import { CONFIGS, resolveContext } from './compose-run.ts';
import { runScript, stopSignal } from './run-script.ts';

const COMMAND = {
  configName: 'robustness',
  usage: 'npm run robustness -- RUN_FOLDER…',
  single: 'robustness takes several run folders',
};

await runScript(async () => {
  const command = parseCommandLine(process.argv.slice(2));
  const dirs = command.overrides.filter(isFolder);
  const own = command.overrides.filter((argument) => !isFolder(argument));
  const files = openConfigFiles(command.configDir ?? CONFIGS);
  const resolved = composeCommand(command, files, COMMAND, resolveContext(new Date(), 0), own);
  if (resolved === null) return 0;
  const settings = await checkRobustnessConfig(resolved);
  if (dirs.length === 0)
    throw new Error('no run folder: usage: npm run robustness -- RUN_FOLDER… [overrides]');
  const jobs = await Promise.all(dirs.map(async (dir) => ({ dir, run: await readRunConfig(dir) })));
  const stop = stopSignal('keeping what is finished');
  for (const { dir, run } of jobs) {
    const report = await robustness(run, {
      ...{ dir, settings, stop, screen: process.stderr },
      progress: tellProgress((line) => process.stderr.write(`${line}\n`)),
    });
    if (report === null) {
      process.stderr.write('stopped; the same command goes on with what is left\n');
      return 130;
    }
    tell(dir, report);
  }
  return 0;
});

/** A run folder: what is no flag and no override, or is there. */
function isFolder(argument: string): boolean {
  return existsSync(argument) || !/^[-~+]|=/.test(argument);
}

function tell(dir: string, { checkpoint, corruptions, attacks }: RobustnessReport): void {
  process.stdout.write(`${dir}, checkpoint of round ${checkpoint.round}\n\n`);
  if (corruptions !== null) {
    process.stdout.write(
      `${corruptions.images} images, each corruption's mean over five severities; accuracy is balanced and at val's threshold\n\n` +
        `${tableAsText(corruptionTable(corruptions))}\n`,
    );
  }
  if (attacks !== null) {
    process.stdout.write(`${attacks.images} attacked images\n\n${tableAsText(attackTable(attacks))}\n`);
    for (const { flag, message } of attacks.warnings) {
      process.stdout.write(`warning, ${flag}: ${message}\n`);
    }
  }
  process.stdout.write(`robustness.json and robustness/: ${dir}\n`);
}
