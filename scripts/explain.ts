// npm run explain -- RUN… [split=test] [images=6] [steps=64] [baseline=black] [bands=8] [out=FOLDER]: what the best detector of each run looks at, where in
// an image and at which frequencies, as pictures, charts and tables in the run folder; several runs also side by side.
import path from 'node:path';
import { explain, type ExplainReport } from '../src/explain.ts';
import { writeSpectra } from '../src/explain-spectrum.ts';
import { BASELINES } from '../src/explanation/baseline.ts';
import { spectrumTable } from '../src/explanation/spectrum-figures.ts';
import { tableAsText } from '../src/reports/tables.ts';
import { readRunConfig } from '../src/run-config.ts';
import { tellProgress } from '../src/run.ts';
import { chosen, wholeNumber } from './arguments.ts';
import { commonFolder, readRunFolders } from './run-folders.ts';
import { runScript, stopSignal } from './run-script.ts';

const USAGE =
  'npm run explain -- RUN_FOLDER… [split=test|val] [images=6] [steps=64] [baseline=black|blurred] [bands=8] [out=FOLDER]';
const KEYS = ['split', 'images', 'steps', 'baseline', 'bands', 'out'] as const;

await runScript(async () => {
  const { dirs, args } = readRunFolders(process.argv.slice(2), KEYS, USAGE);
  if (args.values.out !== undefined && dirs.length === 1) {
    throw new Error(
      `out=${args.values.out} is for what several runs have in common; one run's goes into its own folder`,
    );
  }
  const options = {
    split: chosen(args, 'split', ['test', 'val']),
    images: wholeNumber(args, 'images', 1) ?? 6,
    steps: wholeNumber(args, 'steps', 1) ?? 64,
    baseline: chosen(args, 'baseline', BASELINES),
    bands: wholeNumber(args, 'bands', 2) ?? 8,
    progress: tellProgress((line) => process.stderr.write(`${line}\n`)),
    screen: process.stderr,
    stop: stopSignal('stopping after the batch at hand'),
  };
  const configs = await Promise.all(dirs.map(async (dir) => [dir, await readRunConfig(dir)] as const));
  const reports: ExplainReport[] = [];
  for (const [dir, config] of configs) {
    const report = await explain(config, { dir, ...options });
    if (report === null) {
      process.stderr.write(`stopped; the same command goes on with ${dir}\n`);
      return 130;
    }
    tell(report);
    reports.push(report);
  }
  if (reports.length > 1) {
    const out =
      args.values.out ??
      path.join(commonFolder(dirs.map((dir) => path.dirname(path.resolve(dir)))), 'explanation');
    await writeSpectra(out, reports);
    process.stdout.write(`all runs in spectrum.csv, spectrum.svg and spectrum.png: ${out}\n`);
  }
  return 0;
});

/** Where the pictures are, and what to know before believing them. */
function tell(report: ExplainReport): void {
  const { run, opponent, split, count, no_grad_cam, spectrum } = report;
  const { steps, incompleteness } = report.integrated_gradients;
  process.stdout.write(
    `${run} (${opponent}), ${count} images of ${split}\n\n${tableAsText(spectrumTable(spectrum))}\n` +
      `sheets, spectrum and explanation.json: ${path.join(run, 'explanation')}\n`,
  );
  if (no_grad_cam !== null) process.stderr.write(`${no_grad_cam}\n`);
  if (incompleteness > 0.05) {
    process.stderr.write(
      `integrated gradients of ${steps} steps miss ${(100 * incompleteness).toFixed(0)} % of what they explain: ask for more with steps=${4 * steps}\n`,
    );
  }
}
