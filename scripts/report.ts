// npm run report -- RUN… [out=FOLDER] [pictures=true] [resamples=1000]: a report on tested runs, as one HTML file, and as Markdown, CSV and LaTeX with the charts as SVG.
import { existsSync, statSync } from 'node:fs';
import path from 'node:path';
import { report } from '../src/report.ts';
import { chosen, readArguments, wholeNumber } from './arguments.ts';
import { runScript } from './run-script.ts';

const USAGE = 'npm run report -- RUN_FOLDER… [out=FOLDER] [pictures=true] [resamples=1000]';
const KEYS = ['out', 'pictures', 'resamples'] as const;

await runScript(async () => {
  const argv = process.argv.slice(2);
  const dirs = argv.filter((argument) => !argument.includes('=') || existsSync(argument));
  const args = readArguments(
    argv.filter((argument) => !dirs.includes(argument)),
    KEYS,
    USAGE,
  );
  requireFolders(dirs);
  const out = args.values.out ?? path.join(commonFolder(dirs), 'report');
  const { problems, runs, files } = await report({
    ...{ dirs, out, resamples: wholeNumber(args, 'resamples', 100) ?? 1000 },
    pictures: chosen(args, 'pictures', ['false', 'true']) === 'true',
    progress: (line) => process.stderr.write(`${line}\n`),
  });
  for (const { file, what, remedy } of problems)
    process.stderr.write(`left out: ${file}: ${what}; ${remedy}\n`);
  process.stdout.write(`report on ${runs} of ${dirs.length} runs: ${files[0]}\n`);
  return 0;
});

function requireFolders(dirs: readonly string[]): void {
  if (dirs.length === 0) throw new Error(`no run folder: usage: ${USAGE}`);
  const absent = dirs.find((dir) => statSync(dir, { throwIfNoEntry: false })?.isDirectory() !== true);
  if (absent !== undefined) throw new Error(`${absent} is no folder; usage: ${USAGE}`);
  const places = dirs.map((dir) => path.resolve(dir));
  const twice = dirs.find((_, i) => places.indexOf(places[i]!) < i);
  if (twice !== undefined) throw new Error(`${twice} is named twice; usage: ${USAGE}`);
}

/** The deepest folder that all of them lie in; of one run the run's own. */
function commonFolder(dirs: readonly string[]): string {
  const parts = dirs.map((dir) => path.resolve(dir).split(path.sep));
  const differ = parts[0]!.findIndex((part, i) => parts.some((other) => other[i] !== part));
  return parts[0]!.slice(0, differ === -1 ? undefined : differ).join(path.sep) || path.sep;
}
