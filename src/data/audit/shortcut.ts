/** Whether files give the label away by their size, format and compression alone (Grommelt et al. 2024, arXiv 2403.17608). */
import type { Looked } from './audit.ts';
import { areaUnderCurve, crossValidatedAuc, type Example } from './boosted-stumps.ts';
import { FEATURES, featuresOf } from './traits.ts';

/** An AUC above it is refused. */
export const HIGHEST_AUC = 0.6;

export interface Shortcut {
  /** Of boosted stumps on what files tell of themselves, cross-validated by video. */
  readonly auc: number;
  /** About a standard error of it: Hanley & McNeil (1982), with the number of videos of each class in place of images. */
  readonly error: number;
  /** The single number that tells most, with its AUC, either way round. */
  readonly strongest: { readonly feature: string; readonly auc: number };
  /** Whether the AUC is above {@link HIGHEST_AUC}, and more than two errors above chance. */
  readonly isRefused: boolean;
  /** Where there are too few videos to be sure; else null. */
  readonly note: string | null;
}

/** The classifier's figures; null where fewer than two videos of a class were opened. */
export function shortcutOf(looked: readonly Looked[], seed: number): Shortcut | null {
  const words = [...new Set(looked.flatMap(({ traits }) => [traits.format, traits.subsampling]))].sort();
  const examples = looked.map(({ sample, traits }): Example => ({
    features: featuresOf(traits, words),
    label: sample.label,
    group: sample.videoId,
  }));
  const videos = ([0, 1] as const).map(
    (label) => new Set(examples.filter((each) => each.label === label).map(({ group }) => group)).size,
  );
  const [reals, fakes] = videos as [number, number];
  if (reals < 2 || fakes < 2) return null;
  const auc = crossValidatedAuc(examples, seed);
  const error = hanleyMcNeil(auc, reals, fakes);
  const singles = FEATURES.map((feature, f) => {
    const alone = areaUnderCurve(examples.map(({ features, label }) => ({ score: features[f]!, label })));
    return { feature, auc: Math.max(alone, 1 - alone) };
  });
  return {
    auc,
    error,
    strongest: singles.reduce((best, each) => (each.auc > best.auc ? each : best)),
    isRefused: auc > HIGHEST_AUC && auc - 2 * error > 0.5,
    note:
      error > 0.05
        ? `${reals} real and ${fakes} fake videos are few: the AUC is sure to ±${(2 * error).toFixed(2)} only`
        : null,
  };
}

function hanleyMcNeil(auc: number, reals: number, fakes: number): number {
  const [q1, q2] = [auc / (2 - auc), (2 * auc * auc) / (1 + auc)];
  // where all is told apart the formula gives 0; half a video's worth of doubt stays
  const variance =
    (auc * (1 - auc) + (fakes - 1) * (q1 - auc * auc) + (reals - 1) * (q2 - auc * auc)) / (reals * fakes);
  return Math.max(Math.sqrt(Math.max(0, variance)), 0.25 / Math.min(reals, fakes));
}
