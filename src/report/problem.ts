/** What keeps a run, or one of its tests, out of a report: never a reason to stop, always one to say so. */

export interface Problem {
  readonly run: string;
  /** The file at fault. */
  readonly file: string;
  readonly what: string;
  readonly remedy: string;
}

/** Thrown while a run is read; whoever reads it makes a {@link Problem} of it. */
export class LeftOut extends Error {
  readonly file: string;
  readonly what: string;
  readonly remedy: string;

  constructor(file: string, what: string, remedy: string) {
    super(`${file}: ${what}; ${remedy}`);
    this.name = 'LeftOut';
    this.file = file;
    this.what = what;
    this.remedy = remedy;
  }
}

/** What `read` gives. An error of its own becomes one that names the file and the remedy. */
export function reading<T>(file: string, remedy: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof LeftOut) throw error;
    const message = (error as Error).message.replace(/\s+/g, ' ');
    const own = message.startsWith(`${file}:`) ? message.slice(file.length + 1).trim() : message;
    throw new LeftOut(file, own.replace(/^(\d+):/, 'line $1:'), remedy);
  }
}

/** What `read` gives, or the problem that it met. Other errors are passed on. */
export function orProblem<T>(
  run: string,
  read: () => T,
): { readonly value: T } | { readonly problem: Problem } {
  try {
    return { value: read() };
  } catch (error) {
    if (!(error instanceof LeftOut)) throw error;
    const { file, what, remedy } = error;
    return { problem: { run, file, what, remedy } };
  }
}
