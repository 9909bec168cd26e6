/** Curves that other commands left in a run folder: robustness and spectrum, held against the score tables that they were made of. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { macroAuc, pooledAuc, valueOf, type Metric } from '../evaluation/resampled.ts';
import { LeftOut, reading } from './problem.ts';
import { scoresIn, type Line } from './run-test.ts';
import { firstDifference } from './same-figures.ts';

/** AUC over the strength of one corruption, the budget of one opponent, or the frequency of one kind of filter. */
export interface StoredCurve {
  readonly panel: string;
  readonly line: Line;
}

export interface StoredCurves {
  /** What of, as the chart's x axis says. */
  readonly kind: keyof typeof READERS;
  /** AUC on clean images. */
  readonly clean: number;
  readonly curves: readonly StoredCurve[];
  /** Split and number of images: curves of other images are no neighbours. */
  readonly asked: string;
  /** What the command warned of. */
  readonly warnings: readonly string[];
}

const ROBUSTNESS = {
  ...{ file: 'robustness.json', format: 'deepfake-game robustness 1', command: 'robustness' },
  ...{ tables: 'robustness', auc: pooledAuc },
} as const;

/** Where each kind is stored: the file, what it says of itself, the command that makes it, and the score tables, of which the figures are AUCs. */
const READERS = {
  corruptions: { ...ROBUSTNESS, read: corruptionsIn },
  attacks: { ...ROBUSTNESS, read: attacksIn },
  spectrum: {
    ...{ file: 'explanation/explanation.json', format: 'deepfake-game explanation 1', command: 'explain' },
    ...{ tables: 'explanation/scores', auc: macroAuc },
    read: spectrumIn,
  },
} as const;

export type CurveKind = keyof typeof READERS;
export const CURVE_KINDS = Object.keys(READERS) as CurveKind[];

type Stored = Readonly<Record<string, unknown>>;

/** A figure, with the name of the score table that it is of. */
interface Point {
  readonly table: string;
  readonly y: number;
}

interface Curves extends Pick<StoredCurves, 'asked' | 'warnings'> {
  readonly clean: Point;
  /** Whether the clean images are the points at 0. */
  readonly cleanAtZero: boolean;
  readonly points: readonly (Point & { readonly panel: string; readonly x: number })[];
}

/**
 * The curves of a kind in a run folder; null where there are none.
 *
 * @param round of the checkpoint that the report is on
 * @throws LeftOut if the file is damaged, of another version, or of another checkpoint, or its figures are not those of the score tables
 */
export function readCurves(dir: string, kind: CurveKind, round: number): StoredCurves | null {
  const { file: name, format, command, read, tables, auc } = READERS[kind];
  const file = path.join(dir, name);
  if (!existsSync(file)) return null;
  const remedy = `make it anew: npm run ${command} -- ${dir}`;
  return reading(file, remedy, () => {
    const stored = JSON.parse(readFileSync(file, 'utf8')) as Stored;
    if (stored['format'] !== format)
      throw new LeftOut(file, `is '${String(stored['format'])}', and '${format}' is known`, remedy);
    const made = (stored['checkpoint'] as Stored)['round'];
    if (made !== round)
      throw new LeftOut(file, `is of round ${String(made)}, and the test is of round ${round}`, remedy);
    const curves = read(stored);
    if (curves === null) return null;
    for (const point of [curves.clean, ...curves.points]) {
      const scores = path.join(dir, tables, `${point.table}.csv`);
      const difference = firstDifference({ auc: aucIn(scores, auc, remedy) }, { auc: point.y });
      if (difference !== null)
        throw new LeftOut(file, `a figure is not that of ${scores}: ${difference}`, remedy);
    }
    const { clean, asked, warnings } = curves;
    return { kind, clean: clean.y, asked, warnings, curves: curvesOf(curves) };
  });
}

function aucIn(file: string, auc: Metric, remedy: string): number {
  return reading(file, remedy, () => valueOf(auc, scoresIn(file, remedy)));
}

interface Reached {
  readonly auc: { readonly value: number };
}

function corruptionsIn({ corruptions, settings }: Stored): Curves | null {
  if (corruptions === null) return null;
  const { clean, points, images } = corruptions as {
    readonly clean: Reached;
    readonly images: number;
    readonly points: readonly (Reached & { readonly corruption: string; readonly severity: number })[];
  };
  return {
    ...{ asked: askedOf(settings, images), warnings: [], cleanAtZero: true },
    clean: { table: 'clean', y: clean.auc.value },
    points: points.map(({ corruption, severity, auc }) => ({
      ...{ table: `${corruption}-${severity}`, panel: corruption, x: severity, y: auc.value },
    })),
  };
}

function attacksIn({ attacks, settings }: Stored): Curves | null {
  if (attacks === null) return null;
  const { clean, points, images, warnings } = attacks as {
    readonly clean: Reached;
    readonly images: number;
    readonly warnings: readonly { readonly message: string }[];
    readonly points: readonly {
      readonly opponent: string;
      readonly budget: string;
      readonly limit: number;
      readonly adversarial: Reached;
    }[];
  };
  return {
    ...{ asked: askedOf(settings, images), cleanAtZero: true },
    warnings: warnings.map(({ message }) => message),
    clean: { table: 'attacked-clean', y: clean.auc.value },
    points: points.map(({ opponent, budget, limit, adversarial }) => ({
      table: `${opponent}-${limit}`,
      panel: `${opponent}, ${budget === 'eps' ? 'ε in 1/255' : `${budget} in px`}`,
      x: budget === 'eps' ? 255 * limit : limit,
      y: adversarial.auc.value,
    })),
  };
}

/** The frequency of a filter: the middle of the band that it takes away, or the edge of what it keeps. */
function spectrumIn({ spectrum, split, count }: Stored): Curves {
  const filters = spectrum as readonly {
    readonly name: string;
    readonly kind: string;
    readonly from: number;
    readonly to: number;
    readonly auc: { readonly all: { readonly value: number } };
  }[];
  const none = filters.find(({ kind }) => kind === 'none')!;
  return {
    ...{ asked: `${String(count)} images of ${String(split)}`, warnings: [], cleanAtZero: false },
    clean: { table: none.name, y: none.auc.all.value },
    points: filters
      .filter(({ kind }) => kind !== 'none')
      .map(({ name, kind, from, to, auc }) => ({
        ...{ table: name, panel: kind, y: auc.all.value },
        x: kind === 'band-stop' ? (from + to) / 2 : kind === 'low-pass' ? to : from,
      })),
  };
}

function askedOf(settings: unknown, images: number): string {
  return `${images} images of ${String((settings as Stored)['split'])}`;
}

/** A curve a panel, with rising x; from the clean images at 0 where they belong there. */
function curvesOf({ points, clean, cleanAtZero }: Curves): StoredCurve[] {
  return [...new Set(points.map(({ panel }) => panel))].map((panel) => {
    const start = cleanAtZero ? [{ x: 0, y: clean.y }] : [];
    const own = [...start, ...points.filter((point) => point.panel === panel)].sort((a, b) => a.x - b.x);
    return { panel, line: { x: own.map(({ x }) => x), y: own.map(({ y }) => y) } };
  });
}
