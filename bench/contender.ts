/**
 * A side of the benchmark: a process that stays alive and works when it is told to. It says what it is in a line of JSON once it is ready; for
 * each line `round` that it reads it works once and answers with a line of JSON; at the end of its input it says its peak memory and ends.
 * So it ends with its parent, too. What it has to complain of goes to its standard error.
 */
import { spawn, type ChildProcessByStdio } from 'node:child_process';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';

/** What a side says of itself when it is ready. */
export interface About {
  readonly framework: string;
  readonly precision: string;
  readonly threads: number;
}

/** What one round took, in milliseconds by the clock and of processor time over all threads. */
export interface RoundTime {
  readonly ms: number;
  readonly cpu_ms: number;
}

export interface Contender {
  readonly name: string;
  readonly about: About;
  round(): Promise<RoundTime>;
  /** Ends the process. */
  end(): Promise<{ readonly peak_memory_mb: number }>;
  /** Ends the process without a word, whatever it is doing. */
  kill(): void;
}

/** How much of what a failed process complained of is passed on, in characters. */
const COMPLAINT = 2000;

/**
 * Starts a side and waits until it is ready.
 *
 * @param name for errors
 * @throws an error with the end of what the process said if it cannot be started, ends early or answers something else
 */
export async function startContender(
  name: string,
  command: string,
  args: readonly string[],
): Promise<Contender> {
  const child = spawn(command, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  const { next, said } = listen(name, child);
  const ask = async <T extends object>(keys: readonly (keyof T & string)[]): Promise<T> =>
    checked(name, await next(), keys) as T;
  const about = await ask<About>(['framework', 'precision', 'threads']).catch((error: Error) => {
    child.kill('SIGKILL');
    throw error;
  });
  return {
    name,
    about,
    round: () => {
      child.stdin.write('round\n');
      return ask<RoundTime>(['ms', 'cpu_ms']);
    },
    end: async () => {
      child.stdin.end();
      const peak = await ask<{ peak_memory_mb: number }>(['peak_memory_mb']);
      await said;
      return peak;
    },
    kill: () => child.kill('SIGKILL'),
  };
}

/** The process's lines one by one, and a promise of its end. */
function listen(
  name: string,
  child: ChildProcessByStdio<Writable, Readable, Readable>,
): { readonly next: () => Promise<string>; readonly said: Promise<string> } {
  let complaint = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    complaint = (complaint + text).slice(-COMPLAINT);
  });
  child.stdin.on('error', () => undefined); // a process that has ended is told of below
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  const said = new Promise<string>((resolve) => {
    child.once('error', (error) => resolve(`it could not be started: ${error.message}`));
    child.once('close', (code, signal) =>
      resolve(`it ended with ${signal ?? `code ${code}`}: ${complaint.trim()}`),
    );
  });
  const next = async (): Promise<string> => {
    const line = await lines.next();
    if (line.done === true) throw new Error(`${name} gave no answer: ${await said}`);
    return line.value;
  };
  return { next, said };
}

function checked(name: string, line: string, keys: readonly string[]): object {
  let answer: unknown;
  try {
    answer = JSON.parse(line);
  } catch {
    throw new Error(`${name} answered '${line}', which is no JSON: its standard output is for answers alone`);
  }
  const missing = keys.filter((key) => !(key in Object(answer)));
  if (missing.length > 0) throw new Error(`${name} answered ${line} without ${missing.join(', ')}`);
  return answer as object;
}
