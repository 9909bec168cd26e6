// npm run ablate -- ablation=NAME [seeds=1,2,3] [overrides]: a study of many runs, and the tables made of their folders. See --help.
import { parseCommandLine } from '../src/config/command-line.ts';
import { ConfigError } from '../src/config/config-error.ts';
import { openConfigFiles, type ConfigFiles } from '../src/config/config-files.ts';
import { differingKey } from '../src/config/differing-key.ts';
import { parseOverride } from '../src/config/overrides.ts';
import { expandSweep } from '../src/config/sweep.ts';
import { commandsOf } from '../src/ablation/commands.ts';
import { executeRuns, type Executed, type FoundRun } from '../src/ablation/execute.ts';
import { planRuns } from '../src/ablation/plan.ts';
import { readStudy } from '../src/ablation/read-study.ts';
import { stateOf, type StudyRun } from '../src/ablation/run-state.ts';
import { checkStudy, STUDY_KEYS, type Study } from '../src/ablation/study.ts';
import { writeTables } from '../src/ablation/write-tables.ts';
import type { OtherData } from '../src/evaluate.ts';
import { tellProgress } from '../src/run.ts';
import { composeCommand } from './compose-command.ts';
import { CONFIGS, composeRun, resolveContext } from './compose-run.ts';
import { otherData } from './other-data.ts';
import { runScript, stopSignal } from './run-script.ts';

const FLAGS = ['--dry-run', '--tables-only'] as const;
const HELP = `
Of a study
  --dry-run                 print the commands of what is left to do, and stop
  --tables-only             make the tables from the run folders, and train nothing
  seeds=1,2,3 jobs=2 dir=FOLDER markdown=FILE rows.NAME=[…] '+tests.NAME=[…]' ~rows.NAME change the study (configs/ablation.yaml);
  all other overrides are those of npm run train, for every run
`;

const COMMAND = {
  configName: 'ablation',
  usage: 'npm run ablate --',
  moreHelp: HELP,
  single: 'a study is many runs already',
};

await runScript(async () => {
  const argv = process.argv.slice(2);
  const flags = new Set(FLAGS.filter((flag) => argv.includes(flag)));
  const command = parseCommandLine(argv.filter((argument) => !flags.has(argument as (typeof FLAGS)[number])));
  const files = openConfigFiles(command.configDir ?? CONFIGS);
  const started = new Date();
  const { own, more } = splitOverrides(command.overrides, files);
  const resolved = composeCommand(command, files, COMMAND, resolveContext(started, 0), own);
  if (resolved === null) return 0;
  const study = checkStudy(resolved);
  const runs = await composeRuns(study, more, files, started);
  const found = await findRuns(runs);
  if (flags.has('--dry-run')) return printCommands(study, found);
  return flags.has('--tables-only') ? makeTables(study, found) : makeStudy(study, runs, found);
});

/** The study's own overrides, its lists as a list or as `1,2,3`, and those for all of its runs. */
function splitOverrides(
  overrides: readonly string[],
  files: ConfigFiles,
): { readonly own: readonly string[]; readonly more: readonly string[] } {
  const rootOf = (override: string): string => parseOverride(override).key.split(/[./]/)[0]!;
  const asList = (override: string): string => {
    const [, key, value] = /^(seeds|columns)=(?!\s*\[)([^]*)$/.exec(override) ?? [];
    if (key === undefined) return override;
    const values = expandSweep([`${key}=${value}`], files).map(([one]) => one!.slice(key.length + 1));
    return `${key}=[${values.join(',')}]`;
  };
  return {
    own: overrides.filter((override) => STUDY_KEYS.includes(rootOf(override))).map(asList),
    more: overrides.filter((override) => !STUDY_KEYS.includes(rootOf(override))),
  };
}

/** All runs are composed and checked before the first one starts. */
async function composeRuns(
  study: Study,
  more: readonly string[],
  files: ConfigFiles,
  started: Date,
): Promise<readonly StudyRun[]> {
  const progress = tellProgress((line) => process.stderr.write(`${line}\n`));
  const runs: StudyRun[] = [];
  for (const [number, planned] of planRuns(study, more).entries()) {
    const context = resolveContext(started, number);
    const { config, yaml, root } = await composeRun(files, 'train', planned.overrides, context).catch(
      (error) => {
        throw new ConfigError(`${planned.name}: ${(error as Error).message}`, { cause: error });
      },
    );
    const on: OtherData[] = [];
    for (const [label, overrides] of Object.entries(study.tests)) {
      on.push({ label, data: await otherData({ name: planned.name, config, root }, overrides, progress) });
    }
    runs.push({ ...planned, config, yaml, on });
  }
  refuseTwins(runs);
  return runs;
}

/** Rows with the same settings would be one row under two names. */
function refuseTwins(runs: readonly StudyRun[]): void {
  const first = runs.filter(({ seed }) => seed === runs[0]!.seed);
  first.forEach((a, i) => {
    const twin = first
      .slice(i + 1)
      .find((b) => differingKey({ ...a.config, run: 0 }, { ...b.config, run: 0 }) === null);
    if (twin !== undefined) {
      throw new ConfigError(
        `${a.name} and ${twin.name} have the same settings: take one of the rows out with ~rows.NAME`,
      );
    }
  });
}

/** What the folders hold. Throws with every folder that cannot be gone on with. */
async function findRuns(runs: readonly StudyRun[]): Promise<readonly FoundRun[]> {
  const problems: string[] = [];
  const found: FoundRun[] = [];
  for (const run of runs) {
    try {
      found.push({ run, state: await stateOf(run) });
    } catch (error) {
      problems.push((error as Error).message);
    }
  }
  if (problems.length > 0) throw new Error(problems.join('\n'));
  return found;
}

function printCommands({ tests }: Study, found: readonly FoundRun[]): number {
  for (const { run, state } of found) {
    const commands = commandsOf(run, state, tests);
    const what = state.kind === 'busy' ? `being trained by process ${state.pid}` : 'done';
    const lines = commands.length === 0 ? [`# ${run.name} is ${what}`] : commands;
    process.stdout.write(lines.map((line) => `${line}\n`).join(''));
  }
  return 0;
}

async function makeStudy(
  study: Study,
  runs: readonly StudyRun[],
  found: readonly FoundRun[],
): Promise<number> {
  const stop = stopSignal('finishing the round and saving');
  const executed = await executeRuns(found, {
    label: study.name,
    jobs: study.jobs,
    out: process.stderr,
    stop,
  });
  if (executed.interrupted) {
    process.stderr.write('stopped; the same command goes on with what is left\n');
    tellFailed(executed);
    return 130;
  }
  try {
    const code = await makeTables(study, await findRuns(runs));
    return executed.failed.length > 0 ? 1 : code;
  } finally {
    tellFailed(executed);
  }
}

/** Tables of what is done; 1 if anything is missing, which is listed. */
async function makeTables(study: Study, found: readonly FoundRun[]): Promise<number> {
  const { tested, missing } = readStudy(study, found);
  if (tested.length > 0) {
    const { text, files } = await writeTables(study, tested);
    process.stdout.write(text);
    process.stderr.write(`${files.join(', ')}\n`);
  }
  if (missing.length === 0) return 0;
  process.stderr.write(`${missing.length} of ${found.length} runs have no figures: ${missing.join(', ')}\n`);
  return 1;
}

function tellFailed({ failed }: Executed): void {
  for (const { run, message } of failed)
    process.stderr.write(`FAILED ${run.name} (${run.dir}): ${message}\n`);
}
