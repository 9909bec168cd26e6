/** The commands that make a run by hand, as one would type them into a shell. */
import type { RunState, StudyRun } from './run-state.ts';

/** `npm run train -- …`. */
export function trainCommand(overrides: readonly string[]): string {
  return ['npm run train --', ...overrides.map(quoted)].join(' ');
}

/**
 * What is left to do of a run, a command a line; none if it is done, or being done.
 *
 * @param on overrides of `npm run evaluate` by the labels of further test data
 */
export function commandsOf(
  { dir, overrides, on: all }: StudyRun,
  state: RunState,
  on: Readonly<Record<string, readonly string[]>>,
): readonly string[] {
  if (state.kind === 'done' || state.kind === 'busy') return [];
  const train = {
    new: [trainCommand(overrides)],
    resume: [`npm run train -- --resume ${quoted(dir)}`],
    test: [],
  }[state.kind];
  const tests = state.kind === 'test' ? state.on : [null, ...all];
  const evaluate = tests.map((other) => {
    const asked = [dir, ...(other === null ? [] : on[other.label]!)];
    return ['npm run evaluate --', ...asked.map(quoted)].join(' ');
  });
  return [...train, ...evaluate];
}

/** Quoted where a shell would read more into it than stands there. */
function quoted(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
}
