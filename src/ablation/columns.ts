/** The columns of a comparison: which parts each figure is the mean of, the same for all rows. */
import type { ColumnChoice } from './study.ts';
import { partsOf, type Part } from './parts.ts';
import type { Test, TestedStudyRun } from './read-study.ts';

export interface Column {
  /** `unseen`, `faceswap`, `celeb-df`. */
  readonly title: string;
  readonly parts: readonly Part[];
}

export interface Columns {
  readonly columns: readonly Column[];
  /** Choices that no manipulation of the tests belongs to. */
  readonly absent: readonly ColumnChoice[];
}

/** Which parts of a test belong to a choice of columns, and whether each stands alone. */
const CHOICES: Readonly<Record<ColumnChoice, { readonly seen: boolean | null; readonly each: boolean }>> = {
  seen: { seen: true, each: false },
  unseen: { seen: false, each: false },
  all: { seen: null, each: false },
  'seen-each': { seen: true, each: true },
  'unseen-each': { seen: false, each: true },
  each: { seen: null, each: true },
};

/**
 * The columns that are asked for of the runs' own tests, over all folds, and one for each further test, of all its manipulations.
 *
 * @throws if rows of the table have seen different manipulations in training, and a column says `seen` or `unseen`: their figures would be of different fakes;
 *   or if there is no column at all
 */
export function columnsOf(choices: readonly ColumnChoice[], runs: readonly TestedStudyRun[]): Columns {
  const folds = new Map<string | null, Test>();
  for (const { run, tests } of runs) {
    const [own] = tests as [Test];
    const first = folds.get(run.fold);
    if (first === undefined) folds.set(run.fold, own);
    else if (choices.some((choice) => CHOICES[choice].seen !== null)) requireSameSeen(first, own);
  }
  const parts = [...folds].flatMap(([fold, test]) =>
    partsOf(fold, null, test.rows).map((part) => ({ part, seen: test.seen.includes(part.manipulation) })),
  );
  const partsIn = (seen: boolean | null): Part[] =>
    parts.filter((each) => seen === null || each.seen === seen).map(({ part }) => part);
  const absent = choices.filter((choice) => partsIn(CHOICES[choice].seen).length === 0);
  const own = choices.flatMap((choice): Column[] => {
    const { seen, each } = CHOICES[choice];
    const chosen = partsIn(seen);
    if (absent.includes(choice)) return [];
    if (!each) return [{ title: choice, parts: chosen }];
    const prefix = seen === null ? '' : seen ? 'seen ' : 'unseen ';
    const titles = [...new Set(chosen.map(titleOf))];
    return titles.map((title) => ({
      title: `${prefix}${title}`,
      parts: chosen.filter((part) => titleOf(part) === title),
    }));
  });
  const columns = [...own, ...furtherColumns(runs)];
  if (columns.length === 0) {
    throw new Error(
      `no manipulation of the test is ${choices.join(' or ')}, so the table has no figures: take columns=[all]`,
    );
  }
  return { columns, absent };
}

/** Names a part without its fold. */
export function titleOf({ manipulation, compression }: Part): string {
  return compression === null ? manipulation : `${manipulation} ${compression}`;
}

function furtherColumns(runs: readonly TestedStudyRun[]): Column[] {
  const parts = new Map<string, Part[]>();
  const known = new Set<string>();
  for (const { run, tests } of runs) {
    for (const { on, rows } of tests) {
      const key = JSON.stringify([run.fold, on]);
      if (on === null || known.has(key)) continue;
      known.add(key);
      parts.set(on, [...(parts.get(on) ?? []), ...partsOf(run.fold, on, rows)]);
    }
  }
  return [...parts].map(([title, parts]) => ({ title, parts }));
}

function requireSameSeen(first: Test, other: Test): void {
  const [a, b] = [first, other].map(({ seen }) => [...seen].sort().join(', ') || 'none of them');
  if (a !== b) {
    throw new Error(
      `${first.name} was trained on ${a}, ${other.name} on ${b}: their AUC seen or unseen is not of the same fakes. Take columns=[all] or ` +
        'columns=[each], or table=matrix',
    );
  }
}
