// npm run models -- [discriminator=NAME,NAME…] [size=224] [time=true|false] [out=FILE.md|.json|.csv]: every detector as configs/discriminator/ has it: its
// parameters, multiply-adds, the time of an image on this machine, and published weights.
import path from 'node:path';
import { openConfigFiles } from '../src/config/config-files.ts';
import { didYouMean } from '../src/config/did-you-mean.ts';
import { modelFacts, modelsCsv, modelsTable, type ModelFacts, type NamedConfig } from '../src/models.ts';
import { writeFileAtomic } from '../src/reports/files.ts';
import { tableAsMarkdown, tableAsText } from '../src/reports/tables.ts';
import { chosen, readArguments, wholeNumber } from './arguments.ts';
import { composeRun, CONFIGS, resolveContext } from './compose-run.ts';
import { runScript } from './run-script.ts';

const USAGE =
  'npm run models -- [discriminator=NAME,NAME…] [size=224] [time=true|false] [out=FILE.md|.json|.csv]';

const FORMATS: Readonly<Record<string, (facts: readonly ModelFacts[]) => string>> = {
  '.md': (facts) => tableAsMarkdown(modelsTable(facts)),
  '.json': (facts) => `${JSON.stringify(facts, null, 2)}\n`,
  '.csv': modelsCsv,
};

await runScript(async () => {
  const args = readArguments(process.argv.slice(2), ['discriminator', 'size', 'time', 'out'], USAGE);
  const { out } = args.values;
  const format = out === undefined ? undefined : FORMATS[path.extname(out)];
  if (out !== undefined && format === undefined) {
    throw new Error(`out=${out}: there is no such format. Known: ${Object.keys(FORMATS).join(', ')}`);
  }
  const configs = await configsOf(args.values.discriminator?.split(','));
  const facts = await modelFacts(configs, {
    size: wholeNumber(args, 'size', 16) ?? 224,
    time: chosen(args, 'time', ['true', 'false']) === 'true',
  });
  process.stdout.write(tableAsText(modelsTable(facts)));
  if (out !== undefined) writeFileAtomic(out, format!(facts));
  return 0;
});

/** Runs with the options of the group, all or those named; a user's own file is no option of it. */
async function configsOf(names?: readonly string[]): Promise<NamedConfig[]> {
  const files = openConfigFiles(CONFIGS);
  const known = files.options('discriminator').filter((name) => name !== 'module');
  const stranger = names?.find((name) => !known.includes(name));
  if (stranger !== undefined) {
    throw new Error(
      `discriminator=${stranger}: there is no such detector.${didYouMean(stranger, known)} Known: ${known.join(', ')}`,
    );
  }
  const context = resolveContext(new Date(), 0);
  const configs: NamedConfig[] = [];
  for (const name of names ?? known) {
    const overrides = [`discriminator=${name}`, 'generator=none'];
    configs.push({ name, config: (await composeRun(files, 'train', overrides, context)).config });
  }
  return configs;
}
