/** Whether figures of several runs may stand side by side: the same test, by the same labels, whole. */
import type { SetDigest } from './digest.ts';
import type { ScoreRow } from './scores.ts';

/** A run's test, as far as others are compared with it. */
export interface TestedRun {
  /** What messages and tables call it. */
  readonly name: string;
  readonly rows: readonly ScoreRow[];
  /** What the test set was; null where an older evaluation did not write it down. */
  readonly test: SetDigest | null;
}

/**
 * What keeps runs from being compared, a sentence each, the first run being the measure: other samples, labels or units, images that changed in between, scores
 * that are not finite, one class alone. Empty where nothing does. Of runs without digests, or with images of different sizes, changed images cannot be told.
 */
export function problemsOf(runs: readonly TestedRun[]): string[] {
  const [first] = runs;
  if (first === undefined) return ['there are no runs to compare'];
  return runs.flatMap((run) => [
    ...problemsWithin(run),
    ...(run === first ? [] : [...problemsBetween(first, run), ...changedImages(first, run)]),
  ]);
}

/** Throws an error with every problem that {@link problemsOf} finds. */
export function requireComparable(runs: readonly TestedRun[]): void {
  const problems = problemsOf(runs);
  if (problems.length > 0) {
    throw new Error(
      `these runs cannot be compared:\n${problems.map((problem) => `  ${problem}`).join('\n')}\nEvaluate all of them on the same test set`,
    );
  }
}

/**
 * The rows of `other` in the order of `rows`.
 *
 * @throws naming the first difference, if the two are not of the same samples with the same labels, manipulations and units
 */
export function pairRows(
  rows: readonly ScoreRow[],
  other: readonly ScoreRow[],
  names: readonly [string, string] = ['the first', 'the second'],
): ScoreRow[] {
  const [problem] = problemsBetween(
    { name: names[0], rows, test: null },
    { name: names[1], rows: other, test: null },
  );
  if (problem !== undefined) throw new Error(`${problem}; evaluate both on the same test set`);
  const byId = new Map(other.map((row) => [row.id, row]));
  return rows.map(({ id }) => byId.get(id)!);
}

/** The seeds that each of several settings lacks of those that any of them has; a mean over other seeds is another figure. */
export function missingSeeds(
  runs: readonly { readonly name: string; readonly seed: number }[],
): { readonly name: string; readonly seeds: readonly number[] }[] {
  const all = [...new Set(runs.map(({ seed }) => seed))].sort((a, b) => a - b);
  const names = [...new Set(runs.map(({ name }) => name))];
  return names
    .map((name) => {
      const own = new Set(runs.filter((run) => run.name === name).map(({ seed }) => seed));
      return { name, seeds: all.filter((seed) => !own.has(seed)) };
    })
    .filter(({ seeds }) => seeds.length > 0);
}

function problemsWithin({ name, rows }: TestedRun): string[] {
  const broken = rows.find(({ score }) => !Number.isFinite(score));
  const fakes = rows.filter(({ label }) => label === 1).length;
  return [
    ...(broken === undefined ? [] : [`${name}: the score of ${broken.id} is ${broken.score}`]),
    ...(fakes > 0 && fakes < rows.length
      ? []
      : [
          `${name}: its test holds ${rows.length === 0 ? 'no rows' : fakes === 0 ? 'only reals' : 'only fakes'}`,
        ]),
  ];
}

function problemsBetween(first: TestedRun, run: TestedRun): string[] {
  const known = new Map(first.rows.map((row) => [row.id, row]));
  const own = new Set(run.rows.map(({ id }) => id));
  const problems: string[] = [];
  const tell = (rows: readonly ScoreRow[], what: string): void => {
    if (rows.length > 0)
      problems.push(`${run.name}: ${rows.length} of its test ${what}, such as ${rows[0]!.id}`);
  };
  tell(
    run.rows.filter(({ id }) => !known.has(id)),
    `are not in that of ${first.name}`,
  );
  const absent = first.rows.filter(({ id }) => !own.has(id));
  if (absent.length > 0) {
    problems.push(
      `${run.name}: ${absent.length} of the test of ${first.name} are missing, such as ${absent[0]!.id}`,
    );
  }
  for (const key of ['label', 'manipulation', 'videoId', 'split'] as const) {
    tell(
      run.rows.filter((row) => (known.get(row.id) ?? row)[key] !== row[key]),
      `have another ${key} than in that of ${first.name}`,
    );
  }
  return problems;
}

function changedImages(first: TestedRun, run: TestedRun): string[] {
  const [a, b] = [first.test, run.test];
  return a !== null && b !== null && a.size === b.size && a.samples === b.samples && a.pixels !== b.pixels
    ? [
        `${run.name}: its test has the samples of that of ${first.name}, but other pixels: the images have changed in between`,
      ]
    : [];
}
