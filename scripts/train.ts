// npm run train -- [flags] [overrides]: trains one detector, or with --multirun one after another. See --help.
import path from 'node:path';
import { compose } from '../src/config/compose.ts';
import { openConfigFiles } from '../src/config/config-files.ts';
import { parseCommandLine, type CommandLine } from '../src/config/command-line.ts';
import { defaultsTable, helpText } from '../src/config/help.ts';
import { resolveConfig } from '../src/config/interpolate.ts';
import { toYaml } from '../src/config/print-yaml.ts';
import { createRunFolder } from '../src/config/run-folder.ts';
import { expandSweep } from '../src/config/sweep.ts';
import { readConfigFile } from '../src/config/yaml-source.ts';
import { readRunConfig } from '../src/run-config.ts';
import { run } from '../src/run.ts';
import { CONFIGS, composeRun, resolveContext, type ComposedRun } from './compose-run.ts';
import { runScript, stopSignal } from './run-script.ts';

const RESUME_HELP = `
To go on with a run that was stopped, from its newest checkpoint and with its own settings
  --resume FOLDER           the run folder
`;

await runScript(async () => {
  const { resume, rest } = takeResume(process.argv.slice(2));
  const command = parseCommandLine(rest);
  if (resume !== undefined) {
    return resumeRun(resume, command);
  }
  const files = openConfigFiles(command.configDir ?? CONFIGS);
  if (command.help) {
    process.stdout.write(helpText('npm run train --', files) + RESUME_HELP);
    return 0;
  }
  const configName = command.configName ?? 'train';
  const started = new Date();
  if (command.cfg !== undefined || command.info !== undefined) {
    const context = resolveContext(started, 0);
    const composed = compose({ configs: files, configName, overrides: command.overrides, context });
    const config = command.resolve ? resolveConfig(composed.config, context) : composed.config;
    process.stdout.write(command.info === undefined ? toYaml(config) : defaultsTable(composed.placements));
    return 0;
  }
  // All jobs are composed and checked before the first one starts.
  const sets = command.multirun ? expandSweep(command.overrides, files) : [command.overrides];
  const jobs: ComposedRun[] = [];
  for (const [number, overrides] of sets.entries()) {
    jobs.push(await composeRun(files, configName, overrides, resolveContext(started, number)));
  }
  const stop = stopSignal('finishing the round and saving');
  for (const [number, job] of jobs.entries()) {
    const label =
      jobs.length === 1
        ? job.config.generator.name
        : `${number + 1}/${jobs.length} ${job.config.generator.name}`;
    const dir = createRunFolder(job.config.run.dir);
    if ((await runOne(job, dir, false, label, stop)) !== 0) {
      return 130;
    }
  }
  return 0;
});

function resumeRun(dir: string, command: CommandLine): Promise<number> {
  if (command.overrides.length > 0) {
    throw new Error(
      `--resume takes no overrides (${command.overrides.join(' ')}): a resumed run keeps its settings`,
    );
  }
  return readRunConfig(dir).then((config) => {
    const yaml = toYaml(readConfigFile(path.join(dir, 'config.yaml')).root);
    return runOne(
      { config, yaml },
      dir,
      true,
      config.generator.name,
      stopSignal('finishing the round and saving'),
    );
  });
}

async function runOne(
  { config, yaml }: Pick<ComposedRun, 'config' | 'yaml'>,
  dir: string,
  resume: boolean,
  label: string,
  stop: AbortSignal,
): Promise<number> {
  const command = ['npm run train --', ...process.argv.slice(2)].join(' ');
  const result = await run(config, { dir, resume, yaml, command, label, out: process.stderr, stop });
  if (result.status === 'interrupted') {
    process.stderr.write(
      `stopped after round ${result.rounds}; go on with: npm run train -- --resume ${dir}\n`,
    );
    return 130;
  }
  process.stderr.write(
    `best val AUC ${result.best.auc.toFixed(4)} at round ${result.best.round}; run folder ${dir}\n`,
  );
  return 0;
}

/** `--resume FOLDER` or `--resume=FOLDER`, taken out of the arguments. */
function takeResume(argv: readonly string[]): { resume: string | undefined; rest: string[] } {
  const at = argv.findIndex((argument) => argument === '--resume' || argument.startsWith('--resume='));
  if (at < 0) {
    return { resume: undefined, rest: [...argv] };
  }
  const [, attached] = argv[at]!.split(/=(.*)/s);
  const resume = attached ?? argv[at + 1];
  if (resume === undefined || resume === '') {
    throw new Error('--resume needs the folder of a run: --resume outputs/2026-01-31/12-00-00');
  }
  return { resume, rest: argv.filter((_, i) => i !== at && (attached !== undefined || i !== at + 1)) };
}
