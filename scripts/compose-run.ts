// From overrides to a checked run: what train, start and evaluate share.
import path from 'node:path';
import { applyOverride } from '../src/config/apply-overrides.ts';
import { compose } from '../src/config/compose.ts';
import { openConfigFiles, type ConfigFiles } from '../src/config/config-files.ts';
import { resolveConfig } from '../src/config/interpolate.ts';
import { parseOverride } from '../src/config/overrides.ts';
import { toYaml } from '../src/config/print-yaml.ts';
import type { ResolveContext } from '../src/config/resolvers.ts';
import { cloneNode, type MapNode } from '../src/config/tree.ts';
import { readConfigFile } from '../src/config/yaml-source.ts';
import { checkRunConfig } from '../src/run-config.ts';
import type { RunConfig } from '../src/run-settings.ts';

export interface ComposedRun {
  readonly config: RunConfig;
  /** The settings with their interpolations resolved. */
  readonly yaml: string;
  /** The same as a tree. */
  readonly root: MapNode;
}

/** The project's own folder of configurations. */
export const CONFIGS = path.join(import.meta.dirname, '../configs');

/** One moment and environment for all jobs of a command. */
export function resolveContext(now: Date, job: number): ResolveContext {
  return { env: process.env, now, hydra: { 'job.num': job } };
}

/** Composes and checks one run. Throws a ConfigError with every problem. */
export async function composeRun(
  files: ConfigFiles,
  configName: string,
  overrides: readonly string[],
  context: ResolveContext,
): Promise<ComposedRun> {
  const resolved = resolveConfig(compose({ configs: files, configName, overrides, context }).config, context);
  return { config: await checkRunConfig(resolved), yaml: toYaml(resolved), root: resolved };
}

/** The checked settings of a training without an opponent, for a command that works on its data alone. */
export async function composeForData(overrides: readonly string[]): Promise<RunConfig> {
  const all = ['generator=none', ...overrides];
  const { config } = await composeRun(openConfigFiles(CONFIGS), 'train', all, resolveContext(new Date(), 0));
  return config;
}

/**
 * The settings that `npm run train` would compose, except that some groups are the run's own: for a command that asks a trained run something
 * by overrides of one group. Resolved, not yet checked.
 *
 * @param dir the run folder
 * @param overrides what to compose
 * @param ofRun the groups that come from the run
 * @param changes overrides applied after that, to the run's groups too
 */
export function composeForRun(
  dir: string,
  overrides: readonly string[],
  ofRun: readonly string[],
  changes: readonly string[],
): MapNode {
  const { root } = readConfigFile(path.join(dir, 'config.yaml'));
  return composeWith(root, overrides, ofRun, changes);
}

/** The same of a run whose settings are at hand. */
export function composeWith(
  root: MapNode,
  overrides: readonly string[],
  ofRun: readonly string[],
  changes: readonly string[],
): MapNode {
  const context = resolveContext(new Date(), 0);
  const { config } = compose({ configs: openConfigFiles(CONFIGS), configName: 'train', overrides, context });
  const resolved = resolveConfig(config, context);
  for (const group of ofRun) resolved.entries.set(group, cloneNode(root.entries.get(group)!));
  for (const change of changes) applyOverride(resolved, parseOverride(change), context);
  return resolveConfig(resolved, context);
}
