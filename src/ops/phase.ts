/**
 * Names for what a round is doing, for whoever measures it. Nobody watches unless `npm run profile` does; then a phase is a call of its job and
 * nothing else. Phases nest, and a recorder of operations never sees them.
 */

/** Told when a phase begins; what it returns is called when the phase ends, by an error too. */
export type PhaseWatcher = (name: string) => () => void;

let watcher: PhaseWatcher | null = null;

/** Does `job`, a synchronous one, and tells the watcher, if there is one, when it began and ended. */
export function phase<T>(name: string, job: () => T): T {
  if (watcher === null) {
    return job();
  }
  const end = watcher(name);
  try {
    return job();
  } finally {
    end();
  }
}

/** Has all phases of this process told to `watch` from here on; null for nobody. */
export function watchPhases(watch: PhaseWatcher | null): void {
  watcher = watch;
}
