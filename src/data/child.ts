/** Work in processes of their own: one request in, messages out, done; or one that stays and answers request after request. */

import { fork, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { fileURLToPath, pathToFileURL } from 'node:url';

type Reply = { readonly message: unknown } | { readonly error: string };

/** Asks a child that stays to end. */
const CLOSE = 'close';

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
    const { child, ended } = startProcess(script, {});
    child.on('message', (reply: Reply) => {
      if ('error' in reply) reject(new Error(reply.error));
      else onMessage(reply.message as Message);
    });
    ended.then((failure) => (failure === null ? resolve() : reject(failure)), reject);
    child.send(request as object);
  });
}

/** A process that stays, and answers one request at a time. */
export interface Child<Request extends object, Answer> {
  /** Resolves when it is ready to be asked; rejects with its error if it cannot get ready. */
  readonly ready: Promise<void>;
  /** Rejects with the error of the work, or with a {@link ChildEnded} if the process ends before it answers. */
  ask(request: Request): Promise<Answer>;
  /** Lets it end. */
  close(): Promise<void>;
}

/** A process is gone without an answer, killed or crashed. */
export class ChildEnded extends Error {}

/**
 * Starts a TypeScript file, whose end of the talk is `serveRequests`. It stands apart from the terminal: Ctrl-C reaches its parent alone,
 * which can let it finish; it ends when the parent is gone.
 *
 * @param env added to the environment
 */
export function openChild<Request extends object, Answer>(
  script: URL,
  env: Readonly<Record<string, string>>,
): Child<Request, Answer> {
  const { child, ended } = startProcess(script, { detached: true, env });
  let waiting: {
    readonly resolve: (message: unknown) => void;
    readonly reject: (error: Error) => void;
  } | null = null;
  let end: Error | null = null;
  child.on('message', (reply: Reply) => {
    if ('error' in reply) waiting?.reject(new Error(reply.error));
    else waiting?.resolve(reply.message);
    waiting = null;
  });
  const over = (failure: Error | null): void => {
    end = failure ?? new ChildEnded(`${script.pathname} ended without an answer`);
    waiting?.reject(end);
  };
  ended.then(over, over);
  const next = (): Promise<unknown> =>
    new Promise((resolve, reject) => {
      if (end !== null) reject(end);
      else waiting = { resolve, reject };
    });
  const ready = next().then(() => undefined);
  ready.catch(() => {}); // told to whoever waits for it
  return {
    ready,
    ask: async (request) => {
      await ready;
      const answer = next();
      if (child.connected) child.send(request); // else it has ended, which `next` tells
      return (await answer) as Answer;
    },
    close: async () => {
      // the child breaks the connection: if the parent does, Node does not always tell it that the child has ended
      if (child.connected) child.send(CLOSE);
      await ended;
    },
  };
}

export interface Started {
  readonly child: ChildProcess;
  /** Null if it ended well, else how it ended and the last lines it wrote to standard error. */
  readonly ended: Promise<ChildEnded | null>;
}

/**
 * Starts a TypeScript file in a new process that talks by structured clone, for a talk of other words than those below.
 *
 * @param options.detached apart from the terminal: Ctrl-C reaches the parent alone
 */
export function startProcess(
  script: URL,
  { env = {}, detached = false }: { env?: Readonly<Record<string, string>>; detached?: boolean },
): Started {
  const child = fork(fileURLToPath(script), [], {
    execArgv: ['--import', pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href],
    env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: '2', ...env },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
    serialization: 'advanced',
    detached,
  });
  let complaints = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    complaints = (complaints + text).slice(-2000);
  });
  const ended = new Promise<ChildEnded | null>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code, signal) => {
      const how = `${script.pathname} ended by ${signal ?? `exit code ${code}`}: ${complaints.trim()}`;
      resolve(code === 0 ? null : new ChildEnded(how));
    });
  });
  return { child, ended };
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

/** The child's end of `openChild`: gets ready, says so, and answers each request. An error of the work goes to the parent. */
export function serveRequests<Request extends object, Answer>(
  open: () => Promise<(request: Request) => Promise<Answer>>,
): void {
  process.once('disconnect', () => process.exit(0)); // the parent has asked for it, or is gone
  const reply = (answer: Promise<unknown>): void => {
    answer.then(
      (message) => process.send?.({ message } satisfies Reply),
      (error: Error) => process.send?.({ error: error.message } satisfies Reply),
    );
  };
  const work = open();
  reply(work.then(() => null));
  process.on('message', (request: Request | typeof CLOSE) => {
    if (request === CLOSE) process.disconnect();
    else reply(work.then((answer) => answer(request)));
  });
}
