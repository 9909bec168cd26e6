import { ConfigError } from './config-error.ts';
import { didYouMean } from './did-you-mean.ts';
import { parseText } from './interpolation-syntax.ts';
import type { Interpolation, TextPart } from './interpolation-syntax.ts';
import { reprFloat } from './python-number.ts';
import { callResolver } from './resolvers.ts';
import type { ResolveContext } from './resolvers.ts';
import { childOf, isContainer, isInterpolation, isMissing, spellPath } from './tree.ts';
import type { ConfigNode, ContainerNode, MapNode, Origin, ScalarNode, Step } from './tree.ts';

/** A value and where in the tree it stands: relative interpolations inside it count from there. */
export interface Found {
  readonly node: ConfigNode;
  readonly path: readonly Step[];
}

/** One resolution: the tree, what resolvers may read, and the interpolations being followed, to notice a circle. */
interface Resolution {
  readonly root: MapNode;
  readonly context: ResolveContext;
  readonly open: Set<string>;
}

/**
 * A copy of the tree with every interpolation replaced by what it stands for. `???` stays.
 * @throws ConfigError naming the place of an interpolation that leads nowhere, in a circle, or to an unsupported resolver
 */
export function resolveConfig(root: MapNode, context: ResolveContext): MapNode {
  const resolution = { root, context, open: new Set<string>() };
  return resolveNode({ node: root, path: [] }, resolution) as MapNode;
}

/**
 * What stands at a path, interpolations on the way and at the end followed; undefined where there is nothing.
 * @throws ConfigError where an interpolation cannot be followed
 */
export function select(root: MapNode, path: readonly Step[], context: ResolveContext): Found | undefined {
  const resolution = { root, context, open: new Set<string>() };
  const found = walk(path, resolution);
  return found === undefined ? undefined : follow(found, resolution);
}

/** The value a node stands for: itself, or what its interpolation leads to. Errors as `select`. */
export function dereference(found: Found, root: MapNode, context: ResolveContext): Found {
  return follow(found, { root, context, open: new Set() });
}

function resolveNode({ node, path }: Found, resolution: Resolution): ConfigNode {
  if (node.kind === 'map') {
    const entries = [...node.entries].map(
      ([key, child]) => [key, resolveNode({ node: child, path: [...path, key] }, resolution)] as const,
    );
    return { ...node, entries: new Map(entries) };
  }
  if (node.kind === 'list') {
    return {
      ...node,
      items: node.items.map((item, index) => resolveNode({ node: item, path: [...path, index] }, resolution)),
    };
  }
  if (!isInterpolation(node)) return node;
  const spelled = enter(path, node, resolution);
  const target = expand(node, path, resolution);
  const resolved = isContainer(target.node) ? resolveNode(target, resolution) : target.node;
  resolution.open.delete(spelled);
  return { ...resolved, origin: node.origin };
}

/** Marks an interpolation as being followed. */
function enter(path: readonly Step[], node: ScalarNode, resolution: Resolution): string {
  const spelled = spellPath(path);
  if (resolution.open.has(spelled))
    throw new ConfigError(
      `${node.origin.place}: the interpolations of ${[...resolution.open, spelled].join(' -> ')} lead in a circle`,
    );
  resolution.open.add(spelled);
  return spelled;
}

function follow(found: Found, resolution: Resolution): Found {
  if (!isInterpolation(found.node)) return found;
  const spelled = enter(found.path, found.node, resolution);
  const target = expand(found.node, found.path, resolution);
  resolution.open.delete(spelled);
  return target;
}

/** The value of a text with interpolations: any value if the text is one interpolation, else a text. */
function expand(node: ScalarNode & { kind: 'text' }, path: readonly Step[], resolution: Resolution): Found {
  const parts = parseText(node.value);
  const [only] = parts;
  if (parts.length === 1 && typeof only === 'object') return lookUp(only, node.origin, path, resolution);
  const value = joinParts(parts, node.origin, path, resolution);
  return { node: { kind: 'text', value, origin: node.origin }, path };
}

function joinParts(
  parts: readonly TextPart[],
  origin: Origin,
  path: readonly Step[],
  resolution: Resolution,
): string {
  return parts
    .map((part) => {
      if (typeof part === 'string') return part;
      const { node } = lookUp(part, origin, path, resolution);
      if (isContainer(node))
        throw new ConfigError(
          `${origin.place}: ${part.source} is a ${node.kind} and cannot stand inside a text`,
        );
      return spellInText(node);
    })
    .join('');
}

/** A value inside a longer text, spelled as Python's `str` does. */
function spellInText(node: ScalarNode): string {
  switch (node.kind) {
    case 'null':
      return 'None';
    case 'bool':
      return node.value ? 'True' : 'False';
    case 'float':
      return reprFloat(node.value);
    case 'int':
    case 'text':
      return String(node.value);
  }
}

function lookUp(part: Interpolation, origin: Origin, path: readonly Step[], resolution: Resolution): Found {
  if (part.kind === 'resolver') {
    const args = part.arguments.map((argument) => ({
      text: joinParts(argument.parts, origin, path, resolution),
      quoted: argument.quoted,
    }));
    return { node: callResolver(part.name, args, resolution.context, origin), path };
  }
  const steps = part.steps.map((step) => joinParts(step, origin, path, resolution));
  if (part.up > path.length) throw new ConfigError(`${origin.place}: ${part.source} reaches above the root`);
  const target = part.up === 0 ? steps : [...path.slice(0, path.length - part.up), ...steps];
  const found = walk(target, resolution);
  if (found === undefined)
    throw new ConfigError(`${origin.place}: ${part.source} names nothing.${hint(target, resolution)}`);
  if (isMissing(found.node))
    throw new ConfigError(
      `${origin.place}: ${part.source} needs ${spellPath(target)}, which must still be given (???)`,
    );
  return follow(found, resolution);
}

function hint(target: readonly Step[], resolution: Resolution): string {
  for (let length = target.length - 1; length >= 0; length--) {
    const parent = walk(target.slice(0, length), resolution)?.node;
    if (parent?.kind === 'map') return didYouMean(String(target[length]), parent.entries.keys());
  }
  return '';
}

/** Goes down from the root, following interpolations on the way but not the last one. */
function walk(path: readonly Step[], resolution: Resolution): Found | undefined {
  let current: Found = { node: resolution.root, path: [] };
  for (const step of path) {
    const parent: Found = follow(current, resolution);
    const container: ConfigNode = parent.node;
    if (!isContainer(container)) return undefined;
    const child = childOf(container, step);
    if (child === undefined) return undefined;
    current = { node: child, path: [...parent.path, stepInto(container, step)] };
  }
  return current;
}

function stepInto(container: ContainerNode, step: Step): Step {
  return container.kind === 'list' ? Number(step) : String(step);
}
