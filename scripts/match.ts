// npm run match -- fakes=FOLDER out=NEW_FOLDER [look=own|real] [data.KEY=VALUE…]: a test set of fakes from anywhere beside the test people
// of data=faces, for `npm run evaluate -- RUN… data=folder data.path=NEW_FOLDER/images`.
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import { openConfigFiles } from '../src/config/config-files.ts';
import { cacheFolder } from '../src/data/cache-folder.ts';
import { matchFakes, type Match } from '../src/data/match.ts';
import type { RenderSettings } from '../src/data/render-row.ts';
import { tellProgress } from '../src/run.ts';
import { chosen, readArguments, required } from './arguments.ts';
import { composeRun, CONFIGS, resolveContext } from './compose-run.ts';
import { runScript } from './run-script.ts';

const USAGE = 'npm run match -- fakes=FOLDER out=NEW_FOLDER [look=own|real] [data.KEY=VALUE…]';

await runScript(async () => {
  const args = readArguments(process.argv.slice(2), ['fakes', 'out', 'look'], USAGE, (argument) =>
    argument.startsWith('data.'),
  );
  const [fakes, out] = [required(args, 'fakes', USAGE), path.resolve(required(args, 'out', USAGE))];
  const look = chosen(args, 'look', ['own', 'real']);
  if (existsSync(out)) throw new Error(`out=${out}: is there already; name a new folder, or remove it`);
  const context = resolveContext(new Date(), 0);
  const { config } = await composeRun(openConfigFiles(CONFIGS), 'train', args.overrides, context);
  const settings = config.data as unknown as RenderSettings; // of data=faces: no other dataset can be named
  const progress = tellProgress((line) => process.stderr.write(`${line}\n`));
  // made beside its place and renamed, so that a folder under that name is whole
  await mkdir(path.dirname(out), { recursive: true });
  const partial = await mkdtemp(`${out}.partial-`);
  try {
    const match = await matchFakes(
      { fakes, out: partial, settings, look },
      { cacheFolder: cacheFolder(), progress },
    );
    await rename(partial, out);
    tell(match, out);
  } finally {
    await rm(partial, { recursive: true, force: true });
  }
  return 0;
});

function tell({ pairs, skipped }: Match, out: string): void {
  const people = new Set(pairs.map(({ real }) => real)).size;
  process.stdout.write(
    `${pairs.length} fakes beside ${people} photos of test people: ${path.join(out, 'images')}\n`,
  );
  const [first] = skipped;
  if (first !== undefined) {
    process.stdout.write(
      `${skipped.length} ${skipped.length === 1 ? 'file' : 'files'} left out, listed in match.json; the first: ${first.file}: ${first.why}\n`,
    );
  }
}
