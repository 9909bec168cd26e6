import { ConfigError } from './config-error.ts';

/**
 * The configuration as a tree of nodes. Nodes keep what plain JavaScript values would lose: whether a number was
 * written as an integer or a float, whether a text is an interpolation, and where each value came from.
 */

/** Where a value came from: a file's line (1-based), or an override of the command line. */
export interface Origin {
  readonly place: string;
}

export type ScalarNode = (
  | { readonly kind: 'null' }
  | { readonly kind: 'bool'; readonly value: boolean }
  | { readonly kind: 'int'; readonly value: bigint }
  | { readonly kind: 'float'; readonly value: number }
  | { readonly kind: 'text'; readonly value: string }
) & { readonly origin: Origin };

export interface ListNode {
  readonly kind: 'list';
  readonly items: ConfigNode[];
  readonly origin: Origin;
}

export interface MapNode {
  readonly kind: 'map';
  /** In the order in which the keys were first written. */
  readonly entries: Map<string, ConfigNode>;
  readonly origin: Origin;
}

export type ContainerNode = MapNode | ListNode;
export type ConfigNode = ScalarNode | ContainerNode;

/** A step from a container to a child: a key of a map, or an index of a list. */
export type Step = string | number;

/** A value that must still be given: `key: ???`. */
export const MISSING = '???';

export function isContainer(node: ConfigNode | undefined): node is ContainerNode {
  return node?.kind === 'map' || node?.kind === 'list';
}

/** Whether the node is the mandatory-value marker `???`. */
export function isMissing(node: ConfigNode | undefined): boolean {
  return node?.kind === 'text' && node.value === MISSING;
}

/** Whether the node is a text that holds `${`, escaped ones included: they are read by the same rules. */
export function isInterpolation(node: ConfigNode | undefined): node is ScalarNode & { kind: 'text' } {
  return node?.kind === 'text' && node.value.includes('${');
}

/** A deep copy that shares no container with the original. */
export function cloneNode<T extends ConfigNode>(node: T): T;
export function cloneNode(node: ConfigNode): ConfigNode {
  if (node.kind === 'map') {
    const entries = new Map([...node.entries].map(([key, child]) => [key, cloneNode(child)]));
    return { ...node, entries };
  }
  return node.kind === 'list' ? { ...node, items: node.items.map((item) => cloneNode(item)) } : node;
}

/** The child a step leads to; undefined where there is none. Text steps index a list when they spell an integer. */
export function childOf(container: ContainerNode, step: Step): ConfigNode | undefined {
  if (container.kind === 'map') return container.entries.get(String(step));
  return /^\d+$/.test(String(step)) ? container.items[Number(step)] : undefined;
}

/** A key path as it is written: `a.b[0].c`. */
export function spellPath(path: readonly Step[]): string {
  return path.reduce<string>(
    (spelled, step) =>
      typeof step === 'number' ? `${spelled}[${step}]` : spelled === '' ? step : `${spelled}.${step}`,
    '',
  );
}

/** Keys that would reach into JavaScript's own objects. */
const POLLUTING = new Set(['__proto__', 'constructor', 'prototype']);

/**
 * Refuses a key that the configuration cannot hold.
 * @throws ConfigError naming the key and the place
 */
export function checkKey(key: string, place: string): void {
  if (POLLUTING.has(key)) throw new ConfigError(`${place}: the key '${key}' is not allowed`);
  if (key.length > 100) throw new ConfigError(`${place}: a key is longer than 100 characters`);
}

/** Every key path of the tree, inner nodes too, with the place its value came from. */
export function sourcesOf(root: MapNode): ReadonlyMap<string, string> {
  const sources = new Map<string, string>();
  const walk = (node: ConfigNode, path: readonly Step[]): void => {
    if (path.length > 0) sources.set(spellPath(path), node.origin.place);
    if (node.kind === 'map') for (const [key, child] of node.entries) walk(child, [...path, key]);
    if (node.kind === 'list') node.items.forEach((item, index) => walk(item, [...path, index]));
  };
  walk(root, []);
  return sources;
}

/**
 * The plain JavaScript value of a node: integers and floats become numbers.
 * @throws ConfigError for an integer that a number cannot hold exactly
 */
export function plainValue(node: ConfigNode): unknown {
  switch (node.kind) {
    case 'null':
      return null;
    case 'map':
      return Object.fromEntries([...node.entries].map(([key, child]) => [key, plainValue(child)]));
    case 'list':
      return node.items.map((item) => plainValue(item));
    case 'int':
      if (!Number.isSafeInteger(Number(node.value)))
        throw new ConfigError(`${node.origin.place}: ${node.value} is too large to be kept exactly`);
      return Number(node.value);
    case 'bool':
    case 'float':
    case 'text':
      return node.value;
  }
}
