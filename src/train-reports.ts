/** What the training loop tells its reporters: scalars of a round, pictures of the opponent at work, figures on val, alarms. */
import * as tf from '@tensorflow/tfjs';
import type { Batch, Sample } from './data/dataset.ts';
import { bestThreshold, prCurveAtEvenThresholds, rocAuc } from './evaluation/metrics.ts';
import type { ScoreRow } from './evaluation/scores.ts';
import { keepImages, spreadSubset } from './evaluation/val-subset.ts';
import { comparisonOf } from './game/comparison.ts';
import { balanceOf, openMonitors, type Alarm } from './game/monitors.ts';
import type { Game } from './game/players.ts';
import { aside } from './game/loss-scale.ts';
import { probe } from './game/probe.ts';
import { craft, type RoundMetrics } from './game/round.ts';
import type { LabelledImages } from './generator/generator.ts';
import { createRng } from './ops/random.ts';
import type { EnergyMeter } from './reports/energy.ts';
import { comparisonGrid } from './reports/pictures.ts';
import type { Reporter } from './reports/reporter.ts';
import type { RunConfig } from './run-settings.ts';

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
  spent: { readonly milliseconds: number; readonly energy: EnergyMeter | null },
): void {
  for (const [name, value] of Object.entries({ ...metrics, ...balanceOf(metrics) })) {
    reporter.scalar(`train/${name}`, value, round);
  }
  reporter.scalar('train/lr_d', rates.detector, round);
  reporter.scalar('train/lr_g', rates.generator, round);
  reporter.scalar('speed/ms_per_round', spent.milliseconds, round);
  if (spent.energy !== null) reporter.scalar('speed/joules', spent.energy.joules(), round);
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
  const perturbed = aside(game.lossScale, () =>
    tf.tidy(() => craft(game, batch, config.game, { rng, progress: 1 })),
  );
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

/** Who looks on: alarms by the rounds' figures, and the probe. Nothing of it moves the game. */
export interface Watch {
  /** After every round. */
  round(round: number, metrics: RoundMetrics): void;
  /** Val batches on their way to being scored; the probe's images are kept as they pass. */
  passing(batches: AsyncIterable<Batch>): AsyncIterable<Batch>;
  /** The probe's images out of the val batches that have passed; null where nothing is to be probed. */
  kept(round: number): Batch | null;
  /** Measures the detector on them. */
  probe(game: Game, images: LabelledImages, progress: number): void;
}

/**
 * @param val the samples that the probe's images are chosen from
 * @param tell where alarms are told besides TensorBoard's text page
 */
export function openWatch(
  { seed, game: settings, evaluation }: RunConfig,
  val: readonly Sample[],
  reporter: Reporter,
  tell: (line: string) => void,
): Watch {
  const monitors = openMonitors();
  const keeper = keepImages(spreadSubset(val, evaluation.probe_images));
  const raise = (alarms: readonly Alarm[], round: number): void => {
    for (const { name, message } of alarms) {
      tell(message);
      reporter.text(`alarm/${name}`, message, round);
    }
  };
  return {
    round: (round, metrics) => raise(monitors.round(round, metrics), round),
    passing: (batches) => keeper.passing(batches),
    kept: (round) =>
      evaluation.probe_images === 0 || settings.objective === 'clean' || round <= settings.clean_rounds
        ? null
        : keeper.batch(),
    probe(game, images, progress) {
      const { rounds: round } = game;
      const metrics = aside(game.lossScale, () =>
        probe(game, images, { auxiliary_bn: settings.auxiliary_bn, seed, round, progress }),
      );
      Object.entries(metrics).forEach(([name, value]) => reporter.scalar(`val/${name}`, value, round));
      raise(monitors.probe(round, metrics), round);
    },
  };
}
