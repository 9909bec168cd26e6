import { ConfigError } from './config-error.ts';
import type { ConfigNode, Origin } from './tree.ts';
import { parseOverrideValue } from './override-values.ts';

/** What interpolations may read besides the configuration itself. */
export interface ResolveContext {
  /** For `${oc.env:NAME}`. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For `${now:…}`: one moment for the whole run, in local time. */
  readonly now: Date;
  /** For `${hydra:job.num}` and its like, by the text after the colon. */
  readonly hydra: Readonly<Record<string, string | number>>;
}

export interface ResolvedArgument {
  readonly text: string;
  readonly quoted: boolean;
}

type Resolver = (args: readonly ResolvedArgument[], context: ResolveContext, origin: Origin) => ConfigNode;

const RESOLVERS: Readonly<Record<string, Resolver>> = { 'oc.env': environment, now, hydra };

/**
 * The value of `${name:argument,…}`.
 * @throws ConfigError naming the place for an unknown resolver, wrong arguments, or a variable that is not set
 */
export function callResolver(
  name: string,
  args: readonly ResolvedArgument[],
  context: ResolveContext,
  origin: Origin,
): ConfigNode {
  const resolver = Object.hasOwn(RESOLVERS, name) ? RESOLVERS[name] : undefined;
  if (resolver === undefined)
    throw new ConfigError(
      `${origin.place}: the resolver '${name}' is not supported; known are ${Object.keys(RESOLVERS).join(', ')}`,
    );
  return resolver(args, context, origin);
}

function environment(args: readonly ResolvedArgument[], context: ResolveContext, origin: Origin): ConfigNode {
  const [variable, fallback] = args;
  if (variable === undefined || args.length > 2)
    throw new ConfigError(`${origin.place}: oc.env takes a variable's name and, if need be, a default`);
  const value = context.env[variable.text];
  if (value !== undefined) return { kind: 'text', value, origin };
  if (fallback === undefined)
    throw new ConfigError(`${origin.place}: the environment variable '${variable.text}' is not set`);
  if (!fallback.quoted && /^null$/i.test(fallback.text)) return { kind: 'null', origin };
  return { kind: 'text', value: spellDefault(fallback), origin };
}

/** An unquoted default is read as a value and spelled as text again: 1_000 becomes 1000, true becomes True. */
function spellDefault({ text, quoted }: ResolvedArgument): string {
  if (quoted || !/^(?:true|false|[+-]?[0-9][0-9_]*)$/i.test(text)) return text;
  const [value] = parseOverrideValue(text);
  if (value?.kind === 'bool') return value.value ? 'True' : 'False';
  return value?.kind === 'int' ? String(value.value) : text;
}

/** strftime's fields that are supported. */
const FIELDS: Readonly<Record<string, (time: Date) => string>> = {
  Y: (time) => String(time.getFullYear()).padStart(4, '0'),
  y: (time) => two(time.getFullYear() % 100),
  m: (time) => two(time.getMonth() + 1),
  d: (time) => two(time.getDate()),
  H: (time) => two(time.getHours()),
  M: (time) => two(time.getMinutes()),
  S: (time) => two(time.getSeconds()),
  f: (time) => `${String(time.getMilliseconds()).padStart(3, '0')}000`,
  '%': () => '%',
};

function two(value: number): string {
  return String(value).padStart(2, '0');
}

function now(args: readonly ResolvedArgument[], context: ResolveContext, origin: Origin): ConfigNode {
  const [format] = args;
  if (format === undefined || args.length > 1)
    throw new ConfigError(`${origin.place}: now takes one format, such as \${now:%Y-%m-%d}`);
  const value = format.text.replace(/%(.?)/g, (_, letter: string) => {
    const field = Object.hasOwn(FIELDS, letter) ? FIELDS[letter] : undefined;
    if (field === undefined)
      throw new ConfigError(
        `${origin.place}: '%${letter}' is not supported in now:; known are ${Object.keys(FIELDS)
          .map((known) => `%${known}`)
          .join(' ')}`,
      );
    return field(context.now);
  });
  return { kind: 'text', value, origin };
}

function hydra(args: readonly ResolvedArgument[], context: ResolveContext, origin: Origin): ConfigNode {
  const [key] = args;
  const value =
    key !== undefined && Object.hasOwn(context.hydra, key.text) ? context.hydra[key.text] : undefined;
  if (value === undefined || args.length > 1)
    throw new ConfigError(
      `${origin.place}: \${hydra:${key?.text ?? ''}} is not known here; known are ${Object.keys(context.hydra).join(', ')}`,
    );
  return typeof value === 'number'
    ? { kind: 'int', value: BigInt(value), origin }
    : { kind: 'text', value, origin };
}
