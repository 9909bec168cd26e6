/** Work in a process of its own: one request in, messages out, done. */

import { fork } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

type Reply = { readonly message: unknown } | { readonly error: string };

/**
 * Runs a TypeScript file, whose end of the talk is `serveParent`, in a new process: sends it the request and passes on its
 * messages until it ends. Values travel by structured clone. Rejects with its error, or with the last lines it wrote to
 * standard error if it ended without one.
 */
export function runChild<Message>(
  script: URL,
  request: unknown,
  onMessage: (message: Message) => void,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const child = fork(fileURLToPath(script), {
      execArgv: ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href],
      env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2' },
      stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
      serialization: 'advanced',
    });
    let complaints = '';
    child.stderr?.setEncoding('utf8').on('data', (text: string) => {
      complaints = (complaints + text).slice(-2000);
    });
    child.on('message', (reply: Reply) => {
      if ('error' in reply) reject(new Error(reply.error));
      else onMessage(reply.message as Message);
    });
    child.on('error', reject);
    child.on('close', (code, signal) => {
      if (code === 0) resolve();
      else
        reject(
          new Error(`${script.pathname} ended by ${signal ?? `exit code ${code}`}: ${complaints.trim()}`),
        );
    });
    child.send(request as object);
  });
}

/** The child's end: takes the one request, works, and lets the process end. An error goes to the parent. */
export function serveParent<Request, Message>(
  work: (request: Request, send: (message: Message) => void) => Promise<void>,
): void {
  const reply = (answer: Reply, then?: () => void): void => {
    process.send?.(answer, undefined, {}, then);
  };
  process.once('disconnect', () => process.exit(1)); // the parent is gone: nobody waits for the rest
  process.once('message', (request: Request) => {
    work(request, (message) => reply({ message })).then(
      () => {
        process.removeAllListeners('disconnect');
        process.disconnect();
      },
      (error: Error) => reply({ error: error.message }, () => process.exit(1)),
    );
  });
}
