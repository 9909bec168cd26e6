// npm run export -- run=RUN [format=safetensors|tfjs|tfjs-graph] [out=PATH]: a run's detector for other frameworks, a file of its weights or a folder that plain
// TensorFlow.js loads; docs/weights.md says what lies where.
import path from 'node:path';
import { EXPORT_FORMATS, exportDetector } from '../src/export.ts';
import { readRunConfig } from '../src/run-config.ts';
import { tellProgress } from '../src/run.ts';
import { chosen, readArguments, required } from './arguments.ts';
import { runScript } from './run-script.ts';

const USAGE = 'npm run export -- run=RUN_FOLDER [format=safetensors|tfjs|tfjs-graph] [out=PATH]';

await runScript(async () => {
  const args = readArguments(process.argv.slice(2), ['run', 'format', 'out'], USAGE);
  const dir = required(args, 'run', USAGE);
  const format = chosen(args, 'format', EXPORT_FORMATS);
  const file =
    args.values.out ??
    path.join(dir, format === 'safetensors' ? 'detector.safetensors' : `detector-${format}`);
  const { tensors, values, round } = await exportDetector(await readRunConfig(dir), {
    dir,
    format,
    file,
    progress: tellProgress((line) => process.stderr.write(`${line}\n`)),
  });
  process.stdout.write(`${file}: ${tensors} tensors, ${values} values, of the best round on val, ${round}\n`);
  return 0;
});
