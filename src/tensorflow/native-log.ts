/** Keeps one line of TensorFlow's off the terminal that no setting of its own keeps off. */
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import type * as Koffi from 'koffi';

/**
 * Runs `load` and drops what TensorFlow's library says while it is loaded about oneDNN being on: it does so before it
 * looks at TF_CPP_MIN_LOG_LEVEL. Everything else that native code wrote to standard error meanwhile is written there
 * when `load` has ended, also when it threw.
 */
export function withoutGreeting<Result>(load: () => Result): Result {
  const koffi = createRequire(import.meta.url)('koffi') as typeof Koffi;
  const libc = koffi.load(null);
  const dup = libc.func('int dup(int descriptor)') as (descriptor: number) => number;
  const dup2 = libc.func('int dup2(int descriptor, int copy)');
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'deepfake-game-log-'));
  const log = fs.openSync(path.join(folder, 'log'), 'w+');
  fs.rmSync(folder, { recursive: true }); // the open file lives on without a name
  const terminal = dup(2);
  dup2(log, 2);
  try {
    return load();
  } finally {
    dup2(terminal, 2);
    fs.closeSync(terminal);
    const text = Buffer.alloc(fs.fstatSync(log).size);
    fs.readSync(log, text, 0, text.length, 0);
    fs.closeSync(log);
    process.stderr.write(withoutGreetingLines(text.toString('utf8')));
  }
}

/** The log without the lines about oneDNN and about logging before its start. */
export function withoutGreetingLines(log: string): string {
  const isGreeting = (line: string) =>
    line.includes('oneDNN custom operations are on.') ||
    line.startsWith('WARNING: All log messages before absl::InitializeLog()');
  return log
    .split(/(?<=\n)/)
    .filter((line) => !isGreeting(line))
    .join('');
}
