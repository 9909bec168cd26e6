/**
 * Training: the composition root, and THE loop. Read `train` top to bottom: get a batch, play a round (game/round.ts), and every so
 * many rounds report, evaluate on val, save.
 */
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';
import type { Batch, Skipped } from './data/dataset.ts';
import type { DatasetContext } from './data/module.ts';
import { openLoader, type Loader } from './data/loader.ts';
import { score } from './evaluation/score.ts';
import {
  checkpointName,
  listCheckpoints,
  pruneCheckpoints,
  readCheckpoint,
  saveCheckpoint,
} from './game/checkpoint.ts';
import { usingAverage } from './game/fine-tuning.ts';
import { disposeGame, gameState, restoreGame, type Game } from './game/players.ts';
import { PerturbationError } from './game/perturbation.ts';
import { playOf, type Play } from './game/compiled.ts';
import type { PlaySettings } from './game/play.ts';
import type { RoundMetrics } from './game/round.ts';
import { learningRateAt } from './game/schedule.ts';
import { tensorsOf } from './game/taught.ts';
import { openEnergyMeter } from './reports/energy.ts';
import { writeFileAtomic } from './reports/files.ts';
import type { Reporter } from './reports/reporter.ts';
import { startAuxiliaryFromMain } from './ops/layers.ts';
import { graphFunction } from './tensorflow/graph-function.ts';
import { record } from './tensorflow/recorder.ts';
import {
  openEngine,
  openGame,
  prepareTraining,
  startingWeights,
  toTensors,
  trainingFacts,
  trainingOptions,
  type TrainingFacts,
} from './prepare.ts';
import type { RunConfig } from './run-settings.ts';
import { openWatch, reportPictures, reportRound, reportVal, type Best, type Watch } from './train-reports.ts';

export interface TrainOptions {
  /** The run folder; exists and is writable. */
  readonly dir: string;
  readonly reporter: Reporter;
  /** Called after each round, for the progress line. */
  readonly onRound: (progress: {
    readonly round: number;
    readonly rounds: number;
    readonly metrics: RoundMetrics;
    readonly images: number;
  }) => void;
  /** Tells the user, in a line, what goes on between rounds. */
  readonly log: (line: string) => void;
  /** While the dataset is made ready. */
  readonly progress: DatasetContext['progress'];
  /** Aborted when the user wants to stop: the round is finished and saved first. */
  readonly stop: AbortSignal;
}

export interface TrainResult {
  readonly status: 'finished' | 'interrupted';
  readonly rounds: number;
  /** The best round on val: its number, AUC and file. */
  readonly best: Best;
}

/** Trains one detector against one opponent, from the newest checkpoint in the run folder if there is one. */
export async function train(config: RunConfig, options: TrainOptions): Promise<TrainResult> {
  openEngine(config.runtime);
  const weights =
    listCheckpoints(checkpointsIn(options.dir)).length > 0 ? null : await startingWeights(config);
  const dataset = await prepareTraining(config, options.progress);
  tellSkipped(dataset.skipped, options);
  const loader = await openLoader(dataset, await trainingOptions(config, dataset));
  const training = trainingFacts(dataset);
  const game = await openGame(config, dataset.size, { ...training, weights });
  if (weights !== null) options.log(`the detector starts from ${weights.file} (sha256 ${weights.sha256})`);
  const watch = openWatch(config, dataset.samples('val'), options.reporter, options.log);
  const { play, dispose } = playOf(config.game, { record, graphFunction }, options.log);
  try {
    return await playAll(game, play, loader, watch, config, options, training);
  } finally {
    await loader.close();
    dispose();
    disposeGame(game);
  }
}

