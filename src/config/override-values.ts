import { reprFloat } from './python-number.ts';

/** A value as the override grammar reads it. */
export type OverrideValue =
  | { readonly kind: 'null' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string; readonly quote?: '"' | "'" }
  | { readonly kind: 'list'; readonly items: readonly OverrideValue[] }
  | { readonly kind: 'map'; readonly entries: readonly (readonly [OverrideValue, OverrideValue])[] };

/** A call such as `range(1,4)`; an argument may have a name. */
export interface OverrideCall {
  readonly kind: 'call';
  readonly name: string;
  readonly arguments: readonly { readonly name?: string; readonly value: OverrideElement }[];
}

export type OverrideElement = OverrideValue | OverrideCall;

type TokenKind =
  | '('
  | ','
  | ')'
  | '['
  | ']'
  | '{'
  | '}'
  | ':'
  | '='
  | 'float'
  | 'int'
  | 'bool'
  | 'null'
  | 'char'
  | 'id'
  | 'escape'
  | 'blank'
  | 'quoted'
  | 'interpolation';

interface Token {
  readonly kind: TokenKind;
  readonly text: string;
}

const UNSIGNED = '(?:[1-9](?:_?[0-9])*|0)';
const DIGITS = '[0-9](?:_?[0-9])*';
const POINT = `(?:${UNSIGNED}?\\.${DIGITS}|${UNSIGNED}\\.)`;
const EXPONENT = `(?:${POINT}|${UNSIGNED})[eE][+-]?${DIGITS}`;

/** The longest match wins; among equals the first. */
const TOKENS: readonly (readonly [TokenKind, RegExp])[] = [
  ['(', /[ \t]*\([ \t]*/y],
  [',', /[ \t]*,[ \t]*/y],
  [')', /[ \t]*\)/y],
  ['[', /\[[ \t]*/y],
  [']', /[ \t]*\]/y],
  ['{', /\{[ \t]*/y],
  ['}', /[ \t]*\}/y],
  [':', /[ \t]*:[ \t]*/y],
  ['=', /[ \t]*=[ \t]*/y],
  ['float', new RegExp(`[+-]?(?:${EXPONENT}|${POINT}|[Ii][Nn][Ff]|[Nn][Aa][Nn])`, 'y')],
  ['int', new RegExp(`[+-]?${UNSIGNED}`, 'y')],
  ['bool', /true|false/iy],
  ['null', /null/iy],
  ['char', /[/\-\\+.$%*@?|]/y],
  ['id', /[a-zA-Z_][a-zA-Z0-9_-]*/y],
  ['escape', /(?:\\[\\()[\]{}:=, \t])+/y],
  ['blank', /[ \t]+/y],
  ['quoted', /"(?:(?:\\\\)*|[^]*?[^\\](?:\\\\)*)"|'(?:(?:\\\\)*|[^]*?[^\\](?:\\\\)*)'/y],
  ['interpolation', /\$\{[^}]+\}/y],
];

/** The tokens a value outside of containers may be made of. */
const PRIMITIVE: ReadonlySet<TokenKind> = new Set<TokenKind>([
  'id',
  'null',
  'int',
  'float',
  'bool',
  'interpolation',
  'char',
  ':',
  'escape',
  'blank',
]);
const MAP_KEY: ReadonlySet<TokenKind> = new Set(
  [...PRIMITIVE].filter((kind) => kind !== ':' && kind !== 'interpolation'),
);

/**
 * Reads the right side of an override: its elements, more than one where commas separate them (`1,2,3`).
 * @throws SyntaxError saying where reading stopped
 */
export function parseOverrideValue(text: string): readonly OverrideElement[] {
  const reader = { tokens: tokenize(text), at: 0 };
  const elements = [parseElement(reader)];
  while (accept(reader, ',')) elements.push(parseElement(reader));
  if (reader.at < reader.tokens.length) unexpected(reader);
  return elements;
}

interface Reader {
  readonly tokens: readonly Token[];
  at: number;
}

function tokenize(text: string): readonly Token[] {
  const tokens: Token[] = [];
  for (let at = 0; at < text.length;) {
    let best: Token | undefined;
    for (const [kind, pattern] of TOKENS) {
      pattern.lastIndex = at;
      const found = pattern.exec(text)?.[0];
      if (found !== undefined && found.length > (best?.text.length ?? 0)) best = { kind, text: found };
    }
    if (best === undefined) throw new SyntaxError(`the character '${text.charAt(at)}' must be quoted`);
    tokens.push(best);
    at += best.text.length;
  }
  return tokens;
}

function peek(reader: Reader): Token | undefined {
  return reader.tokens[reader.at];
}

function accept(reader: Reader, kind: TokenKind): boolean {
  if (peek(reader)?.kind !== kind) return false;
  reader.at += 1;
  return true;
}

function unexpected(reader: Reader): never {
  const token = peek(reader);
  throw new SyntaxError(
    token === undefined
      ? 'the value ends too early'
      : `'${token.text}' is not expected here; quote the value if it is text`,
  );
}

function expect(reader: Reader, kind: TokenKind): void {
  if (!accept(reader, kind)) unexpected(reader);
}

function parseElement(reader: Reader): OverrideElement {
  if (peek(reader)?.kind === 'id' && reader.tokens[reader.at + 1]?.kind === '(') return parseCall(reader);
  return parseValue(reader);
}

