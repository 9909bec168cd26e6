/**
 * What an unquoted YAML scalar means to PyYAML with OmegaConf's resolvers, hence to Hydra: YAML 1.1's booleans (yes, no, on,
 * off), octal 010, 1_000, sexagesimal 1:30, and 1e-3 as a float. Dates stay text when read.
 */

export type PlainScalar =
  | { readonly kind: 'null' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string };

const BOOL = /^(?:yes|Yes|YES|no|No|NO|true|True|TRUE|false|False|FALSE|on|On|ON|off|Off|OFF)$/;
const NULL = /^(?:~|null|Null|NULL|)$/;
const INT = /^[-+]?(?:0b[01_]+|0[0-7_]+|0|[1-9][0-9_]*|0x[0-9a-fA-F_]+|[1-9][0-9_]*(?::[0-5]?[0-9])+)$/;
const YAML_FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/;
const OMEGACONF_FLOAT =
  /^(?:[-+]?[0-9]+(?:_[0-9]+)*\.[0-9_]*(?:[eE][-+]?[0-9]+)?|[-+]?[0-9]+(?:_[0-9]+)*[eE][-+]?[0-9]+|\.[0-9]+(?:_[0-9]+)*(?:[eE][-+][0-9]+)?|[-+]?[0-9]+(?:_[0-9]+)*(?::[0-5]?[0-9])+\.[0-9_]*)$/;
const TIMESTAMP =
  /^(?:\d{4}-\d\d-\d\d|\d{4}-\d\d?-\d\d?(?:[Tt]|[ \t]+)\d\d?:\d\d:\d\d(?:\.\d*)?(?:[ \t]*(?:Z|[-+]\d\d?(?::\d\d)?))?)$/;

/**
 * The typed value of an unquoted scalar.
 * @throws SyntaxError for what PyYAML itself cannot construct (`=`, `0b_`)
 */
export function readPlainScalar(text: string): PlainScalar {
  if (NULL.test(text)) return { kind: 'null' };
  if (BOOL.test(text)) return { kind: 'bool', value: /^(?:yes|true|on)$/i.test(text) };
  if (YAML_FLOAT.test(text)) return { kind: 'float', value: readFloat(text) };
  if (INT.test(text)) return { kind: 'int', value: readInt(text) };
  if (OMEGACONF_FLOAT.test(text)) return { kind: 'float', value: readFloat(text) };
  if (text === '=') throw new SyntaxError("a bare '=' has no meaning in YAML; quote it");
  return { kind: 'text', value: text };
}

/** Whether PyYAML's writer would take the text, unquoted, for something that is not text. */
export function readsAsNonText(text: string): boolean {
  return [NULL, BOOL, YAML_FLOAT, INT, TIMESTAMP, /^(?:=|<<)$/].some((pattern) => pattern.test(text));
}

function readInt(text: string): bigint {
  const digits = text.replaceAll('_', '').replace(/^[-+]/, '');
  const magnitude = readMagnitude(digits, text);
  return text.startsWith('-') ? -magnitude : magnitude;
}

function readMagnitude(digits: string, text: string): bigint {
  if (/^0[bx]$/.test(digits)) throw new SyntaxError(`'${text}' has no digits`);
  if (/^0[bx]/.test(digits)) return BigInt(digits);
  if (digits.includes(':')) return digits.split(':').reduce((sum, part) => sum * 60n + BigInt(part), 0n);
  return digits.startsWith('0') && digits !== '0' ? BigInt(`0o${digits.slice(1)}`) : BigInt(digits);
}

function readFloat(text: string): number {
  const sign = text.startsWith('-') ? -1 : 1;
  const digits = text.replaceAll('_', '').toLowerCase().replace(/^[-+]/, '');
  if (digits === '.inf') return sign * Infinity;
  if (digits === '.nan') return NaN;
  if (digits.includes(':')) return sign * digits.split(':').reduce((sum, part) => sum * 60 + Number(part), 0);
  return sign * Number(digits);
}
