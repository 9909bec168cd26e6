/** The runs of a study, and what each has to be told. */
import path from 'node:path';
import { ConfigError } from '../config/config-error.ts';
import { parseOverride, spellKey } from '../config/overrides.ts';
import type { Study } from './study.ts';

/** One training of a study. */
export interface PlannedRun {
  readonly row: string;
  /** Null in a study without folds. */
  readonly fold: string | null;
  readonly seed: number;
  /** `ROW-sSEED` or `ROW-FOLD-sSEED`: what messages call it, and its folder. */
  readonly name: string;
  readonly dir: string;
  /** What `npm run train` is given. */
  readonly overrides: readonly string[];
}

/** Keys that the study itself sets in each run. */
const OWN = ['seed', 'run.dir'];

/**
 * The runs in the order in which they are made: all rows with the first seed before the second one, so that a study that is stopped has whole seeds.
 *
 * @param more overrides for every run, from the command line
 * @throws ConfigError if an override for every run sets what rows or folds differ in, or the seed or folder of a run
 */
export function planRuns(study: Study, more: readonly string[]): readonly PlannedRun[] {
  const { rows, folds, seeds, common, dir } = study;
  refuseSetTwice(study, more);
  return seeds.flatMap((seed) =>
    foldsOf(study).flatMap((fold) =>
      Object.entries(rows).map(([row, own]): PlannedRun => {
        const name = runName(row, fold, seed);
        const folder = path.join(dir, name);
        const overrides = [...common, ...own, ...(fold === null ? [] : folds[fold]!), ...more];
        return {
          ...{ row, fold, seed, name, dir: folder },
          overrides: [...overrides, `seed=${seed}`, `run.dir=${folder}`],
        };
      }),
    ),
  );
}

/** The folds by name; null where the rows are trained as they are. */
export function foldsOf({ folds }: Study): readonly (string | null)[] {
  const names = Object.keys(folds);
  return names.length === 0 ? [null] : names;
}

/** What a run and its folder are called. */
export function runName(row: string, fold: string | null, seed: number): string {
  return `${row}${fold === null ? '' : `-${fold}`}-s${seed}`;
}

/** What would make rows alike, or be lost: the later override of a key counts. */
function refuseSetTwice({ rows, folds, common }: Study, more: readonly string[]): void {
  const keyOf = (override: string): string => spellKey(parseOverride(override)).replace(/^[+~]+/, '');
  const differing = new Map<string, string>();
  for (const [section, named] of Object.entries({ rows, folds })) {
    for (const [name, overrides] of Object.entries(named)) {
      for (const override of overrides) differing.set(keyOf(override), `${section}.${name}`);
    }
  }
  const problems: string[] = [];
  for (const override of [...common, ...more]) {
    const key = keyOf(override);
    const where = differing.get(key);
    if (OWN.includes(key)) {
      problems.push(
        `override '${override}': the study sets '${key}' in each run; its own are 'seeds' and 'dir'`,
      );
    } else if (where !== undefined && more.includes(override)) {
      problems.push(
        `override '${override}': '${key}' is what the study varies (${where}); to change a row write rows.NAME=[…]`,
      );
    }
  }
  if (problems.length > 0) throw new ConfigError(problems);
}
