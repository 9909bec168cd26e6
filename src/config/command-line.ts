import { ConfigError } from './config-error.ts';
import { didYouMean } from './did-you-mean.ts';

/** What a command line asks for; which of it to do is the script's business. */
export interface CommandLine {
  readonly overrides: readonly string[];
  /** `--cfg job`: print the composed configuration and nothing else. */
  readonly cfg: 'job' | undefined;
  /** `--resolve`: with its interpolations resolved. */
  readonly resolve: boolean;
  /** `--info defaults`: print the configurations that are merged, in order. */
  readonly info: 'defaults' | undefined;
  /** `--multirun`, `-m`: run every combination of the sweep. */
  readonly multirun: boolean;
  readonly configName: string | undefined;
  readonly configDir: string | undefined;
  readonly help: boolean;
}

type FlagName = 'cfg' | 'resolve' | 'info' | 'multirun' | 'configName' | 'configDir' | 'help';

const FLAGS: Readonly<Record<string, FlagName>> = {
  '--cfg': 'cfg',
  '-c': 'cfg',
  '--resolve': 'resolve',
  '--info': 'info',
  '-i': 'info',
  '--multirun': 'multirun',
  '-m': 'multirun',
  '--config-name': 'configName',
  '-cn': 'configName',
  '--config-dir': 'configDir',
  '-cd': 'configDir',
  '--help': 'help',
  '-h': 'help',
};

/** The flags that take a value, with the values that are known; none known: any. */
const VALUES: Readonly<Partial<Record<FlagName, readonly string[]>>> = {
  cfg: ['job'],
  info: ['defaults'],
  configName: [],
  configDir: [],
};

/** Hydra's flags that are not there, and what to do instead. */
const NOT_SUPPORTED: Readonly<Record<string, string>> = {
  '--package': 'pipe the YAML of --cfg job into a filter',
  '-p': 'pipe the YAML of --cfg job into a filter',
  '--config-path': 'name the folder with --config-dir',
  '-cp': 'name the folder with --config-dir',
  '--run': 'leave it out: one run is what happens without --multirun',
  '-r': 'leave it out: one run is what happens without --multirun',
  '--shell-completion': 'there is no completion yet',
  '-sc': 'there is no completion yet',
  '--hydra-help': 'see --help',
  '--version': 'see package.json',
  '--experimental-rerun': 'resume a run from its checkpoint',
};

/**
 * Reads a command line: flags anywhere, everything else is an override. After `--` all is overrides.
 * @param argv the arguments without the program's own (`process.argv.slice(2)`)
 * @throws ConfigError naming the argument and the remedy
 */
export function parseCommandLine(argv: readonly string[]): CommandLine {
  const overrides: string[] = [];
  const given = new Map<FlagName, string>();
  for (let at = 0; at < argv.length; at++) {
    const argument = argv[at] ?? '';
    if (argument === '--') {
      overrides.push(...argv.slice(at + 1));
      break;
    }
    if (!argument.startsWith('-')) {
      overrides.push(argument);
      continue;
    }
    const { flag, value, used } = readFlag(argument, argv[at + 1]);
    if (given.has(flag) && given.get(flag) !== value)
      throw new ConfigError(`${argument}: the flag is given twice`);
    given.set(flag, value);
    at += used;
  }
  if (given.has('resolve') && !given.has('cfg')) throw new ConfigError('--resolve goes with --cfg job');
  return {
    overrides,
    cfg: given.has('cfg') ? 'job' : undefined,
    resolve: given.has('resolve'),
    info: given.has('info') ? 'defaults' : undefined,
    multirun: given.has('multirun'),
    configName: given.get('configName'),
    configDir: given.get('configDir'),
    help: given.has('help'),
  };
}

/** One flag: `--name`, `--name value` or `--name=value`; `used` counts the arguments after it that it takes. */
function readFlag(
  argument: string,
  next: string | undefined,
): { flag: FlagName; value: string; used: number } {
  const [, name = '', attached] = /^([^=]*)(?:=([^]*))?$/.exec(argument) ?? [];
  const flag = Object.hasOwn(FLAGS, name) ? FLAGS[name] : undefined;
  if (flag === undefined) throw unknownFlag(name);
  const known = VALUES[flag];
  if (known === undefined) {
    if (attached !== undefined) throw new ConfigError(`${argument}: the flag takes no value`);
    return { flag, value: '', used: 0 };
  }
  const value = attached ?? next;
  if (value === undefined || value === '') throw new ConfigError(`${name}: the value is missing`);
  if (known.length > 0 && !known.includes(value))
    throw new ConfigError(`${name} ${value}: not supported; known is ${known.join(', ')}`);
  return { flag, value, used: attached === undefined ? 1 : 0 };
}

function unknownFlag(name: string): ConfigError {
  const remedy = Object.hasOwn(NOT_SUPPORTED, name) ? NOT_SUPPORTED[name] : undefined;
  if (remedy !== undefined) return new ConfigError(`${name} is not supported; ${remedy}`);
  return new ConfigError(`${name}: unknown flag.${didYouMean(name, Object.keys(FLAGS))} See --help.`);
}
