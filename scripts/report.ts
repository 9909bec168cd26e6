// npm run report -- RUN… [out=FOLDER] [pictures=true] [resamples=1000]: a report on tested runs, as one HTML file, and as Markdown, CSV and LaTeX with the charts as SVG.
import { statSync } from 'node:fs';
import path from 'node:path';
import { report } from '../src/report.ts';
import { chosen, wholeNumber } from './arguments.ts';
import { commonFolder, readRunFolders } from './run-folders.ts';
import { runScript } from './run-script.ts';

const USAGE = 'npm run report -- RUN_FOLDER… [out=FOLDER] [pictures=true] [resamples=1000]';
const KEYS = ['out', 'pictures', 'resamples'] as const;

await runScript(async () => {
  const { dirs, args } = readRunFolders(process.argv.slice(2), KEYS, USAGE);
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
  const absent = dirs.find((dir) => statSync(dir, { throwIfNoEntry: false })?.isDirectory() !== true);
  if (absent !== undefined) throw new Error(`${absent} is no folder; usage: ${USAGE}`);
}
