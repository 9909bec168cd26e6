import type { ConfigFiles } from './config-files.ts';
import type { Placement } from './defaults-list.ts';

/**
 * The help text: how the command is used, and the groups of the configuration folder with their options.
 * @param command what the user types, such as `npm run train --`
 */
export function helpText(command: string, files: ConfigFiles): string {
  const groups = files.groups().map((group) => `  ${group}=${files.options(group).join('|')}`);
  return `${command} [flags] [overrides]

Flags
  --cfg job [--resolve]     print the composed configuration and stop
  --info defaults           print the configurations that are merged, in order, and stop
  -m, --multirun            run every combination of a=1,2,3  a=range(1,4)  a=choice(x,y)  group=glob(*)
  -cn, --config-name NAME   the primary configuration, a file of the folder without .yaml
  -cd, --config-dir FOLDER  the folder of configurations, here ${files.dir}
  -h, --help                this text

Overrides
  key.path=value   +key=value (new)   ++key=value (new or not)   ~key (remove)
  group=option     group@package=option   +group=option   ~group
  Quote them for the shell: 'key={a: 1}' 'key="a,b"'

Groups and their options
${groups.join('\n')}
`;
}

/** The merged configurations as a table: file and the package its values go to. */
export function defaultsTable(placements: readonly Placement[]): string {
  const width = Math.max(0, ...placements.map(({ path }) => path.length));
  return placements
    .map(({ path, package: pkg }) => `${path.padEnd(width)}  -> ${pkg === '' ? '_global_' : pkg}\n`)
    .join('');
}
