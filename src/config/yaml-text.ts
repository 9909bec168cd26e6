import { readsAsNonText } from './yaml-scalar.ts';

/** Where a text is written: its first column, the indent of its further lines, and whether it may have any. */
export interface TextPosition {
  readonly column: number;
  readonly indent: number;
  readonly split: boolean;
}

/** PyYAML folds lines at the first blank after this column. */
const WIDTH = 80;
const BREAKS = '\n\x85\u2028\u2029';
const BLANK_AFTER = '(?=[\\0 \\t\\r\\n\\x85\\u2028\\u2029]|$)';

/** What would begin a structure, were the text written without quotes. */
const INDICATOR = new RegExp(
  `^(?:---|\\.\\.\\.|[#,[\\]{}&*!|>'"%@\`]|[?:-]${BLANK_AFTER})|:${BLANK_AFTER}|[\\0 \\t\\r\\n\\x85\\u2028\\u2029]#`,
);
/** Characters that only escapes can write. */
const SPECIAL = /[^\n\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufefe\uff00-\ufffd\u{10000}-\u{10fffe}]/u;

/** A text as PyYAML writes it for OmegaConf: plain where it reads back as the same text, else quoted; folded at 80 columns. */
export function writeText(text: string, position: TextPosition): string {
  const style = chooseStyle(text, position);
  if (style === 'plain') return writePlain(text, position);
  return style === 'single' ? writeSingle(text, position) : writeDouble(text, position);
}

function chooseStyle(text: string, { split }: TextPosition): 'plain' | 'single' | 'double' {
  const breaks = /[\n\x85\u2028\u2029]/.test(text);
  const onlyDouble =
    SPECIAL.test(text) || / [\n\x85\u2028\u2029]|[\n\x85\u2028\u2029] /.test(text) || (breaks && !split);
  if (onlyDouble) return 'double';
  const plain =
    !breaks &&
    !/^ | $/.test(text) &&
    !INDICATOR.test(text) &&
    !readsAsNonText(text) &&
    !looksLikePythonValue(text);
  return plain ? 'plain' : 'single';
}

/** OmegaConf quotes what Python's `int` or `float` would take, and YAML 1.1's booleans with their short forms. */
function looksLikePythonValue(text: string): boolean {
  if (/^[yYnN]$/.test(text)) return true;
  const digits = '\\p{Nd}(?:_?\\p{Nd})*';
  const float = `(?:${digits}\\.?|(?:${digits})?\\.${digits})(?:[eE][+-]?${digits})?`;
  return new RegExp(
    `^\\s*[+-]?(?:${float}|[iI][nN][fF](?:[iI][nN][iI][tT][yY])?|[nN][aA][nN])\\s*$`,
    'u',
  ).test(text);
}

function writePlain(text: string, { column, indent, split }: TextPosition): string {
  let written = '';
  let at = column;
  for (const run of text.match(/ +|[^ ]+/g) ?? []) {
    if (run === ' ' && split && at > WIDTH) {
      written += `\n${' '.repeat(indent)}`;
      at = indent;
    } else {
      written += run;
      at += lengthOf(run);
    }
  }
  return written;
}

function writeSingle(text: string, { column, indent, split }: TextPosition): string {
  let written = "'";
  let at = column + 1;
  let offset = 0;
  for (const run of text.match(/ +|[\n\x85\u2028\u2029]+|[^ \n\x85\u2028\u2029]+/g) ?? []) {
    const inside = offset > 0 && offset + run.length < text.length;
    offset += run.length;
    if (BREAKS.includes(run.charAt(0))) {
      // One line feed alone would be read back as a blank.
      written += `${run.startsWith('\n') ? '\n' : ''}${run}${' '.repeat(indent)}`;
      at = indent;
    } else if (run === ' ' && split && inside && at > WIDTH) {
      written += `\n${' '.repeat(indent)}`;
      at = indent;
    } else {
      const doubled = run.replaceAll("'", "''");
      written += doubled;
      at += lengthOf(doubled);
    }
  }
  return `${written}'`;
}

const ESCAPES: Readonly<Record<string, string>> = {
  '\0': '0',
  '\x07': 'a',
  '\b': 'b',
  '\t': 't',
  '\n': 'n',
  '\v': 'v',
  '\f': 'f',
  '\r': 'r',
  '\x1b': 'e',
  '"': '"',
  '\\': '\\',
  '\x85': 'N',
  '\xa0': '_',
  '\u2028': 'L',
  '\u2029': 'P',
};

function writeDouble(text: string, { column, indent, split }: TextPosition): string {
  const characters = Array.from(text);
  let written = '"';
  let at = column + 1;
  let pending = '';
  const flush = (): void => {
    written += pending;
    at += lengthOf(pending);
    pending = '';
  };
  characters.forEach((character, index) => {
    const escaped = isEscaped(character);
    if (escaped) {
      flush();
      const escape = escapeOf(character);
      written += escape;
      at += escape.length;
    }
    const here = character === ' ' || escaped || pending === '';
    const foldable = here && index > 0 && index < characters.length - 1;
    // PyYAML counts one column less right after an escape.
    const reached = escaped ? at - 1 : at + lengthOf(pending);
    if (foldable && split && reached > WIDTH) {
      flush();
      written += `\\\n${' '.repeat(indent)}`;
      at = indent;
      const next = escaped ? characters[index + 1] : character;
      if (next === ' ') {
        written += '\\';
        at += 1;
      }
    }
    if (!escaped) pending += character;
  });
  flush();
  return `${written}"`;
}

function isEscaped(character: string): boolean {
  return (
    '"\\\x85\u2028\u2029\ufeff'.includes(character) ||
    !/^[\x20-\x7e\xa0-\ud7ff\ue000-\ufffd]$/.test(character)
  );
}

function escapeOf(character: string): string {
  const known = ESCAPES[character];
  if (known !== undefined) return `\\${known}`;
  const code = (character.codePointAt(0) ?? 0).toString(16).toUpperCase();
  if (code.length <= 2) return `\\x${code.padStart(2, '0')}`;
  return code.length <= 4 ? `\\u${code.padStart(4, '0')}` : `\\U${code.padStart(8, '0')}`;
}

function lengthOf(text: string): number {
  return Array.from(text).length;
}
