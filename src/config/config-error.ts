/**
 * What is wrong with a configuration: every problem found, each naming the key, the place and the remedy.
 *
 * Thrown by everything in this folder for what a user can put right.
 */
export class ConfigError extends Error {
  readonly problems: readonly string[];

  constructor(problems: string | readonly string[], options?: ErrorOptions) {
    const all = typeof problems === 'string' ? [problems] : problems;
    super(all.join('\n'), options);
    this.name = 'ConfigError';
    this.problems = all;
  }
}
