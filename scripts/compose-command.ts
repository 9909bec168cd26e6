// From a command line to the settings of a command that has a primary configuration of its own: what prepare, robustness and ablate share.
import type { CommandLine } from '../src/config/command-line.ts';
import { compose } from '../src/config/compose.ts';
import type { ConfigFiles } from '../src/config/config-files.ts';
import { defaultsTable, helpText } from '../src/config/help.ts';
import { resolveConfig } from '../src/config/interpolate.ts';
import { toYaml } from '../src/config/print-yaml.ts';
import type { ResolveContext } from '../src/config/resolvers.ts';
import type { MapNode } from '../src/config/tree.ts';

export interface CommandSettings {
  /** `configs/NAME.yaml`. */
  readonly configName: string;
  /** As one types it, for the help. */
  readonly usage: string;
  /** What the help says besides. */
  readonly moreHelp?: string;
  /** Why the command takes no sweep. */
  readonly single: string;
}

/**
 * The settings, resolved and not yet checked; null if the command line asked to see help or settings, which then stand on standard output.
 *
 * @param overrides those of the command line that are the command's own
 */
export function composeCommand(
  command: CommandLine,
  files: ConfigFiles,
  { configName, usage, moreHelp = '', single }: CommandSettings,
  context: ResolveContext,
  overrides: readonly string[] = command.overrides,
): MapNode | null {
  if (command.multirun) throw new Error(`${single}: leave --multirun out`);
  if (command.help) {
    process.stdout.write(helpText(usage, files) + moreHelp);
    return null;
  }
  const composed = compose({
    configs: files,
    configName: command.configName ?? configName,
    overrides,
    context,
  });
  const resolved = resolveConfig(composed.config, context);
  if (command.cfg === undefined && command.info === undefined) return resolved;
  const shown = command.resolve ? resolved : composed.config;
  process.stdout.write(command.info === undefined ? toYaml(shown) : defaultsTable(composed.placements));
  return null;
}
