import { ConfigError } from './config-error.ts';
import { cloneNode, isContainer, isMissing, spellPath } from './tree.ts';
import type { ConfigNode, ContainerNode, MapNode, Step } from './tree.ts';

export interface MergeOptions {
  /** Refuse keys that the destination lacks. */
  readonly closed: boolean;
  /** The section or list an interpolation leads to; undefined if it leads elsewhere or nowhere. */
  readonly containerOf: (node: ConfigNode, path: readonly Step[]) => ContainerNode | undefined;
}

/**
 * Merges one mapping into another, in place, as OmegaConf does: mappings key by key, keeping the order in which keys first
 * came; lists and scalars are replaced; `???` never replaces a value.
 * @param path where `into` stands in its tree
 * @throws ConfigError where a list meets a mapping, or a key is new and the merge is closed
 */
export function mergeMaps(into: MapNode, from: MapNode, path: readonly Step[], options: MergeOptions): void {
  for (const [key, incoming] of from.entries) {
    const here = [...path, key];
    let present = into.entries.get(key);
    if (present === undefined && options.closed)
      throw new ConfigError(
        `${incoming.origin.place}: there is no key '${spellPath(here)}'; to add it, prefix the override with +`,
      );
    const container = present === undefined ? undefined : options.containerOf(present, here);
    if (container !== undefined) {
      present = cloneNode(container);
      into.entries.set(key, present);
    }
    if (isMissing(incoming) && present !== undefined) continue;
    if (isContainer(present) && isContainer(incoming)) mergeContainers(present, incoming, here, options);
    else into.entries.set(key, cloneNode(incoming));
  }
}

/** Merges mapping into mapping and list into list. Errors as `mergeMaps`. */
export function mergeContainers(
  into: ContainerNode,
  from: ContainerNode,
  path: readonly Step[],
  options: MergeOptions,
): void {
  if (into.kind === 'map' && from.kind === 'map') mergeMaps(into, from, path, options);
  else if (into.kind === 'list' && from.kind === 'list')
    into.items.splice(0, into.items.length, ...from.items.map((item) => cloneNode(item)));
  else
    throw new ConfigError(
      `${from.origin.place}: a ${from.kind} cannot be merged into the ${into.kind} '${spellPath(path)}' of ${into.origin.place}`,
    );
}
