/**
 * What opponents made of other opponents share. Their parts stand under keys that the user chooses (`generator.opponents.KEY`), in the
 * order of the configuration; a part's settings, state and random weights are its own.
 */
import { text, type SettingsRecord } from '../config/settings.ts';
import type {
  AnyGeneratorVariant,
  CheckContext,
  Generator,
  GeneratorContext,
  SettingsProblem,
} from './generator.ts';

/** Found parts by key, in order. */
export type Opponents = Readonly<Record<string, AnyGeneratorVariant>>;

/** An opponent that is made of others: what it is depends on what they are. */
export interface Combination {
  readonly name: string;
  /** @param opponents at least one */
  of(opponents: Opponents): AnyGeneratorVariant;
}

/** A part that has been built. */
export interface Part {
  readonly key: string;
  readonly generator: Generator;
}

/** Keys begin the names of maps and variables, so they hold nothing that would part a name from another's. */
export const PART_KEY = /^[A-Za-z][A-Za-z0-9]*$/;

/** Seeds of parts lie this far apart: a learned opponent takes one for each convolution of its networks. */
const SEEDS_APART = 10_007;

/** The record of `opponents`: one section for each part, with its name and its variant's settings. */
export function opponentsSettings(opponents: Opponents): { readonly opponents: SettingsRecord } {
  const sections = Object.entries(opponents).map(([key, { settings }]) => [
    key,
    { name: text('Which opponent.'), ...settings },
  ]);
  return { opponents: Object.fromEntries(sections) as SettingsRecord };
}

/** What the parts find wrong with their own settings, keys from the combination's section on. */
export function opponentsProblems(
  opponents: Opponents,
  settings: Readonly<Record<string, unknown>>,
  context: CheckContext,
): readonly SettingsProblem[] {
  return Object.entries(opponents).flatMap(([part, variant]) =>
    (variant.check?.(sectionOf(settings, part), context) ?? []).map(({ key, problem }) => ({
      key: `opponents.${part}.${key}`,
      problem,
    })),
  );
}

/** Builds the parts, in order, from seeds of their own; the first has the seed that it would have alone. */
export function createParts(
  opponents: Opponents,
  settings: Readonly<Record<string, unknown>>,
  context: GeneratorContext,
): readonly Part[] {
  return Object.entries(opponents).map(([key, variant], index) => ({
    key,
    generator: variant.create(sectionOf(settings, key), {
      ...context,
      seed: context.seed + SEEDS_APART * index,
    }),
  }));
}

/** State and end of all parts: `KEY/variable` for each variable. */
export function ownedBy(parts: readonly Part[]): Pick<Generator, 'state' | 'dispose'> {
  return {
    state: new Map(
      parts.flatMap(({ key, generator }) =>
        [...generator.state].map(([name, variable]) => [`${key}/${name}`, variable] as const),
      ),
    ),
    dispose: () => {
      parts.forEach(({ generator }) => {
        generator.dispose();
      });
    },
  };
}

/** The settings that the configuration has checked against `opponentsSettings`. */
function sectionOf(
  settings: Readonly<Record<string, unknown>>,
  key: string,
): Readonly<Record<string, unknown>> {
  return (settings['opponents'] as Readonly<Record<string, Readonly<Record<string, unknown>>>>)[key]!;
}