function parseValue(reader: Reader): OverrideValue {
  if (accept(reader, '[')) return { kind: 'list', items: parseItems(reader) };
  if (accept(reader, '{')) return { kind: 'map', entries: parseEntries(reader) };
  const token = peek(reader);
  if (token?.kind === 'quoted') {
    reader.at += 1;
    return unquote(token.text);
  }
  return parsePrimitive(reader, PRIMITIVE);
}

/** A value inside a container, where a call would be computed by Hydra and is refused here. */
function parseInner(reader: Reader): OverrideValue {
  const element = parseElement(reader);
  if (element.kind === 'call')
    throw new SyntaxError(`${element.name}() inside a list or mapping is not supported`);
  return element;
}

function parseItems(reader: Reader): readonly OverrideValue[] {
  const items: OverrideValue[] = [];
  if (accept(reader, ']')) return items;
  do items.push(parseInner(reader));
  while (accept(reader, ','));
  expect(reader, ']');
  return items;
}

function parseEntries(reader: Reader): readonly (readonly [OverrideValue, OverrideValue])[] {
  const entries: (readonly [OverrideValue, OverrideValue])[] = [];
  if (accept(reader, '}')) return entries;
  do {
    const key = parsePrimitive(reader, MAP_KEY);
    expect(reader, ':');
    entries.push([key, parseInner(reader)]);
  } while (accept(reader, ','));
  expect(reader, '}');
  return entries;
}

function parseCall(reader: Reader): OverrideCall {
  const name = peek(reader)?.text ?? '';
  reader.at += 2;
  const args: { name?: string; value: OverrideElement }[] = [];
  if (accept(reader, ')')) return { kind: 'call', name, arguments: args };
  do {
    const token = peek(reader);
    if (token?.kind === 'id' && reader.tokens[reader.at + 1]?.kind === '=') {
      reader.at += 2;
      args.push({ name: token.text, value: parseElement(reader) });
    } else args.push({ value: parseElement(reader) });
  } while (accept(reader, ','));
  expect(reader, ')');
  return { kind: 'call', name, arguments: args };
}

function parsePrimitive(reader: Reader, allowed: ReadonlySet<TokenKind>): OverrideValue {
  let tokens: Token[] = [];
  for (let token = peek(reader); token !== undefined && allowed.has(token.kind); token = peek(reader)) {
    tokens.push(token);
    reader.at += 1;
  }
  if (tokens.length === 0) unexpected(reader);
  if (tokens[0]?.kind === 'blank') tokens = tokens.slice(1);
  if (tokens.at(-1)?.kind === 'blank') tokens = tokens.slice(0, -1);
  const [first] = tokens;
  if (first === undefined) throw new SyntaxError('a value of blanks only must be quoted');
  if (tokens.length > 1) return { kind: 'text', value: tokens.map(literal).join('') };
  if (first.kind === 'null') return { kind: 'null' };
  if (first.kind === 'bool') return { kind: 'bool', value: first.text.toLowerCase() === 'true' };
  if (first.kind === 'int') return { kind: 'int', value: BigInt(first.text.replace(/[_+]/g, '')) };
  if (first.kind === 'float') return { kind: 'float', value: readFloat(first.text) };
  return { kind: 'text', value: literal(first) };
}

function literal(token: Token): string {
  return token.kind === 'escape' ? token.text.replace(/\\([^])/g, '$1') : token.text;
}

function readFloat(text: string): number {
  const plain = text.replaceAll('_', '').toLowerCase();
  if (plain.endsWith('inf')) return plain.startsWith('-') ? -Infinity : Infinity;
  return plain.endsWith('nan') ? NaN : Number(plain);
}

/** Backslashes count only before a quote sign: each pair is one backslash, an odd one keeps the quote sign. */
function unquote(text: string): OverrideValue {
  const quote = text.startsWith('"') ? '"' : "'";
  const runs = quote === '"' ? /(\\+)"/g : /(\\+)'/g;
  const inner = text.slice(1).replace(runs, (run) =>
    Array.from(run)
      .filter((_, index) => index % 2 === 1)
      .join(''),
  );
  // An even run before the closing sign has swallowed it; otherwise it still stands at the end.
  const closed = /(\\+)["']$/.exec(text.slice(1));
  const swallowed = closed !== null && (closed[1]?.length ?? 0) % 2 === 0;
  return { kind: 'text', value: swallowed ? inner : inner.slice(0, -1), quote };
}

/** The value as the grammar reads it back; quotes are kept where they were written. */
export function printOverrideValue(value: OverrideValue): string {
  switch (value.kind) {
    case 'null':
      return 'null';
    case 'bool':
      return value.value ? 'True' : 'False';
    case 'int':
      return String(value.value);
    case 'float':
      return reprFloat(value.value);
    case 'text':
      return value.quote === undefined ? escapeText(value.value) : quoteText(value.value, value.quote);
    case 'list':
      return `[${value.items.map(printOverrideValue).join(',')}]`;
    case 'map':
      return `{${value.entries.map(([key, item]) => `${printOverrideValue(key)}:${printOverrideValue(item)}`).join(',')}}`;
  }
}

function escapeText(text: string): string {
  return text.replace(/[\\()[\]{}:=, \t]/g, '\\$&');
}

function quoteText(text: string, quote: '"' | "'"): string {
  const doubled = text.replace(quote === '"' ? /\\+(?="|$)/g : /\\+(?='|$)/g, '$&$&');
  return `${quote}${doubled.replaceAll(quote, `\\${quote}`)}${quote}`;
}
