/** The public API: everything that a program of one's own needs to play the game. Importing it opens no engine and touches no file. */
export { checkRunConfig, readRunConfig } from './run-config.ts';
export type { RunConfig } from './run-settings.ts';
export { run, type RunOptions } from './run.ts';
export { train, type TrainOptions, type TrainResult } from './train.ts';
export { evaluate, type EvaluateOptions, type RunEvaluation } from './evaluate.ts';
export { prepareData } from './prepare.ts';
export { attack, type AttackOptions, type AttackReport, type OpponentChoice } from './attack.ts';
export { robustness, type RobustnessOptions, type RobustnessReport } from './robustness.ts';
export { checkRobustnessConfig, type RobustnessConfig } from './robustness-config.ts';
export {
  exportDetector,
  EXPORT_FORMATS,
  type Exported,
  type ExportFormat,
  type ExportOptions,
} from './export.ts';

export type { Batch, Dataset, RgbImage, Sample, Split } from './data/dataset.ts';
export type { DatasetContext, DatasetVariant } from './data/module.ts';
export { openLoader, type Loader, type LoaderOptions } from './data/loader.ts';

export * from './generator/generator.ts';
export { COMBINATIONS, GENERATORS } from './generator/index.ts';
export { classicalAttack, type ClassicalAttack } from './generator/classical.ts';
export * as directions from './generator/directions.ts';
export { goalOf, type Goal } from './generator/goal.ts';
export { gradientAscent, type Ascent, type AscentSteps } from './generator/gradient-ascent.ts';
export {
  learnedGenerator,
  networkProblems,
  networkSettings,
  type NetworkSettings,
  type Use,
} from './generator/learned.ts';
export { projectL2, projectLinf } from './generator/norm-ball.ts';

export * from './discriminator/discriminator.ts';
export { DISCRIMINATORS } from './discriminator/index.ts';

export { createCriterion, type Criterion } from './game/criterion.ts';
export { crossEntropy, generatorLoss, objectiveWeights, type Objective } from './game/objective.ts';
export { craft, playRound, type Players, type RoundMetrics, type RoundSettings } from './game/round.ts';
export { play, type PlaySettings } from './game/play.ts';
export { boundUse, checkPerturbed, PerturbationError } from './game/perturbation.ts';
export { victimOf } from './game/victim.ts';
export { createImagePool, type ImagePool } from './game/image-pool.ts';
export {
  createCarried,
  createGame,
  disposeGame,
  gameState,
  restoreDetector,
  restoreGame,
  type Game,
  type Memory,
} from './game/players.ts';
export { readCheckpoint, saveCheckpoint } from './game/checkpoint.ts';
export { createOptimizer, type Optimizer } from './game/optimizer.ts';

export { acrossSets, type AcrossSets } from './evaluation/across-sets.ts';
export { calibrationOf, type Calibration } from './evaluation/calibration.ts';
export { pairRows, problemsOf, requireComparable, type TestedRun } from './evaluation/comparable.ts';
export { deLong, type DeLong } from './evaluation/delong.ts';
export { evaluateScores, type Evaluation } from './evaluation/evaluate-scores.ts';
export { readEvaluation, type StoredEvaluation } from './evaluation/evaluation-file.ts';
export { holm } from './evaluation/holm.ts';
export { averagePrecision, bestThreshold, eer, rocAuc } from './evaluation/metrics.ts';
export { balancedAccuracy, macroAuc, pooledAuc, type Metric } from './evaluation/resampled.ts';
export { score } from './evaluation/score.ts';
export { readScores, writeScores, type ScoreRow } from './evaluation/scores.ts';
export { differenceOverSeeds, overSeeds } from './evaluation/seeds.ts';
export {
  compareWithFirst,
  pairedDifference,
  verdictOf,
  verdictOn,
  type Difference,
  type Verdict,
} from './evaluation/significance.ts';
export { atTemperature, fitTemperature } from './evaluation/temperature.ts';
export { testFigures, type TestFigures } from './evaluation/test-figures.ts';
export { videoRows, type VideoRow } from './evaluation/videos.ts';

export { batchNormInference, batchNormTraining } from './ops/batch-norm.ts';
export { flowSmoothness, flowWarp } from './ops/flow-warp.ts';
export { blurWith, gaussianBlur, ringDifferences, type RingDifferences } from './ops/gaussian-blur.ts';
export { createRng, type Rng } from './ops/random.ts';
export { decodeSafeTensors, encodeSafeTensors } from './ops/safetensors.ts';

export { openTensorFlow } from './tensorflow/binding.ts';
export { registerFastKernels } from './tensorflow/kernels.ts';
export type { Reporter } from './reports/reporter.ts';
export { choice, flag, integer, list, nullable, number, text, type SettingsOf } from './config/settings.ts';
