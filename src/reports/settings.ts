/** Settings of runs: which runs differ in their seed alone, and what to call those that do. */

/** Every setting by its dotted key, as text. */
export type Settings = ReadonlyMap<string, string>;

/** Settings that change no detector: where it runs and what it writes. */
const WITHOUT_EFFECT = /^(run\.|runtime\.(?!precision$)|evaluation\.(batch_size|resamples)$)/;

/** The leaves of a tree of settings; a list is one. */
export function flatSettings(tree: unknown): Settings {
  const flat = new Map<string, string>();
  const walk = (value: unknown, key: string): void => {
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      for (const [name, child] of Object.entries(value)) walk(child, key === '' ? name : `${key}.${name}`);
    } else flat.set(key, typeof value === 'string' ? value : JSON.stringify(value));
  };
  walk(tree, '');
  return flat;
}

/** Equal for runs that differ in their seed alone. A seed elsewhere, such as the data's, is another experiment. */
export function withoutSeed(settings: Settings): Settings {
  return new Map([...settings].filter(([key]) => key !== 'seed' && !WITHOUT_EFFECT.test(key)));
}

/**
 * Names of settings, as short as tells them apart: opponent and detector, other variants where they differ, and of those that are alike in these the settings
 * in which one differs from most of them.
 *
 * @param all different from one another
 */
export function namesOfSettings(all: readonly Settings[]): string[] {
  const keys = [...new Set(all.flatMap((settings) => [...settings.keys()]))];
  const variants = keys.filter(
    (key) =>
      /\.(name|play)$/.test(key) &&
      !/^(generator|discriminator)\.name$/.test(key) &&
      valuesOf(all, key).size > 1,
  );
  const variantOf = (settings: Settings): string =>
    [
      settings.get('generator.name') ?? '?',
      settings.get('discriminator.name') ?? '?',
      ...variants.map((key) => `${key.replace(/\.name$/, '')}=${settings.get(key) ?? '–'}`),
    ].join(' · ');
  return all.map((settings) => {
    const name = variantOf(settings);
    const alike = all.filter((other) => variantOf(other) === name);
    const differing = keys.filter((key) => valuesOf(alike, key).size > 1);
    const shortened = (key: string): string => {
      const last = key.split('.').at(-1)!;
      return differing.filter((other) => other.split('.').at(-1) === last).length === 1 ? last : key;
    };
    const own = differing.filter((key) => !isOfMost(alike, key, settings.get(key)));
    return [name, ...own.map((key) => `${shortened(key)}=${printed(settings.get(key))}`)].join(' · ');
  });
}

/** As one would type it: a list of words without quotes. */
function printed(value: string | undefined): string {
  if (value === undefined) return '–';
  return /^\[("[\w-]+",?)*\]$/.test(value) ? value.replaceAll('"', '') : value;
}

function valuesOf(all: readonly Settings[], key: string): Set<string | undefined> {
  return new Set(all.map((settings) => settings.get(key)));
}

function isOfMost(all: readonly Settings[], key: string, value: string | undefined): boolean {
  return 2 * all.filter((settings) => settings.get(key) === value).length > all.length;
}
