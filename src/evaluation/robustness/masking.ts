/**
 * Signs that a detector only seems robust, because attacks cannot use its gradients (Athalye, Carlini & Wagner, "Obfuscated gradients give a
 * false sense of security", ICML 2018; Carlini et al., "On evaluating adversarial robustness", 2019). A figure of robustness with such a
 * flag is no lower bound of anything.
 */
import type { GradientProbe } from './gradient-probe.ts';

export type MaskingFlag =
  | 'randomised'
  | 'probabilities'
  | 'zero_gradients'
  | 'saturated'
  | 'wrong_gradients'
  | 'black_box_stronger'
  | 'larger_budget_weaker'
  | 'more_steps_weaker';

export interface MaskingWarning {
  readonly flag: MaskingFlag;
  /** What was seen, and what to do. */
  readonly message: string;
}

/** How many images stay right under one opponent, by its budget. */
export interface RobustCurve {
  readonly opponent: string;
  readonly blackBox: boolean;
  /** Gradient steps of an attempt. */
  readonly steps: number;
  /** With rising limits. */
  readonly points: readonly { readonly limit: number; readonly accuracy: number }[];
}

/** Shares of right images that differ by no more are the same: AutoAttack's .2 points. */
const SAME = 0.002;
/** Shares of images from which on wrong gradients are a sign: one step may cross a bend of an honest detector. */
const WRONG = 0.1;

/** The flags of what the detector showed of itself. */
export function probeWarnings(probe: GradientProbe): MaskingWarning[] {
  const { spread, zeroGradients, saturated, wrongGradients } = probe;
  const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
  const found: (MaskingWarning | false)[] = [
    probe.randomised && {
      flag: 'randomised',
      message: `the same images give other outputs each time, up to ${spread.toPrecision(2)} apart: attacks need the mean of many passes`,
    },
    probe.probabilities && {
      flag: 'probabilities',
      message: 'the outputs are probabilities, not logits: give attacks what stands before the softmax',
    },
    zeroGradients > 0 && {
      flag: 'zero_gradients',
      message: `the gradient of the logits is 0 for ${percent(zeroGradients)} of the images: something in the detector cannot be differentiated, only black-box attacks tell`,
    },
    saturated > 0 && {
      flag: 'saturated',
      message: `the gradient of the cross-entropy is 0 for ${percent(saturated)} of the images, that of the logits is not: the logits are too far apart for float32, attack the margin`,
    },
    wrongGradients !== null &&
      wrongGradients > WRONG && {
        flag: 'wrong_gradients',
        message: `the logits do not change along their gradient as it says for ${percent(wrongGradients)} of the images: what is computed forwards is not what is differentiated, as where images are purified or optimised first`,
      },
  ];
  return found.filter((warning): warning is MaskingWarning => warning !== false);
}

/** The flags of what attacks of the same budgets reached. */
export function curveWarnings(curves: readonly RobustCurve[]): MaskingWarning[] {
  const white = curves.filter(({ blackBox }) => !blackBox);
  return [
    ...againstEach(
      curves.filter(({ blackBox }) => blackBox),
      white,
      'black_box_stronger',
      'without a gradient reaches more than all with one: gradients are masked, or the others need more steps',
    ),
    ...againstEach(
      white.filter(({ steps }) => steps === 1),
      white.filter(({ steps }) => steps > 1),
      'more_steps_weaker',
      'with one step reaches more than all with many: the loss bends too sharply to be followed',
    ),
    ...curves.flatMap((curve) => widerIsWeaker(curve, curves)),
  ];
}

/** A warning for each of `some` that somewhere leaves fewer images right than the best of `all`. */
function againstEach(
  some: readonly RobustCurve[],
  all: readonly RobustCurve[],
  flag: MaskingFlag,
  meaning: string,
): MaskingWarning[] {
  return some.flatMap(({ opponent, points }) => {
    const seen = points.flatMap(({ limit, accuracy }) => {
      const others = all.flatMap((curve) =>
        curve.points.filter((point) => point.limit === limit).map((point) => point.accuracy),
      );
      const best = Math.min(...others);
      return others.length > 0 && accuracy < best - SAME ? [{ limit, accuracy, best }] : [];
    });
    const [first] = seen;
    if (first === undefined) return [];
    const figures = `${first.accuracy.toFixed(3)} against ${first.best.toFixed(3)} right at ${first.limit}`;
    return [{ flag, message: `${opponent} ${meaning} (${figures})` }];
  });
}

/** Of an opponent that finds less with more, where no other one finds what it misses: a step that overshoots is no fault of the detector. */
function widerIsWeaker({ opponent, points }: RobustCurve, all: readonly RobustCurve[]): MaskingWarning[] {
  const bestAt = (at: number): number =>
    Math.min(
      ...all.flatMap((curve) =>
        curve.points.filter(({ limit }) => limit === at).map((point) => point.accuracy),
      ),
    );
  const at = points.findIndex(({ limit }, i) => i > 0 && bestAt(limit) > points[i - 1]!.accuracy + SAME);
  if (at === -1) return [];
  const [less, more] = [points[at - 1]!, points[at]!];
  const message = `${opponent} leaves ${more.accuracy.toFixed(3)} right with ${more.limit} and ${less.accuracy.toFixed(3)} with ${less.limit}, though a larger budget holds the smaller one: it does not find what is there`;
  return [{ flag: 'larger_budget_weaker', message }];
}
