/** The process of one run of a study: trains it or goes on with it, and tests it. Told to stop, or left alone by its parent, it finishes the round and saves. */
import { appendFileSync } from 'node:fs';
import path from 'node:path';
import { evaluate } from '../evaluate.ts';
import { readRunConfig } from '../run-config.ts';
import { run, tellProgress } from '../run.ts';
import { STOP, type RunOrder, type RunReport } from './start-run.ts';

const controller = new AbortController();
/** To a parent that may be gone: then nobody is told, and the run goes on to its end. */
const report = (message: RunReport): void => {
  process.send?.(message, undefined, {}, () => undefined);
};

process.once('message', (order: RunOrder) => {
  process.on('message', (message) => {
    if (message === STOP) controller.abort();
  });
  process.on('disconnect', () => controller.abort());
  work(order).then(
    (state) => leave({ kind: 'ended', state }),
    (error: Error) => leave({ kind: 'failed', message: error.message }),
  );
});

/** Says how it ended, where somebody listens, and ends. */
function leave(last: RunReport): void {
  const exit = (): void => process.exit(last.kind === 'failed' ? 1 : 0);
  if (process.connected) process.send?.(last, undefined, {}, exit);
  else exit();
}

async function work({
  dir,
  state,
  yaml,
  config,
  on,
  command,
  name,
}: RunOrder): Promise<'finished' | 'interrupted'> {
  const log = path.join(dir, 'log.txt');
  const out = { write: (text: string) => appendFileSync(log, text) };
  const progress = tellProgress((line) => out.write(`${line}\n`));
  if (state !== 'test') {
    const { status } = await run(state === 'resume' ? await readRunConfig(dir) : config, {
      ...{ dir, resume: state === 'resume', yaml, command, label: name, out, stop: controller.signal },
      onRound: (round, losses, images) => report({ kind: 'round', round, losses, images }),
    });
    if (status === 'interrupted') return status;
  }
  for (const other of on) {
    if (controller.signal.aborted) return 'interrupted';
    report({ kind: 'testing', on: other?.label ?? null });
    await evaluate(config, { dir, on: other ?? undefined, progress });
  }
  return 'finished';
}
