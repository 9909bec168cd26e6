/** The settings of `npm run robustness`, checked: its own and those of the opponents that it attacks with. */
import { ConfigError } from './config/config-error.ts';
import { checkSettings } from './config/schema.ts';
import { text, type SettingsRecord } from './config/settings.ts';
import { plainValue, type MapNode } from './config/tree.ts';
import { robustnessSettings, type RobustnessSettings } from './evaluation/robustness/settings.ts';
import type { AnyGeneratorVariant } from './generator/generator.ts';
import type { VariantConfig } from './run-settings.ts';
import { findGenerator, VariantError } from './variants.ts';

/** The budgets that curves are drawn over: settings of opponents, and lists of their values under `attacks`. */
export const BUDGETS = ['eps', 'flow_max', 'sigma_max'] as const;
export type Budget = (typeof BUDGETS)[number];

/** An opponent whose settings are checked, and the setting that its curve is over. */
export interface CurveOpponent {
  readonly key: string;
  readonly variant: AnyGeneratorVariant;
  readonly settings: VariantConfig;
  readonly budget: Budget;
}

export interface RobustnessConfig extends RobustnessSettings {
  readonly opponents: readonly CurveOpponent[];
}

/**
 * Checks a composed configuration, interpolations resolved.
 *
 * @throws ConfigError with every problem; if an opponent has no budget to draw a curve over, or the suite names one that is not there
 */
export async function checkRobustnessConfig(resolved: MapNode): Promise<RobustnessConfig> {
  const found = await findOpponents(resolved);
  const sections = Object.fromEntries(
    found.map(({ key, variant }) => [key, { name: text('Which opponent.'), ...variant.settings }]),
  ) as SettingsRecord;
  const config = checkSettings(resolved, {
    ...robustnessSettings,
    attacks: { ...robustnessSettings.attacks, opponents: sections },
  }) as unknown as RobustnessSettings & {
    readonly attacks: { readonly opponents: Readonly<Record<string, VariantConfig>> };
  };
  const opponents = found.map(({ key, variant }) => ({
    key,
    variant,
    settings: config.attacks.opponents[key]!,
    budget: budgetOf(key, variant),
  }));
  const known = opponents.filter(({ budget }) => budget === 'eps').map(({ key }) => key);
  const stray = config.attacks.suite.find((key) => !known.includes(key));
  if (stray !== undefined) {
    throw new ConfigError(
      `'attacks.suite' names ${stray}, but the opponents that eps bounds are ${known.join(', ') || 'none'}`,
    );
  }
  return { ...config, opponents };
}

async function findOpponents(
  resolved: MapNode,
): Promise<readonly { readonly key: string; readonly variant: AnyGeneratorVariant }[]> {
  const attacks = resolved.entries.get('attacks');
  const opponents = attacks?.kind === 'map' ? attacks.entries.get('opponents') : undefined;
  if (opponents?.kind !== 'map') return [];
  const named = plainValue(opponents) as Readonly<Record<string, Readonly<Record<string, unknown>>>>;
  try {
    return await Promise.all(
      Object.entries(named).map(async ([key, section]) => ({
        key,
        variant: await findGenerator(section, `attacks.opponents.${key}`),
      })),
    );
  } catch (error) {
    if (!(error instanceof VariantError)) throw error;
    throw new ConfigError(error.message, { cause: error });
  }
}

function budgetOf(key: string, { name, settings }: AnyGeneratorVariant): Budget {
  const budget = BUDGETS.find((each) => each in settings);
  if (budget === undefined) {
    throw new ConfigError(
      `'attacks.opponents.${key}' is ${name}, which has no setting ${BUDGETS.join(' or ')} to draw a curve over; take it out with ~generator@attacks.opponents.${key}`,
    );
  }
  return budget;
}
