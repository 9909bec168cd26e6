// From overrides to a checked run: what train, start and evaluate share.
import path from 'node:path';
import { compose } from '../src/config/compose.ts';
import type { ConfigFiles } from '../src/config/config-files.ts';
import { resolveConfig } from '../src/config/interpolate.ts';
import { toYaml } from '../src/config/print-yaml.ts';
import type { ResolveContext } from '../src/config/resolvers.ts';
import { checkRunConfig, type RunConfig } from '../src/run-config.ts';

export interface ComposedRun {
  readonly config: RunConfig;
  /** The settings with their interpolations resolved. */
  readonly yaml: string;
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
  return { config: await checkRunConfig(resolved), yaml: toYaml(resolved) };
}
