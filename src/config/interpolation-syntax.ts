import { ConfigError } from './config-error.ts';

/** A text cut into what stands for itself and what is to be looked up. */
export type TextPart = string | Interpolation;

/** `${a.b}`, `${.b}` (relative), or `${name:argument,…}` (a resolver). */
export type Interpolation =
  | {
      readonly kind: 'node';
      /** 0: from the root; 1: the section of the value itself; each more: one section further out. */
      readonly up: number;
      /** Each step is a text, or an interpolation that gives it. */
      readonly steps: readonly (readonly TextPart[])[];
      readonly source: string;
    }
  | {
      readonly kind: 'resolver';
      readonly name: string;
      readonly arguments: readonly ResolverArgument[];
      readonly source: string;
    };

export interface ResolverArgument {
  readonly parts: readonly TextPart[];
  /** Quoted arguments are text; others are read as null, numbers and booleans are. */
  readonly quoted: boolean;
}

/**
 * Cuts a text at its interpolations. `\${` stands for `${`, and backslashes before a `${` are halved, as in OmegaConf.
 * @throws SyntaxError for an interpolation that is not closed or not understood
 */
export function parseText(text: string): readonly TextPart[] {
  const scanner = { text, at: 0 };
  const parts: TextPart[] = [];
  let literal = '';
  while (scanner.at < text.length) {
    const run = /\\*\$\{/y;
    run.lastIndex = scanner.at;
    const found = run.exec(text);
    if (found === null) {
      const backslashes = /\\+/y;
      backslashes.lastIndex = scanner.at;
      const skipped = backslashes.exec(text)?.[0] ?? text.charAt(scanner.at);
      literal += skipped;
      scanner.at += skipped.length;
      continue;
    }
    const slashes = found[0].length - 2;
    literal += '\\'.repeat(Math.floor(slashes / 2));
    scanner.at += slashes;
    if (slashes % 2 === 1) {
      literal += '${';
      scanner.at += 2;
      continue;
    }
    if (literal !== '') parts.push(literal);
    literal = '';
    parts.push(parseInterpolation(scanner));
  }
  if (literal !== '') parts.push(literal);
  return parts;
}

/**
 * Refuses a text whose interpolations could never be resolved.
 * @throws ConfigError naming the place
 */
export function checkInterpolations(text: string, place: string): void {
  if (!text.includes('${')) return;
  try {
    parseText(text);
  } catch (cause) {
    throw new ConfigError(`${place}: ${(cause as Error).message}`, { cause });
  }
}

interface Scanner {
  readonly text: string;
  at: number;
}

/** Takes what the sticky pattern matches here; undefined where it does not. */
function take(scanner: Scanner, pattern: RegExp): string | undefined {
  pattern.lastIndex = scanner.at;
  const found = pattern.exec(scanner.text)?.[0];
  if (found !== undefined) scanner.at += found.length;
  return found;
}

function fail(scanner: Scanner, start: number): never {
  throw new SyntaxError(
    `the interpolation '${scanner.text.slice(start)}' is not understood at '${scanner.text.slice(scanner.at)}'`,
  );
}

function parseInterpolation(scanner: Scanner): Interpolation {
  const start = scanner.at;
  take(scanner, /\$\{\s*/y);
  const name = take(scanner, /[a-zA-Z_][\w-]*(?:\.[a-zA-Z_][\w-]*)*(?=\s*:)/y);
  if (name === undefined) {
    const up = take(scanner, /\.+/y)?.length ?? 0;
    const steps = parseSteps(scanner, start);
    if (take(scanner, /\s*\}/y) === undefined) fail(scanner, start);
    return { kind: 'node', up, steps, source: scanner.text.slice(start, scanner.at) };
  }
  take(scanner, /\s*:\s*/y);
  const args = parseArguments(scanner, start);
  return { kind: 'resolver', name, arguments: args, source: scanner.text.slice(start, scanner.at) };
}

function parseSteps(scanner: Scanner, start: number): readonly (readonly TextPart[])[] {
  const steps: (readonly TextPart[])[] = [];
  for (;;) {
    const bracket = take(scanner, /\[/y) !== undefined;
    if (!bracket && steps.length > 0 && take(scanner, /\./y) === undefined) return steps;
    const parts: TextPart[] = [];
    for (;;) {
      if (scanner.text.startsWith('${', scanner.at)) {
        parts.push(parseInterpolation(scanner));
        continue;
      }
      const key = take(scanner, /(?:(?!\$\{)[^\\{}()[\]:. \t'"])+/y);
      if (key === undefined) break;
      parts.push(key);
    }
    if (parts.length === 0) fail(scanner, start);
    if (bracket && take(scanner, /\]/y) === undefined) fail(scanner, start);
    steps.push(parts);
  }
}

function parseArguments(scanner: Scanner, start: number): readonly ResolverArgument[] {
  if (take(scanner, /\s*\}/y) !== undefined) return [];
  const args: ResolverArgument[] = [];
  for (;;) {
    args.push(parseArgument(scanner, start));
    if (take(scanner, /\s*\}/y) !== undefined) return args;
    if (take(scanner, /\s*,\s*/y) === undefined) fail(scanner, start);
  }
}

function parseArgument(scanner: Scanner, start: number): ResolverArgument {
  const quoted = take(scanner, /'(?:[^'\\]|\\[^])*'|"(?:[^"\\]|\\[^])*"/y);
  if (quoted !== undefined) {
    const inner = quoted
      .slice(1, -1)
      .replace(/(\\+)(?=['"])|(\\+)$/g, (run) => run.slice(run.length / 2 + 0.5));
    return { parts: parseText(inner), quoted: true };
  }
  const parts: TextPart[] = [];
  for (;;) {
    if (scanner.text.startsWith('${', scanner.at)) {
      parts.push(parseInterpolation(scanner));
      continue;
    }
    const plain = take(scanner, /(?:\\[\\()[\]{}:=, \t]|[^\\()[\]{}=, \t'"$]|\$(?!\{)|[ \t]+(?![ \t,}]))+/y);
    if (plain === undefined) break;
    parts.push(plain.replace(/\\([^])/g, '$1'));
  }
  if (scanner.text.startsWith('[', scanner.at) || scanner.text.startsWith('{', scanner.at))
    throw new SyntaxError(
      `lists and mappings as arguments of a resolver are not supported: '${scanner.text.slice(start)}'`,
    );
  return { parts, quoted: false };
}
