/**
 * One plain line on standard error, so that standard output stays the command's own.
 * @param {string} line
 */
export function say(line) {
  process.stderr.write(`setup: ${line}\n`);
}

/**
 * Says what begins, every 15 s that it still goes on, and how long it took.
 * @template Result
 * @param {string} what
 * @param {() => Promise<Result>} job
 * @param {() => string} [state] a few words on how far it is
 * @returns {Promise<Result>}
 */
export async function announced(what, job, state = () => '') {
  const start = Date.now();
  const seconds = () => `${Math.round((Date.now() - start) / 1000)} s`;
  say(`${what} …`);
  const timer = setInterval(() => say(`${what}: ${seconds()}${state()}`), 15_000);
  try {
    const result = await job();
    say(`${what}: done in ${seconds()}`);
    return result;
  } finally {
    clearInterval(timer);
  }
}
