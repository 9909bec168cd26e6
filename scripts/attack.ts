// npm run attack -- run=RUN out=DIR [generator=NAME] [generator.KEY=VALUE…] [input=FOLDER | split=val|test] [limit=N] [seed=N]: what an
// opponent makes of images against a run's best detector, as files, and what the detector says to it.
import { attack, type AttackReport, type OpponentChoice } from '../src/attack.ts';
import { attackTable } from '../src/evaluation/attack-figures.ts';
import { tableAsText } from '../src/reports/tables.ts';
import { checkRunConfig, readRunConfig } from '../src/run-config.ts';
import type { RunConfig, VariantConfig } from '../src/run-settings.ts';
import { tellProgress } from '../src/run.ts';
import { chosen, readArguments, required, wholeNumber } from './arguments.ts';
import { composeForRun } from './compose-run.ts';
import { runScript, stopSignal } from './run-script.ts';

const USAGE =
  'npm run attack -- run=RUN_FOLDER out=NEW_FOLDER [generator=NAME] [generator.KEY=VALUE…] [input=FOLDER | split=val] [limit=N] [seed=N]';
const KEYS = ['run', 'out', 'generator', 'input', 'split', 'limit', 'seed'] as const;

await runScript(async () => {
  const args = readArguments(process.argv.slice(2), KEYS, USAGE, isOpponentOverride);
  const [dir, out] = [required(args, 'run', USAGE), required(args, 'out', USAGE)];
  const { input } = args.values;
  if (input !== undefined && args.values.split !== undefined) {
    throw new Error(
      `split is of the run's own dataset, and input=${input} is attacked as a whole: leave one out`,
    );
  }
  const split = chosen(args, 'split', ['val', 'test']);
  const limit = wholeNumber(args, 'limit', 1);
  const seed = wholeNumber(args, 'seed', 0);
  const config = await readRunConfig(dir);
  const report = await attack(config, {
    dir,
    opponent: await chooseOpponent(dir, config, args.overrides),
    images: input === undefined ? { split } : { input },
    limit,
    seed: seed ?? config.seed,
    out,
    progress: tellProgress((line) => process.stderr.write(`${line}\n`)),
    screen: process.stderr,
    stop: stopSignal('stopping after the batch at hand'),
  });
  if (report === null) {
    process.stderr.write('stopped; nothing was written\n');
    return 130;
  }
  tell(report);
  process.stdout.write(`adversarial.npz, png/, comparison.png, images.csv and attack.json: ${out}\n`);
  return 0;
});

/** Overrides of the opponent's settings, as `npm run train` takes them. */
function isOpponentOverride(argument: string): boolean {
  return /^(\+{1,2}|~)?generator([.@/=]|$)/.test(argument);
}

/** The opponent that the overrides ask for: one of configs/generator, or without `generator=` the run's own. */
async function chooseOpponent(
  dir: string,
  config: RunConfig,
  overrides: readonly string[],
): Promise<OpponentChoice> {
  const named = overrides.filter((override) => override.startsWith('generator='));
  const own = () =>
    ownOpponent(
      dir,
      overrides.filter((override) => !named.includes(override)),
    );
  if (named.length === 0) return { settings: await own(), own };
  const settings = await composeOpponent(dir, overrides);
  return { settings, own: settings.name === config.generator.name ? own : null };
}

/** The run's own opponent with changes. */
function ownOpponent(dir: string, changes: readonly string[]): Promise<VariantConfig> {
  return opponentOf(dir, [], ['data', 'discriminator', 'generator'], changes);
}

/** An opponent as `npm run train` would compose it, checked against the run's own data. */
function composeOpponent(dir: string, overrides: readonly string[]): Promise<VariantConfig> {
  return opponentOf(dir, overrides, ['data', 'discriminator'], []);
}

/** The opponent of a game with some groups of the run, and otherwise as shipped: how the run was played says nothing of an attack. */
async function opponentOf(...composition: Parameters<typeof composeForRun>): Promise<VariantConfig> {
  return (await checkRunConfig(composeForRun(...composition))).generator;
}

/** The table, and how much of its bounds the opponent used. */
function tell(report: AttackReport): void {
  const { images, opponent, checkpoint, bounds, skipped } = report;
  const lines = bounds.map(({ name, norm, limit, adversarial, rounded }) => {
    const share = (value: number): string => `${(100 * value).toFixed(1)} %`;
    const after = rounded === null ? '' : `; rounded ${share(rounded.mean)} and ${share(rounded.max)}`;
    return `${name}, ${norm} <= ${Number(limit.toPrecision(4))}: ${share(adversarial.mean)} of it on average, ${share(adversarial.max)} at most${after}\n`;
  });
  process.stdout.write(
    `${opponent.name} on ${images.count} images of ${images.from}, checkpoint of round ${checkpoint.round}\n\n` +
      `${tableAsText(attackTable(report))}\nAccuracy is at the threshold chosen on val, ${checkpoint.threshold.toFixed(4)}.\n${lines.join('')}`,
  );
  const [first] = skipped;
  if (first !== undefined) {
    process.stderr.write(
      `${skipped.length} ${skipped.length === 1 ? 'file' : 'files'} left out, listed in attack.json; the first: ${first.file}: ${first.why}\n`,
    );
  }
}