async function playAll(
  game: Game,
  play: Play['play'],
  loader: Loader,
  watch: Watch,
  config: RunConfig,
  options: TrainOptions,
  { manipulations }: TrainingFacts,
): Promise<TrainResult> {
  const { run, game: settings, evaluation } = config;
  const { reporter, log, stop } = options;
  const checkpoints = checkpointsIn(options.dir);
  let best = resume(game, checkpoints, log);
  const save = (): void => {
    reporter.flush();
    saveCheckpoint(
      path.join(checkpoints, checkpointName(game.rounds)),
      gameState(game, notesOf(config, best, manipulations)),
    );
    pruneCheckpoints(checkpoints, run.checkpoints_kept);
  };
  const energy = openEnergyMeter();
  let tensors: number | undefined;

  for await (const batch of loader.trainBatches({ batchSize: settings.batch_size, start: game.rounds })) {
    if (game.rounds >= settings.rounds || stop.aborted) {
      break;
    }
    const started = performance.now();
    const rate = learningRateAt(settings.schedule, game.rounds, settings.rounds);
    const rates = { detector: rate * config.optimizer_d.lr, generator: rate * config.optimizer_g.lr };
    const images = toTensors(batch, manipulations);
    if (game.rounds === settings.clean_rounds) {
      startAuxiliaryFromMain(game.detector.state); // the opponent joins now
    }
    const turn = { rng: game.rng, progress: progressOf(settings, game.rounds) };
    const metrics = namingSample(batch, game.rounds + 1, () =>
      play(game, images, roundSettings(settings, game.rounds), rates, turn),
    );
    game.rounds += 1;
    checkFinite(metrics, batch, game.rounds, checkpoints);
    options.onRound({ round: game.rounds, rounds: settings.rounds, metrics, images: batch.samples.length });
    const last = game.rounds === settings.rounds;

    if (every(run.report_every, game.rounds) || last) {
      reportRound(reporter, game.rounds, metrics, rates, {
        milliseconds: performance.now() - started,
        energy,
      });
    }
    watch.round(game.rounds, metrics);
    if (every(run.picture_every, game.rounds) || last) {
      await reportPictures(reporter, game, images, config);
    }
    tf.dispose([...tensorsOf(images)]);
    if (every(evaluation.every, game.rounds) || last) {
      const val = watch.passing(loader.evalBatches('val', evaluation.batch_size));
      best = await usingAverage(game.detector.state, game.average, () =>
        evaluateOnVal(game, val, best, config, { ...options, manipulations }),
      );
      const probed = watch.kept(game.rounds);
      if (probed !== null) {
        const held = toTensors(probed);
        watch.probe(game, held, turn.progress);
        tf.dispose([held.images, held.labels]);
      }
    }
    if (every(run.checkpoint_every, game.rounds) || last) {
      save();
    }
    tensors = checkNoLeak(tensors, game.rounds);
  }

  if (stop.aborted && game.rounds < settings.rounds) {
    save();
    return { status: 'interrupted', rounds: game.rounds, best: best ?? NO_BEST };
  }
  return { status: 'finished', rounds: game.rounds, best: best ?? NO_BEST };
}

function checkpointsIn(dir: string): string {
  return path.join(dir, 'checkpoints');
}

/** Scores val and saves the detector where it is the best so far, which is given back. */
async function evaluateOnVal(
  game: Game,
  val: AsyncIterable<Batch>,
  best: Best | null,
  config: RunConfig,
  { dir, reporter, log, manipulations }: TrainOptions & Pick<TrainingFacts, 'manipulations'>,
): Promise<Best> {
  const checkpoints = checkpointsIn(dir);
  const rows = await score(game.detector, val).catch((cause: Error) => {
    throw new Error(
      `round ${game.rounds}, on val: ${cause.message}; the last good checkpoint is ${lastGood(checkpoints)}`,
      { cause },
    );
  });
  const scored = reportVal(reporter, game.rounds, rows);
  const isBest = best === null || scored.auc > best.auc;
  log(`round ${game.rounds}: val AUC ${scored.auc.toFixed(4)}${isBest ? ', the best so far' : ''}`);
  if (!isBest) return best;
  saveCheckpoint(
    path.join(checkpoints, 'best.safetensors'),
    gameState(game, notesOf(config, scored, manipulations)),
  );
  return scored;
}

