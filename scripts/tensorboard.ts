/**
 * Serves the runs to a browser on this machine: `npm run tensorboard [-- LOGDIR] [-- TensorBoard's own options]`.
 * Without a folder it shows all of `outputs`.
 */
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cacheFolder } from '../src/data/cache-folder.ts';
import { tensorBoardFolder } from './setup/tensorboard.mjs';

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const;

/** TensorBoard's arguments: the first of ours is the folder of runs unless it is an option. */
export function tensorBoardArguments(args: readonly string[]): string[] {
  const [first] = args;
  const named = first !== undefined && !first.startsWith('-');
  const given = args.some((argument) => /^--logdir(_spec)?(=|$)/.test(argument));
  const folder = given ? [] : ['--logdir', named ? first : 'outputs'];
  const host = args.some((argument) => /^--(host(=|$)|bind_all)/.test(argument))
    ? []
    : ['--host', '127.0.0.1'];
  return [...folder, ...host, ...args.slice(named ? 1 : 0)];
}

/** Runs TensorBoard until it ends and returns the exit code to pass on. */
async function serve(args: readonly string[]): Promise<number> {
  const folder = await tensorBoardFolder(cacheFolder());
  if (folder === undefined || !existsSync(folder)) {
    process.stderr.write('TensorBoard is not installed: node scripts/setup.mjs --tensorboard\n');
    return 1;
  }
  const child = spawn('python3', ['-m', 'tensorboard.main', ...tensorBoardArguments(args)], {
    stdio: 'inherit',
    env: {
      ...process.env,
      PYTHONPATH: [folder, process.env['PYTHONPATH']].filter(Boolean).join(path.delimiter),
    },
  });
  for (const signal of SIGNALS) process.on(signal, () => child.kill(signal));
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      resolve(code ?? 128 + (signal === null ? 0 : os.constants.signals[signal]));
    });
  });
}

if (process.argv[1] === import.meta.filename) process.exitCode = await serve(process.argv.slice(2));
