/** Curves that other commands left in a run folder: robustness and spectrum. They are shown as they were measured. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { LeftOut, reading } from './problem.ts';
import type { Line } from './run-test.ts';

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

/** Where each kind is stored: the file, what it says of itself, and the command that makes it. */
const READERS = {
  corruptions: {
    file: 'robustness.json',
    format: 'deepfake-game robustness 1',
    command: 'robustness',
    read: corruptionsIn,
  },
  attacks: {
    file: 'robustness.json',
    format: 'deepfake-game robustness 1',
    command: 'robustness',
    read: attacksIn,
  },
  spectrum: {
    file: 'explanation/explanation.json',
    format: 'deepfake-game explanation 1',
    command: 'explain',
    read: spectrumIn,
  },
} as const;

export type CurveKind = keyof typeof READERS;
export const CURVE_KINDS = Object.keys(READERS) as CurveKind[];

type Stored = Readonly<Record<string, unknown>>;
type Curves = Omit<StoredCurves, 'kind'>;

/**
 * The curves of a kind in a run folder; null where there are none.
 *
 * @param round of the checkpoint that the report is on
 * @throws LeftOut if the file is damaged, of another version, or of another checkpoint
 */
export function readCurves(dir: string, kind: CurveKind, round: number): StoredCurves | null {
  const { file: name, format, command, read } = READERS[kind];
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
    return curves === null ? null : { kind, ...curves };
  });
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
    ...{ clean: finite(clean.auc.value), asked: askedOf(settings, images), warnings: [] },
    curves: curvesOf(
      points.map(({ corruption, severity, auc }) => ({ panel: corruption, x: severity, y: auc.value })),
      clean.auc.value,
    ),
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
    ...{ clean: finite(clean.auc.value), asked: askedOf(settings, images) },
    warnings: warnings.map(({ message }) => message),
    curves: curvesOf(
      points.map(({ opponent, budget, limit, adversarial }) => ({
        panel: `${opponent}, ${budget === 'eps' ? 'ε in 1/255' : `${budget} in px`}`,
        x: budget === 'eps' ? 255 * limit : limit,
        y: adversarial.auc.value,
      })),
      clean.auc.value,
    ),
  };
}

/** The frequency of a filter: the middle of the band that it takes away, or the edge of what it keeps. */
function spectrumIn({ spectrum, split, count }: Stored): Curves {
  const filters = spectrum as readonly {
    readonly kind: string;
    readonly from: number;
    readonly to: number;
    readonly auc: { readonly all: { readonly value: number } };
  }[];
  const clean = filters.find(({ kind }) => kind === 'none')!.auc.all.value;
  const points = filters
    .filter(({ kind }) => kind !== 'none')
    .map(({ kind, from, to, auc }) => ({
      panel: kind,
      x: kind === 'band-stop' ? (from + to) / 2 : kind === 'low-pass' ? to : from,
      y: auc.all.value,
    }));
  return {
    clean: finite(clean),
    asked: `${String(count)} images of ${String(split)}`,
    warnings: [],
    curves: curvesOf(points),
  };
}

function askedOf(settings: unknown, images: number): string {
  return `${images} images of ${String((settings as Stored)['split'])}`;
}

/** A curve a panel, with rising x; from the clean images at 0 where they belong there. */
function curvesOf(
  points: readonly { readonly panel: string; readonly x: number; readonly y: number }[],
  atZero?: number,
): StoredCurve[] {
  return [...new Set(points.map(({ panel }) => panel))].map((panel) => {
    const start = atZero === undefined ? [] : [{ x: 0, y: atZero }];
    const own = [...start, ...points.filter((point) => point.panel === panel)].sort((a, b) => a.x - b.x);
    return { panel, line: { x: own.map(({ x }) => finite(x)), y: own.map(({ y }) => finite(y)) } };
  });
}

function finite(value: number): number {
  if (!Number.isFinite(value)) throw new Error(`a figure is ${String(value)}`);
  return value;
}
