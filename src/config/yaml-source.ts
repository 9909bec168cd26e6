import { readFileSync } from 'node:fs';
import { isAlias, isMap, isPair, isScalar, isSeq, LineCounter, parseDocument } from 'yaml';
import type { Document, Pair, ParsedNode, Scalar, YAMLMap } from 'yaml';
import { ConfigError } from './config-error.ts';
import { checkInterpolations } from './interpolation-syntax.ts';
import { checkKey } from './tree.ts';
import type { ConfigNode, MapNode, Origin } from './tree.ts';
import { readPlainScalar } from './yaml-scalar.ts';

/** One configuration file: its values and the package its header asks for. */
export interface ConfigFile {
  readonly path: string;
  readonly root: MapNode;
  /** The argument of `# @package …` in the file's first lines. */
  readonly packageHeader: string | undefined;
}

/** More nodes than any configuration has: aliases of aliases can ask for billions. */
const MOST_NODES = 20_000;

/**
 * Reads a configuration file the way Hydra does (PyYAML's YAML 1.1 with OmegaConf's floats).
 * @throws ConfigError with file:line for a file that cannot be read, bad YAML, tabs, duplicate keys, explicit tags, several
 *   documents, keys that are not text, and broken interpolations
 */
export function readConfigFile(path: string): ConfigFile {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch (cause) {
    throw new ConfigError(`${path}: cannot be read (${(cause as Error).message})`, { cause });
  }
  return { path, root: parseConfig(text, path), packageHeader: readPackageHeader(text, path) };
}

/** The mapping a YAML text holds; an empty text is an empty mapping. Errors as `readConfigFile`. */
export function parseConfig(text: string, path: string): MapNode {
  const lines = new LineCounter();
  const document = parseDocument(text, {
    schema: 'failsafe',
    version: '1.1',
    lineCounter: lines,
    uniqueKeys: true,
    prettyErrors: false,
    stringKeys: false,
  });
  const problems = [...document.errors, ...document.warnings].map(
    (problem) => `${path}:${lines.linePos(problem.pos[0]).line}: ${problem.message}`,
  );
  if (problems.length > 0) throw new ConfigError(problems);
  const reader = { path, lines, document, open: new Set<unknown>(), count: 0 };
  const contents = document.contents as ParsedNode | null;
  const root: ConfigNode =
    contents === null || (isScalar(contents) && contents.source === '' && contents.type === 'PLAIN')
      ? { kind: 'map', entries: new Map(), origin: { place: `${path}:1` } }
      : convert(contents, reader);
  if (root.kind !== 'map')
    throw new ConfigError(`${root.origin.place}: the file must hold a mapping (key: value)`);
  return root;
}

interface Reader {
  readonly path: string;
  readonly lines: LineCounter;
  readonly document: Document;
  /** The anchored nodes being read, to notice one that holds itself. */
  readonly open: Set<unknown>;
  count: number;
}

function originOf(node: ParsedNode, reader: Reader): Origin {
  return { place: `${reader.path}:${reader.lines.linePos(node.range[0]).line}` };
}

function convert(node: ParsedNode, reader: Reader): ConfigNode {
  const origin = originOf(node, reader);
  reader.count += 1;
  if (reader.count > MOST_NODES) throw new ConfigError(`${origin.place}: aliases expand to too many values`);
  if (isAlias(node)) return convertAlias(node, reader, origin);
  if (node.tag !== undefined)
    throw new ConfigError(`${origin.place}: the tag ${node.tag} is not supported; write the value plainly`);
  if (isMap(node)) return { kind: 'map', entries: convertMap(node as YAMLMap.Parsed, reader), origin };
  if (isSeq(node)) {
    return { kind: 'list', items: node.items.map((item) => convert(item as ParsedNode, reader)), origin };
  }
  return convertScalar(node, origin);
}

