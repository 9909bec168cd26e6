import { spawn } from 'node:child_process';

/**
 * How a program ended. `code` is null if a signal ended it and 'missing' if there is no such program.
 * @typedef {{ code: number | null | 'missing', output: string }} Outcome
 */

/** @type {Set<import('node:child_process').ChildProcess>} */
const running = new Set();

/** Ends the programs that are still running; for when set-up itself is told to end. */
export function endCommands() {
  for (const child of running) child.kill('SIGTERM');
}

/**
 * Runs a program to its end, without a shell and without input; standard output and error are kept together.
 * @param {readonly string[]} command the program and its arguments
 * @param {{ cwd?: string, env?: NodeJS.ProcessEnv }} [options] `env` is added to set-up's own
 * @returns {Promise<Outcome>}
 */
export function run(command, { cwd, env } = {}) {
  const [program = '', ...args] = command;
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, {
      ...(cwd === undefined ? {} : { cwd }),
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    running.add(child);
    /** @type {Buffer[]} */
    const chunks = [];
    const keep = (/** @type {Buffer} */ chunk) => chunks.push(chunk);
    child.stdout.on('data', keep);
    child.stderr.on('data', keep);
    child.once('error', (error) => {
      running.delete(child);
      if ('code' in error && error.code === 'ENOENT') resolve({ code: 'missing', output: '' });
      else reject(error);
    });
    child.once('close', (code) => {
      running.delete(child);
      resolve({ code, output: Buffer.concat(chunks).toString('utf8') });
    });
  });
}

/**
 * The end of a program's output, where it says what went wrong, indented for an error message.
 * @param {string} output
 */
export function lastLines(output) {
  const lines = output.trimEnd().split('\n').slice(-15);
  return lines.map((line) => `  | ${line}`).join('\n');
}
