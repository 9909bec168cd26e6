/** What the training loop tells its reporters: scalars of a round, pictures of the opponent at work, figures on val. */
import * as tf from '@tensorflow/tfjs';
import { bestThreshold, prCurveAtEvenThresholds, rocAuc } from './evaluation/metrics.ts';
import type { ScoreRow } from './evaluation/scores.ts';
import { comparisonOf } from './game/comparison.ts';
import type { Game } from './game/players.ts';
import { craft, type RoundMetrics } from './game/round.ts';
import type { LabelledImages } from './generator/generator.ts';
import { createRng } from './ops/random.ts';
import { comparisonGrid } from './reports/pictures.ts';
import type { Reporter } from './reports/reporter.ts';
import type { RunConfig } from './run-config.ts';

/** Images of a batch that pictures show. */
const PICTURES = 8;

/** The best round on val so far. */
export interface Best {
  readonly round: number;
  readonly auc: number;
  /** Threshold with the best balanced accuracy on val. */
  readonly threshold: number;
}

/** The scalars of a round. */
export function reportRound(
  reporter: Reporter,
  round: number,
  metrics: RoundMetrics,
  rates: { readonly detector: number; readonly generator: number },
  milliseconds: number,
): void {
  Object.entries(metrics).forEach(([name, value]) => reporter.scalar(`train/${name}`, value, round));
  reporter.scalar('train/lr_d', rates.detector, round);
  reporter.scalar('train/lr_g', rates.generator, round);
  reporter.scalar('speed/ms_per_round', milliseconds, round);
  reporter.scalar('memory/resident_mb', process.memoryUsage().rss / 2 ** 20, round);
  reporter.scalar('memory/tensors', tf.memory().numTensors, round);
}

/** Clean, adversarial, amplified difference and the opponent's maps for the batch's first images; histograms of maps and weights. */
export async function reportPictures(
  reporter: Reporter,
  game: Game,
  batch: LabelledImages,
  config: RunConfig,
): Promise<void> {
  // A stream of its own: looking at the game must not change it.
  const rng = createRng(config.seed, 'pictures', game.rounds);
  const perturbed = tf.tidy(() => craft(game, batch, config.game, { rng, progress: 1 }));
  const grid = comparisonGrid(comparisonOf(batch.images, perturbed, { columns: PICTURES, amplification: 4 }));
  await reporter.image(`opponent/${grid.name}`, grid.picture, game.rounds);
  for (const [name, map] of Object.entries(perturbed.maps)) {
    reporter.histogram(`opponent/${name}`, map.dataSync<'float32'>(), game.rounds);
  }
  for (const [name, variable] of game.detector.state) {
    reporter.histogram(`detector/${name}`, variable.dataSync<'float32'>(), game.rounds);
  }
  tf.dispose([perturbed.images, ...Object.values(perturbed.maps)]);
}

/** AUC on val, over all and per manipulation, and the PR curve; gives what a checkpoint is chosen by. */
export function reportVal(reporter: Reporter, round: number, rows: readonly ScoreRow[]): Best {
  const labels = rows.map((row) => row.label);
  const scores = rows.map((row) => row.score);
  const auc = rocAuc(labels, scores, { group: 'val' });
  const threshold = bestThreshold(labels, scores);
  reporter.scalar('val/auc', auc, round);
  for (const manipulation of new Set(rows.filter((row) => row.label === 1).map((row) => row.manipulation))) {
    const group = rows.filter((row) => row.label === 0 || row.manipulation === manipulation);
    reporter.scalar(
      `val/auc_${manipulation}`,
      rocAuc(
        group.map((row) => row.label),
        group.map((row) => row.score),
        { group: manipulation },
      ),
      round,
    );
  }
  reporter.prCurve('val/pr', prCurveAtEvenThresholds(labels, scores), round);
  return { round, auc, threshold };
}
