import { ConfigError } from './config-error.ts';
import type { ConfigFiles } from './config-files.ts';
import { decimalRange } from './decimal-range.ts';
import { parseOverride, spellKey } from './overrides.ts';
import type { Override } from './overrides.ts';
import { printOverrideValue } from './override-values.ts';
import type { OverrideCall, OverrideElement, OverrideValue } from './override-values.ts';

/** More jobs than anyone means to start. */
const MOST_JOBS = 100_000;

/**
 * The override sets of a sweep, as Hydra's basic sweeper makes them: the product of `a=1,2,3`, `choice(…)`, `range(…)` and, on
 * groups, `glob(…)`; the last key runs fastest. A key given twice keeps its first place and its last value.
 * @throws ConfigError naming the override that is no sweep that can be counted
 */
export function expandSweep(
  overrides: readonly string[],
  files: ConfigFiles,
): readonly (readonly string[])[] {
  const axes = new Map<string, readonly string[]>();
  for (const override of overrides.map(parseOverride)) {
    const key = spellKey(override);
    axes.set(
      key,
      sweepValues(override, files).map((value) => `${key}=${value}`),
    );
  }
  const count = [...axes.values()].reduce((product, axis) => product * axis.length, 1);
  if (count > MOST_JOBS) throw new ConfigError(`the sweep has ${count} jobs, more than ${MOST_JOBS}`);
  return [...axes.values()].reduce<readonly (readonly string[])[]>(
    (jobs, axis) => jobs.flatMap((job) => axis.map((override) => [...job, override])),
    [[]],
  );
}

/** The values of one override, spelled as overrides. */
function sweepValues(override: Override, files: ConfigFiles): readonly string[] {
  const { elements, text } = override;
  if (elements === undefined) return ['null'];
  const [first] = elements;
  try {
    const values =
      elements.length === 1 && first?.kind === 'call'
        ? callValues(first, override, files)
        : elements.map(noCall);
    if (values.length > MOST_JOBS) throw new SyntaxError(`has more than ${MOST_JOBS} values`);
    return values.map(printOverrideValue);
  } catch (cause) {
    if (!(cause instanceof SyntaxError || cause instanceof RangeError)) throw cause;
    throw new ConfigError(`override '${text}': ${cause.message}`, { cause });
  }
}

function noCall(element: OverrideElement): OverrideValue {
  if (element.kind === 'call') throw new SyntaxError(`${element.name}() inside a sweep is not supported`);
  return element;
}

function callValues(call: OverrideCall, override: Override, files: ConfigFiles): readonly OverrideValue[] {
  switch (call.name) {
    case 'choice':
      return choiceValues(call);
    case 'range':
      return rangeValues(call);
    case 'glob':
      return globValues(call, override, files);
    default:
      throw new SyntaxError(`${call.name}() is not supported; known are choice(), range() and glob()`);
  }
}

function choiceValues(call: OverrideCall): readonly OverrideValue[] {
  if (call.arguments.length === 0) throw new SyntaxError('choice() needs a value');
  return call.arguments.map(({ name, value }) => {
    if (name !== undefined) throw new SyntaxError(`choice() has no argument '${name}'`);
    return withoutQuotes(noCall(value));
  });
}

/** Arguments of functions lose their quotes, in Hydra too. */
function withoutQuotes(value: OverrideValue): OverrideValue {
  return value.kind === 'text' ? { kind: 'text', value: value.value } : value;
}

/** Arguments by name: those without one take the names in order. */
function bindArguments(call: OverrideCall, names: readonly string[]): ReadonlyMap<string, OverrideValue> {
  const bound = new Map<string, OverrideValue>();
  let named = false;
  call.arguments.forEach((argument, index) => {
    named ||= argument.name !== undefined;
    const name = argument.name ?? (named ? undefined : names[index]);
    if (name === undefined || !names.includes(name) || bound.has(name))
      throw new SyntaxError(`the arguments of ${call.name}() are ${names.join(', ')}`);
    bound.set(name, noCall(argument.value));
  });
  return bound;
}

function rangeValues(call: OverrideCall): readonly OverrideValue[] {
  const bound = bindArguments(call, ['start', 'stop', 'step']);
  const [start, stop, step] = ['start', 'stop', 'step'].map((name) => bound.get(name));
  if (start === undefined) throw new SyntaxError('range() needs a start');
  const zero: OverrideValue = { kind: 'int', value: 0n };
  const limits = [stop === undefined ? zero : start, stop ?? start, step ?? { kind: 'int', value: 1n }];
  const values: OverrideValue[] = [];
  for (const value of limits.every((limit) => limit.kind === 'int') ? integers(limits) : floats(limits)) {
    values.push(value);
    if (values.length > MOST_JOBS) throw new SyntaxError(`the range has more than ${MOST_JOBS} values`);
  }
  return values;
}

function* integers(limits: readonly { kind: 'int'; value: bigint }[]): Generator<OverrideValue> {
  const [start = 0n, stop = 0n, step = 1n] = limits.map(({ value }) => value);
  if (step === 0n) throw new SyntaxError('the step of a range must not be 0');
  for (let value = start; step > 0n ? value < stop : value > stop; value += step)
    yield { kind: 'int', value };
}

function* floats(limits: readonly OverrideValue[]): Generator<OverrideValue> {
  const [start = 0, stop = 0, step = 1] = limits.map((limit) => {
    if (limit.kind !== 'int' && limit.kind !== 'float')
      throw new SyntaxError('the arguments of range() must be numbers');
    return Number(limit.value);
  });
  for (const value of decimalRange(start, stop, step)) yield { kind: 'float', value };
}

function globValues(call: OverrideCall, { key }: Override, files: ConfigFiles): readonly OverrideValue[] {
  const bound = bindArguments(call, ['include', 'exclude']);
  const include = patterns(bound.get('include'));
  const exclude = patterns(bound.get('exclude'));
  if (!files.isGroup(key)) throw new SyntaxError(`glob() chooses options of a group, and '${key}' is none`);
  const options = files.options(key);
  const matches = options.filter(
    (option) => include.some((glob) => glob.test(option)) && !exclude.some((glob) => glob.test(option)),
  );
  if (matches.length === 0)
    throw new SyntaxError(`glob() matches no option of '${key}': ${options.join(', ')}`);
  return matches.map((value) => ({ kind: 'text', value }));
}

function patterns(value: OverrideValue | undefined): readonly RegExp[] {
  if (value === undefined || value.kind === 'null') return [];
  return (value.kind === 'list' ? value.items : [value]).map((item) => {
    if (item.kind !== 'text') throw new SyntaxError('the patterns of glob() must be text');
    return globPattern(item.value);
  });
}

/** A file name pattern with `*`, `?`, `[abc]` and `[!abc]`. */
export function globPattern(glob: string): RegExp {
  const source = glob.replace(
    /\[(!?)([^\]]+)\]|[^]/g,
    (token, not: string | undefined, set: string | undefined) => {
      if (set !== undefined) return `[${not === '!' ? '^' : ''}${set.replace(/[\\^]/g, '\\$&')}]`;
      if (token === '*') return '[^]*';
      return token === '?' ? '[^]' : token.replace(/[.*+?^${}()|[\]\\/]/g, '\\$&');
    },
  );
  return new RegExp(`^${source}$`);
}
