/** Figures of an attack: what the detector loses by it, and how much the images were changed, out of one row an image. */
import type { ResultsTable } from '../reports/tables.ts';
import { rocAuc } from './metrics.ts';

/** The three states in which each image is judged. */
export const STATES = ['clean', 'adversarial', 'rounded'] as const;
export type State = (typeof STATES)[number];

/** What the detector says of an image. */
export interface Judged {
  /** Cross-entropy to the true label in nats. */
  readonly loss: number;
  /** Probability of 'fake'. */
  readonly score: number;
}

/** How far an image is from the clean one, on the [0, 1] scale. */
export interface Change {
  /** Largest change of a value. */
  readonly linf: number;
  /** Euclidean length over all values. */
  readonly l2: number;
}

/** A bound that the opponent named, and how much of it an image uses; 1 = all. */
export interface BoundUse {
  readonly norm: string;
  readonly limit: number;
  readonly adversarial: number;
  /** After rounding; null for bounds of a map, which rounding does not touch. */
  readonly rounded: number | null;
}

export interface AttackRow {
  readonly id: string;
  /** 1 = fake. */
  readonly label: 0 | 1;
  readonly judged: Readonly<Record<State, Judged>>;
  readonly change: Readonly<Record<'adversarial' | 'rounded', Change>>;
  /** By the bound's name: `pixels`, or a map. */
  readonly bounds: Readonly<Record<string, BoundUse>>;
}

/** A mean and a largest value. */
export interface Spread {
  readonly mean: number;
  readonly max: number;
}

export interface ClassFigures {
  readonly images: number;
  /** Mean cross-entropy. */
  readonly loss: number;
  /** Share of images on the right side of the threshold. */
  readonly accuracy: number;
}

export interface StateFigures {
  readonly all: ClassFigures;
  /** Null where there are none. */
  readonly real: ClassFigures | null;
  readonly fake: ClassFigures | null;
  /** Area under the ROC curve; null with one class alone. */
  readonly auc: number | null;
}

export interface BoundFigures {
  readonly name: string;
  readonly norm: string;
  readonly limit: number;
  readonly images: number;
  /** Share of the limit that images use. */
  readonly adversarial: Spread;
  readonly rounded: Spread | null;
}

export interface AttackFigures {
  readonly detector: Readonly<Record<State, StateFigures>>;
  readonly change: Readonly<Record<'adversarial' | 'rounded', Readonly<Record<keyof Change, Spread>>>>;
  /** An opponent that draws among several names the bounds of each. */
  readonly bounds: readonly BoundFigures[];
}

/**
 * Sums up an attack.
 *
 * @param threshold an image counts as fake from this score on
 * @throws if there are no rows, or a score is not finite
 */
export function attackFigures(rows: readonly AttackRow[], threshold: number): AttackFigures {
  if (rows.length === 0) throw new Error('no images were attacked, so there are no figures');
  const spreads = (state: 'adversarial' | 'rounded') => ({
    linf: spreadOf(rows.map(({ change }) => change[state].linf)),
    l2: spreadOf(rows.map(({ change }) => change[state].l2)),
  });
  const states = STATES.map((state) => [state, stateFigures(rows, state, threshold)] as const);
  return {
    detector: Object.fromEntries(states) as Record<State, StateFigures>,
    change: { adversarial: spreads('adversarial'), rounded: spreads('rounded') },
    bounds: boundFigures(rows),
  };
}

/** The figures as a table, a row a state. */
export function attackTable({ detector, change }: AttackFigures): ResultsTable {
  const percent = (figures: ClassFigures | null): string =>
    figures === null ? '-' : `${(100 * figures.accuracy).toFixed(1)} %`;
  const names = { clean: 'clean', adversarial: 'adversarial', rounded: 'rounded to 8 bits' };
  return {
    columns: ['images', 'loss', 'accuracy', 'real', 'fake', 'AUC', 'largest change', 'mean L2'],
    rows: STATES.map((state) => {
      const { all, real, fake, auc } = detector[state];
      return [
        names[state],
        all.loss.toFixed(3),
        percent(all),
        percent(real),
        percent(fake),
        auc === null ? '-' : auc.toFixed(3),
        state === 'clean' ? '-' : `${(255 * change[state].linf.max).toFixed(2)}/255`,
        state === 'clean' ? '-' : change[state].l2.mean.toFixed(3),
      ];
    }),
  };
}

/** A CSV line (RFC 4180) an image: which PNG it is, and what was measured of it. */
export function attackCsv(rows: readonly AttackRow[], pngs: readonly string[]): string {
  const changed = ['adversarial', 'rounded'] as const;
  const header = [
    'id',
    'label',
    'png',
    ...STATES.flatMap((state) => [`loss_${state}`, `score_${state}`]),
    ...changed.flatMap((state) => [`linf_${state}`, `l2_${state}`]),
  ];
  const quoted = (text: string): string => (/[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text);
  const lines = rows.map(({ id, label, judged, change }, i) => [
    quoted(id),
    label,
    pngs[i],
    ...STATES.flatMap((state) => [judged[state].loss, judged[state].score]),
    ...changed.flatMap((state) => [change[state].linf, change[state].l2]),
  ]);
  return [header, ...lines].map((line) => `${line.join(',')}\n`).join('');
}

function stateFigures(rows: readonly AttackRow[], state: State, threshold: number): StateFigures {
  const figuresOf = (group: readonly AttackRow[]): ClassFigures => ({
    images: group.length,
    loss: spreadOf(group.map(({ judged }) => judged[state].loss)).mean,
    accuracy:
      group.filter(({ judged, label }) => judged[state].score >= threshold === (label === 1)).length /
      group.length,
  });
  const real = rows.filter(({ label }) => label === 0);
  const fake = rows.filter(({ label }) => label === 1);
  return {
    all: figuresOf(rows),
    real: real.length === 0 ? null : figuresOf(real),
    fake: fake.length === 0 ? null : figuresOf(fake),
    auc:
      real.length === 0 || fake.length === 0
        ? null
        : rocAuc(
            rows.map(({ label }) => label),
            rows.map(({ judged }) => judged[state].score),
            { group: `${state} images` },
          ),
  };
}

function boundFigures(rows: readonly AttackRow[]): BoundFigures[] {
  const uses = rows.flatMap(({ bounds }) => Object.entries(bounds).map(([name, use]) => ({ name, ...use })));
  const groups = new Map<string, typeof uses>();
  for (const use of uses) {
    const key = JSON.stringify([use.name, use.norm, use.limit]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [use]);
    else group.push(use);
  }
  return [...groups.values()].map((group) => {
    const { name, norm, limit } = group[0]!;
    const rounded = group.map((use) => use.rounded).filter((share) => share !== null);
    return {
      name,
      norm,
      limit,
      images: group.length,
      adversarial: spreadOf(group.map((use) => use.adversarial)),
      rounded: rounded.length === 0 ? null : spreadOf(rounded),
    };
  });
}

function spreadOf(values: readonly number[]): Spread {
  return {
    mean: values.reduce((sum, value) => sum + value, 0) / values.length,
    max: values.reduce((largest, value) => Math.max(largest, value), -Infinity),
  };
}
