import process from 'node:process';
import { endCommands } from './command.mjs';
import { releaseLocks } from './lock.mjs';
import { Problem } from './problem.mjs';
import { removeUnfinished } from './product.mjs';
import { say } from './progress.mjs';

/**
 * Runs a command of set-up to its end: a Problem is told without a stack and fails the process; a signal ends what was started, and
 * removes what is half made.
 * @param {() => Promise<void>} main
 */
export async function runSetup(main) {
  for (const [signal, number] of /** @type {const} */ ([
    ['SIGINT', 2],
    ['SIGTERM', 15],
    ['SIGHUP', 1],
  ])) {
    process.once(signal, () => {
      endCommands();
      removeUnfinished();
      releaseLocks();
      say('interrupted; run again to go on');
      process.exit(128 + number);
    });
  }
  try {
    await main();
  } catch (error) {
    if (!(error instanceof Problem)) throw error;
    say(error.message);
    process.exitCode = 1;
  }
}
