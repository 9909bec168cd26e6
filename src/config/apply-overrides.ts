import { ConfigError } from './config-error.ts';
import { didYouMean } from './did-you-mean.ts';
import { dereference, select } from './interpolate.ts';
import { mergeContainers } from './merge.ts';
import type { MergeOptions } from './merge.ts';
import { nodeOfValue, singleValue } from './overrides.ts';
import type { Override } from './overrides.ts';
import type { ResolveContext } from './resolvers.ts';
import { childOf, isContainer, isInterpolation, isMissing } from './tree.ts';
import type { ConfigNode, ContainerNode, MapNode } from './tree.ts';

/**
 * Applies an override to a composed configuration, in place.
 * @throws ConfigError naming the override: a key that is not there (change, delete), is there already (add), or has another
 *   value than the one to delete
 */
export function applyOverride(root: MapNode, override: Override, context: ResolveContext): void {
  if (override.package !== undefined)
    throw new ConfigError(`override '${override.text}': there is no group '${override.key}'`);
  const path = override.key.split('.');
  const value = singleValue(override);
  const node = value === undefined ? undefined : nodeOfValue(value, override.text);
  if (override.action === 'delete') return deleteAt(root, path, node, override, context);
  if (node === undefined) throw new ConfigError(`override '${override.text}': the value is missing`);
  if (override.action === 'add' && !isContainer(node)) refuseIfPresent(root, path, override, context);
  setAt(root, path, node, override, context);
}

function refuseIfPresent(
  root: MapNode,
  path: readonly string[],
  override: Override,
  context: ResolveContext,
): void {
  const present = select(root, path, context)?.node;
  if (present === undefined || present.kind === 'null' || isMissing(present)) return;
  throw new ConfigError(
    `override '${override.text}': '${override.key}' is already there (${present.origin.place}); remove the +, or write ++ to set it in either case`,
  );
}

function deleteAt(
  root: MapNode,
  path: readonly string[],
  expected: ConfigNode | undefined,
  override: Override,
  context: ResolveContext,
): void {
  const present = select(root, path, context)?.node;
  if (present === undefined || present.kind === 'null' || isMissing(present))
    throw new ConfigError(`override '${override.text}': '${override.key}' is not there to be deleted`);
  if (expected !== undefined && expected.kind !== 'null' && !sameValue(expected, present))
    throw new ConfigError(
      `override '${override.text}': '${override.key}' has another value (${present.origin.place})`,
    );
  const parent = select(root, path.slice(0, -1), context)?.node;
  const last = path.at(-1) ?? '';
  if (parent?.kind !== 'map')
    throw new ConfigError(`override '${override.text}': only keys of a section can be deleted`);
  parent.entries.delete(last);
}

function setAt(
  root: MapNode,
  path: readonly string[],
  node: ConfigNode,
  override: Override,
  context: ResolveContext,
): void {
  const closed = override.action === 'change';
  let container: ContainerNode = root;
  for (const step of path.slice(0, -1)) {
    let child = childOf(container, step);
    if (!isContainer(child)) {
      child = { kind: 'map', entries: new Map(), origin: node.origin };
      putChild(container, step, child, closed, override);
    }
    container = child;
  }
  const last = path.at(-1) ?? '';
  const present = childOf(container, last);
  if (isContainer(node) && isContainer(present)) {
    const options: MergeOptions = {
      closed,
      containerOf: (target, at) => containerOf(target, at, root, context),
    };
    mergeContainers(present, node, path, options);
  } else putChild(container, last, node, closed, override);
}

function putChild(
  container: ContainerNode,
  step: string,
  child: ConfigNode,
  closed: boolean,
  override: Override,
): void {
  if (container.kind === 'list') {
    if (childOf(container, step) === undefined)
      throw new ConfigError(
        `override '${override.text}': the list of ${container.origin.place} has no item ${step}`,
      );
    container.items[Number(step)] = child;
    return;
  }
  if (closed && !container.entries.has(step))
    throw new ConfigError(
      `override '${override.text}': there is no key '${override.key}'.${didYouMean(step, container.entries.keys())} To add it write +${override.text}`,
    );
  container.entries.set(step, child);
}

/** The section or list an interpolation leads to, if it does. */
export function containerOf(
  node: ConfigNode,
  path: readonly (string | number)[],
  root: MapNode,
  context: ResolveContext,
): ContainerNode | undefined {
  if (!isInterpolation(node)) return undefined;
  try {
    const target = dereference({ node, path }, root, context).node;
    return isContainer(target) ? target : undefined;
  } catch (error) {
    // What it leads to may not be composed yet; it is then no section to merge into.
    if (error instanceof ConfigError) return undefined;
    throw error;
  }
}

/** Equality as Python sees it: 1, 1.0 and true are the same. */
function sameValue(one: ConfigNode, other: ConfigNode): boolean {
  if (one.kind === 'list' && other.kind === 'list')
    return (
      one.items.length === other.items.length &&
      one.items.every((item, index) => sameValue(item, other.items[index] ?? item))
    );
  if (one.kind === 'map' && other.kind === 'map')
    return (
      one.entries.size === other.entries.size &&
      [...one.entries].every(([key, item]) => {
        const match = other.entries.get(key);
        return match !== undefined && sameValue(item, match);
      })
    );
  if (isContainer(one) || isContainer(other)) return false;
  const [left, right] = [comparable(one), comparable(other)];
  return typeof left === typeof right
    ? left === right
    : typeof left !== 'string' && typeof right !== 'string' && left == right;
}

function comparable(node: Exclude<ConfigNode, ContainerNode>): string | number | bigint | null {
  if (node.kind === 'null') return null;
  return node.kind === 'bool' ? Number(node.value) : node.value;
}
