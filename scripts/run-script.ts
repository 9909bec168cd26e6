// What every command line shares: errors as one message without a stack, exit codes, signals that finish the round at hand.

/** Runs a script's body; its number is the exit code. An error is printed as its message (with the stack if DEBUG is set). */
export async function runScript(body: () => Promise<number>): Promise<void> {
  try {
    process.exitCode = await body();
  } catch (error) {
    const { message, stack } = error as Error;
    process.stderr.write(`${process.env['DEBUG'] === undefined ? message : stack}\n`);
    process.exitCode = 1;
  }
}

/**
 * Aborts at the first SIGINT or SIGTERM; a second one ends the process at once.
 *
 * @param ending what happens until it ends, for the message
 */
export function stopSignal(ending: string): AbortSignal {
  const controller = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      if (controller.signal.aborted) {
        process.exit(130);
      }
      process.stderr.write(`\n${signal}: ${ending}; once more to stop at once\n`);
      controller.abort();
    });
  }
  return controller.signal;
}