function convertScalar(node: Scalar, origin: Origin): ConfigNode {
  // The failsafe schema reads every scalar as text.
  const text = typeof node.value === 'string' ? node.value : '';
  if (node.type !== 'PLAIN') return textNode(text, origin);
  try {
    const scalar = readPlainScalar(text);
    return scalar.kind === 'text' ? textNode(text, origin) : { ...scalar, origin };
  } catch (cause) {
    throw new ConfigError(`${origin.place}: ${(cause as Error).message}`, { cause });
  }
}

function textNode(value: string, origin: Origin): ConfigNode {
  checkInterpolations(value, origin.place);
  return { kind: 'text', value, origin };
}

function convertAlias(node: ParsedNode, reader: Reader, origin: Origin): ConfigNode {
  const target = isAlias(node) ? node.resolve(reader.document) : undefined;
  if (target === undefined) throw new ConfigError(`${origin.place}: the alias has no anchor before it`);
  if (reader.open.has(target)) throw new ConfigError(`${origin.place}: the alias holds itself`);
  reader.open.add(target);
  const converted = convert(target as ParsedNode, reader);
  reader.open.delete(target);
  return converted;
}

/** A mapping's entries, those merged in by `<<` first, as PyYAML orders them. */
function convertMap(map: YAMLMap.Parsed, reader: Reader): Map<string, ConfigNode> {
  const entries = new Map<string, ConfigNode>();
  for (const pair of map.items) if (isMergeKey(pair)) mergeInto(entries, pair, reader);
  for (const pair of map.items) {
    if (isMergeKey(pair)) continue;
    const key = convertKey(pair.key, reader);
    entries.set(key, pair.value === null ? nullAt(pair.key, reader) : convert(pair.value, reader));
  }
  return entries;
}

function nullAt(key: ParsedNode, reader: Reader): ConfigNode {
  return { kind: 'null', origin: originOf(key, reader) };
}

function isMergeKey(pair: Pair): boolean {
  return isPair(pair) && isScalar(pair.key) && pair.key.type === 'PLAIN' && pair.key.value === '<<';
}

function mergeInto(
  entries: Map<string, ConfigNode>,
  pair: Pair<ParsedNode, ParsedNode | null>,
  reader: Reader,
): void {
  const merged = pair.value === null ? nullAt(pair.key, reader) : convert(pair.value, reader);
  // Of several, the first wins, so it is written last.
  const sources = merged.kind === 'list' ? [...merged.items].reverse() : [merged];
  for (const source of sources) {
    if (source.kind !== 'map')
      throw new ConfigError(`${merged.origin.place}: '<<' takes a mapping or a list of mappings`);
    for (const [key, value] of source.entries) entries.set(key, value);
  }
}

function convertKey(key: ParsedNode, reader: Reader): string {
  const { place } = originOf(key, reader);
  if (!isScalar(key)) throw new ConfigError(`${place}: a key must be plain text`);
  const node = convertScalar(key, { place });
  if (node.kind !== 'text')
    throw new ConfigError(
      `${place}: the key '${String(key.value)}' reads as ${node.kind}, not as text; quote it`,
    );
  checkKey(node.value, place);
  return node.value;
}

/**
 * The `# @package a.b` header: it stands in the comment lines that open a file.
 * @throws ConfigError for a header of another form, as Hydra does
 */
export function readPackageHeader(text: string, path: string): string | undefined {
  let found: string | undefined;
  for (const [index, line] of text.split(/\r\n|[\r\n]/).entries()) {
    const words = line.trim();
    if (words === '') continue;
    if (!/^#\s*@/.test(words)) break;
    const [name = '', value, ...rest] = words.replace(/^#+/, '').trim().split(/ +/);
    if (value === undefined || rest.length > 0)
      throw new ConfigError(`${path}:${index + 1}: a header has the form '# @package NAME', got '${words}'`);
    if (name === '@package') found = value;
  }
  return found;
}