/** What a checkpoint says of itself: its best round on val so far, the settings, those of the run folder left out, and what its detector counts. */
function notesOf(
  config: RunConfig,
  best: Best | null,
  manipulations: readonly string[],
): Record<string, string> {
  return {
    best: JSON.stringify(best),
    config: JSON.stringify({ ...config, run: undefined }),
    manipulations: JSON.stringify(manipulations),
  };
}

const NO_BEST: Best = { round: 0, auc: Number.NaN, threshold: Number.NaN };

/** Puts the game where the newest checkpoint left it, if there is one; gives the best round on val so far. */
function resume(game: Game, checkpoints: string, log: (line: string) => void): Best | null {
  const newest = listCheckpoints(checkpoints).at(-1);
  if (newest === undefined) {
    return null;
  }
  const checkpoint = readCheckpoint(newest);
  restoreGame(game, checkpoint);
  log(`resumed after round ${game.rounds} from ${newest}`);
  return JSON.parse(checkpoint.notes['best'] ?? 'null') as Best | null;
}

/** The opponent joins after `clean_rounds`: against a detector that knows nothing yet there is nothing to win. */
function roundSettings(settings: RunConfig['game'], round: number): PlaySettings {
  return round < settings.clean_rounds
    ? { ...settings, objective: 'clean', play: 'alternating', g_per_d: 1, d_per_g: 1 }
    : settings;
}

/** The share of the opponent's rounds that have been played, from 0 in its first to 1 in the last. */
function progressOf({ rounds, clean_rounds }: RunConfig['game'], round: number): number {
  return Math.min(1, Math.max(0, (round - clean_rounds) / Math.max(1, rounds - clean_rounds - 1)));
}

/** An opponent that breaks its bounds is told with the image that it did it on. */
function namingSample<T>(batch: Batch, round: number, job: () => T): T {
  try {
    return job();
  } catch (error) {
    if (!(error instanceof PerturbationError)) throw error;
    const sample = batch.samples[error.row]!;
    throw new Error(`round ${round}: ${error.message}, on ${sample.id} (${sample.file})`, { cause: error });
  }
}

/** Files that the dataset left out are counted and listed, in the run folder too. */
function tellSkipped(skipped: readonly Skipped[], { dir, log }: Pick<TrainOptions, 'dir' | 'log'>): void {
  const [first] = skipped;
  if (first !== undefined) {
    const list = path.join(dir, 'skipped.txt');
    writeFileAtomic(list, skipped.map(({ file, why }) => `${file}: ${why}\n`).join(''));
    log(
      `${skipped.length} ${skipped.length === 1 ? 'file' : 'files'} left out, listed in ${list}; the first: ${first.file}: ${first.why}`,
    );
  }
}

function every(period: number, round: number): boolean {
  return round % period === 0;
}

/** Stops the run on NaN or infinity: what follows would be worthless, and the cause is in this batch or this step. */
function checkFinite(metrics: RoundMetrics, batch: Batch, round: number, checkpoints: string): void {
  const broken = Object.entries(metrics).find(([, value]) => !Number.isFinite(value));
  if (broken !== undefined) {
    const files = batch.samples.map((sample) => `  ${sample.id} (${sample.file})`).join('\n');
    throw new Error(
      `round ${round}: ${broken[0]} is ${broken[1]}. Lower the learning rate or set optimizer_d.clip_norm; the last good checkpoint is ${lastGood(checkpoints)}. The batch was\n${files}`,
    );
  }
}

function lastGood(checkpoints: string): string {
  return listCheckpoints(checkpoints).at(-1) ?? 'none yet';
}

/** Every round must free what it makes: a leak is an error now, not memory gone in three hours. */
function checkNoLeak(before: number | undefined, round: number): number {
  const { numTensors } = tf.memory();
  if (before !== undefined && numTensors !== before) {
    throw new Error(
      `round ${round} leaked ${numTensors - before} tensors: an opponent or a detector keeps what it makes`,
    );
  }
  return numTensors;
}
