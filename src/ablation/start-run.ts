/** The parent's end of a run's process. */
import { existsSync, mkdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { startProcess } from '../data/child.ts';
import type { OtherData } from '../evaluate.ts';
import type { RunConfig } from '../run-settings.ts';

/** What the process is told once. */
export interface RunOrder {
  readonly name: string;
  readonly dir: string;
  readonly state: 'new' | 'resume' | 'test';
  readonly config: RunConfig;
  readonly yaml: string;
  /** What a user would type, for the record. */
  readonly command: string;
  /** The data to test on; null = the run's own. */
  readonly on: readonly (OtherData | null)[];
}

/** What the process tells. */
export type RunReport =
  | {
      readonly kind: 'round';
      readonly round: number;
      readonly losses: Readonly<Record<string, number>>;
      readonly images: number;
    }
  | { readonly kind: 'testing'; readonly on: string | null }
  | { readonly kind: 'ended'; readonly state: 'finished' | 'interrupted' }
  | { readonly kind: 'failed'; readonly message: string };

/** Asks a run to finish its round, save and end. */
export const STOP = 'stop';

/**
 * Trains and tests in a process of its own, apart from the terminal, so that Ctrl-C reaches the parent alone. Its lines go to `log.txt` in the run folder.
 * Resolves when the process has ended; rejects with its error, or with its last words if it died without one.
 */
export async function startRun(
  order: RunOrder,
  stop: AbortSignal,
  tell: (report: RunReport) => void,
): Promise<'finished' | 'interrupted'> {
  if (order.state === 'new' && existsSync(path.join(order.dir, 'status.json'))) {
    rmSync(order.dir, { recursive: true }); // a run that was stopped before its first checkpoint
  }
  mkdirSync(order.dir, { recursive: true });
  const script = new URL('run-process.ts', import.meta.url);
  const { child, ended } = startProcess(script, { detached: true });
  let last: RunReport | null = null;
  child.on('message', (report: RunReport) => {
    last = report;
    tell(report);
  });
  const silent = new Promise((resolve) => child.once('disconnect', resolve));
  child.send(order);
  const pass = (): void => void (child.connected && child.send(STOP));
  stop.addEventListener('abort', pass);
  const failure = await ended.finally(() => stop.removeEventListener('abort', pass));
  await silent; // its last word may come after its end
  const word = last as RunReport | null;
  if (word?.kind === 'failed') throw new Error(word.message);
  if (word?.kind === 'ended') return word.state;
  throw failure ?? new Error(`the process of ${order.name} ended without a word`);
}
