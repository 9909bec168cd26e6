import { containerOf, applyOverride } from './apply-overrides.ts';
import { ConfigError } from './config-error.ts';
import { openConfigFiles } from './config-files.ts';
import type { ConfigFiles } from './config-files.ts';
import { expandDefaults } from './defaults-list.ts';
import type { Placement } from './defaults-list.ts';
import { readGroupOverrides, refuseUnused } from './group-overrides.ts';
import { mergeMaps } from './merge.ts';
import { parseOverride } from './overrides.ts';
import type { ResolveContext } from './resolvers.ts';
import { sourcesOf } from './tree.ts';
import type { ConfigNode, MapNode } from './tree.ts';

export interface ComposeRequest {
  /** The folder of configurations, or one already opened: a sweep opens it once, so that all its jobs see the same files. */
  readonly configs: string | ConfigFiles;
  /** The primary configuration: a file's name without `.yaml`. */
  readonly configName: string;
  readonly overrides: readonly string[];
  /** For interpolations that decide where values are merged to, and which options are chosen. */
  readonly context: ResolveContext;
}

export interface Composed {
  /** With interpolations as they were written. */
  readonly config: MapNode;
  /** By group (`generator`, `a/b@package`): the chosen option, null for none. */
  readonly choices: Readonly<Record<string, string | null>>;
  /** By key path (`a.b[0]`): the file:line or the override it came from. */
  readonly sources: ReadonlyMap<string, string>;
  /** The files that were merged, in order, each with the package its values went to. */
  readonly placements: readonly Placement[];
}

/**
 * Composes a configuration from its groups and overrides as hydra-core 1.3 does from the same files.
 * @throws ConfigError naming the file and line, or the override, and the remedy
 */
export function compose({ configs, configName, overrides, context }: ComposeRequest): Composed {
  const files = typeof configs === 'string' ? openConfigFiles(configs) : configs;
  const { groups, values } = readGroupOverrides(overrides.map(parseOverride), files);
  const placements = expandDefaults(files, configName, groups, context);
  refuseUnused(groups);
  const config = mergeFiles(files, configName, placements, context);
  for (const override of values) applyOverride(config, override, context);
  const hydra = config.entries.get('hydra');
  if (hydra !== undefined)
    throw new ConfigError(
      `${hydra.origin.place}: there are no settings of Hydra itself here; the run folder is 'run.dir'`,
    );
  return { config, choices: Object.fromEntries(groups.known), sources: sourcesOf(config), placements };
}

function mergeFiles(
  files: ConfigFiles,
  configName: string,
  placements: readonly Placement[],
  context: ResolveContext,
): MapNode {
  const primary = files.load(configName);
  if (primary === undefined) throw new ConfigError(`${files.dir}: no configuration '${configName}'`);
  const config: MapNode = { kind: 'map', entries: new Map(), origin: primary.root.origin };
  const options = {
    closed: false,
    containerOf: (node: ConfigNode, path: readonly (string | number)[]) =>
      containerOf(node, path, config, context),
  };
  for (const { path, package: pkg } of placements) {
    const root = files.load(path)?.root;
    if (root === undefined) throw new ConfigError(`${files.dir}: the configuration '${path}' has vanished`);
    mergeMaps(config, embed(withoutDefaults(root), pkg), [], options);
  }
  return config;
}

function withoutDefaults(root: MapNode): MapNode {
  return { ...root, entries: new Map([...root.entries].filter(([key]) => key !== 'defaults')) };
}

/** Wraps a configuration in the sections its package names. */
function embed(root: MapNode, pkg: string): MapNode {
  if (pkg === '') return root;
  return pkg
    .split('.')
    .reduceRight<MapNode>(
      (inner, key) => ({ kind: 'map', entries: new Map([[key, inner]]), origin: root.origin }),
      root,
    );
}
