/** Work in a process of its own: threads and instruction sets are chosen once a process. */
import { spawnSync } from 'node:child_process';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const ROOT = path.resolve(import.meta.dirname, '../..');

/**
 * What a module's exported function of no arguments returns, by way of JSON, in a new process with TensorFlow open and its fast
 * kernels registered.
 *
 * @param url of the module, `import.meta.url` in its tests
 * @param env added to the environment: TF_NUM_INTRAOP_THREADS, DEEPFAKE_GAME_INSTRUCTIONS
 */
export function inOtherProcess(
  url: string,
  exported: string,
  env: Readonly<Record<string, string>>,
): unknown {
  const source = (file: string): string => JSON.stringify(pathToFileURL(path.join(ROOT, file)).href);
  const script = `
    import { openTensorFlow } from ${source('src/tensorflow/binding.ts')};
    import { registerFastKernels } from ${source('src/tensorflow/kernels.ts')};
    import { ${exported} } from ${JSON.stringify(url)};
    openTensorFlow({ device: 'cpu' });
    registerFastKernels();
    process.stdout.write(JSON.stringify(${exported}()));`;
  const tsx = pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href;
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ['--import', tsx, '--input-type=module', '-e', script],
    { encoding: 'utf8', cwd: ROOT, env: { ...process.env, ...env }, maxBuffer: 2 ** 28 },
  );
  if (status !== 0) throw new Error(`the other process ended with ${status}: ${stderr}`);
  return JSON.parse(stdout);
}
