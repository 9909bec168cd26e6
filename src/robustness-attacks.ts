/** Attack curves: what is left of a detector under opponents of growing budgets, and whether its gradients can be believed. */
import * as tf from '@tensorflow/tfjs';
import type { Batch } from './data/dataset.ts';
import { reachedOf, type Reached } from './evaluation/robustness/corruption-figures.ts';
import { probeGradients, type GradientProbe } from './evaluation/robustness/gradient-probe.ts';
import {
  curveWarnings,
  probeWarnings,
  type MaskingWarning,
  type RobustCurve,
} from './evaluation/robustness/masking.ts';
import { worstCase } from './evaluation/robustness/worst-case.ts';
import type { ScoreRow } from './evaluation/scores.ts';
import { checkPerturbed } from './game/perturbation.ts';
import { decidingVictim } from './game/victim.ts';
import type { Generator, Victim } from './generator/generator.ts';
import { createRng, type Rng } from './ops/random.ts';
import { toTensors } from './prepare.ts';
import type { Budget, CurveOpponent, RobustnessConfig } from './robustness-config.ts';
import {
  evaluationOf,
  samplesOf,
  scoreConditions,
  withBatches,
  type Condition,
  type Scene,
  type Tables,
} from './robustness-scene.ts';

/** Images that are attacked together, and that the probe looks at: fewer than are scored together, for an attack of many queries takes long. */
const BATCH = 16;

/** What is left under an opponent of one budget. */
export interface AttackPoint {
  readonly opponent: string;
  readonly budget: Budget;
  readonly limit: number;
  /** Of the float images, and of the same rounded to 8 bits, as files hold them. */
  readonly adversarial: Reached;
  readonly rounded: Reached;
}

export interface AttackCurves {
  readonly images: number;
  readonly clean: Reached;
  readonly points: readonly AttackPoint[];
  /** The worst case of the suite, image by image; none where the suite is empty. */
  readonly suite: readonly AttackPoint[];
  readonly probe: GradientProbe;
  readonly warnings: readonly MaskingWarning[];
}

/**
 * Attacks the detector at the threshold chosen on val. Tables that are kept from an earlier call are taken.
 *
 * @throws Stopped; if an opponent leaves its bounds, its settings cannot be at one of the budgets, or the threshold leaves nothing to attack
 */
export async function attackCurves(
  scene: Scene,
  { attacks, opponents }: RobustnessConfig,
): Promise<AttackCurves> {
  const samples = samplesOf(scene, attacks.images);
  const victim = decidingVictim(scene.detector, scene.best.threshold);
  const each = opponents.flatMap((opponent) =>
    attacks[opponent.budget].toSorted((a, b) => a - b).map((limit) => ({ opponent, limit })),
  );
  const clean: Condition = {
    ...{ tables: ['attacked-clean'], madeBy: 'clean', batchSize: scene.config.evaluation.batch_size },
    start: () => (batch) => Promise.resolve([batch]),
  };
  const tables = await scoreConditions(scene, 'attacks', samples, [
    clean,
    ...each.map(({ opponent, limit }) => conditionOf(scene, victim, opponent, limit)),
  ]);
  const reached = (rows: readonly ScoreRow[]): Reached => reachedOf(evaluationOf(scene, rows));
  const points = each.map(({ opponent: { key, budget }, limit }): AttackPoint => {
    const [adversarial, rounded] = tablesOf(key, limit).map((name) => reached(tables.get(name)!));
    return { opponent: key, budget, limit, adversarial: adversarial!, rounded: rounded! };
  });
  const suite = attacks.suite.length === 0 ? [] : suitePoints(attacks, tables, reached);
  const probe = await probeOf(scene, victim);
  const curves = curvesOf(opponents, points);
  return {
    ...{ images: samples.length, clean: reached(tables.get('attacked-clean')!), points, suite, probe },
    warnings: [...probeWarnings(probe), ...curveWarnings(curves)],
  };
}

/** Of the float images and of those rounded to 8 bits. */
function tablesOf(key: string, limit: number): readonly [string, string] {
  return [`${key}-${limit}`, `${key}-${limit}-rounded`];
}

function suitePoints(
  { suite, eps }: RobustnessConfig['attacks'],
  tables: Tables,
  reached: (rows: readonly ScoreRow[]) => Reached,
): AttackPoint[] {
  return eps
    .toSorted((a, b) => a - b)
    .map((limit) => {
      const worst = [0, 1].map((way) =>
        reached(worstCase(suite.map((key) => tables.get(tablesOf(key, limit)[way]!)!))),
      );
      return { opponent: 'suite', budget: 'eps', limit, adversarial: worst[0]!, rounded: worst[1]! };
    });
}

/** The curves over eps, which are of one budget. */
function curvesOf(opponents: readonly CurveOpponent[], points: readonly AttackPoint[]): RobustCurve[] {
  return opponents
    .filter(({ budget }) => budget === 'eps')
    .map(({ key, variant, settings }) => ({
      opponent: key,
      blackBox: variant.blackBox ?? false,
      steps: typeof settings['steps'] === 'number' ? settings['steps'] : 1,
      points: points
        .filter(({ opponent }) => opponent === key)
        .map(({ limit, adversarial }) => ({ limit, accuracy: adversarial.accuracy.value })),
    }));
}

function conditionOf(
  { dataset, seed }: Scene,
  victim: Victim,
  { key, variant, settings, budget }: CurveOpponent,
  limit: number,
): Condition {
  const own = { ...settings, [budget]: limit };
  const context = { imageSize: dataset.size, seed };
  const [problem] = variant.check?.(own, context) ?? [];
  if (problem !== undefined) {
    throw new Error(`attacks.opponents.${key} with ${budget}=${limit}: '${problem.key}' ${problem.problem}`);
  }
  const tables = tablesOf(key, limit);
  return {
    ...{ tables, madeBy: { opponent: own, seed }, batchSize: BATCH },
    start: () => {
      const opponent = variant.create(own, context);
      if (opponent.learners.length > 0) {
        throw new Error(`attacks.opponents.${key}: ${opponent.name} learns, and has learnt nothing here`);
      }
      const rng = createRng(seed, `robustness/${tables[0]}`);
      return (batch) => Promise.resolve(attacked(opponent, victim, batch, rng));
    },
  };
}

/** The attacked images as they are and rounded to 8 bits. */
function attacked(opponent: Generator, victim: Victim, batch: Batch, rng: Rng): readonly [Batch, Batch] {
  let values = new Float32Array();
  tf.tidy(() => {
    const { images, labels } = toTensors(batch);
    const perturbed = opponent.perturb({ images, labels }, victim, { rng, progress: 1 });
    checkPerturbed(opponent.name, images, perturbed);
    values = tf.clipByValue(perturbed.images, 0, 1).dataSync<'float32'>().slice();
  });
  const { shape, samples } = batch;
  const rounded = values.map((value) => Math.round(255 * value) / 255);
  return [
    { images: values, shape, samples },
    { images: rounded, shape, samples },
  ];
}

/** What the detector shows of its gradients on a few images of both classes. */
async function probeOf(scene: Scene, victim: Victim): Promise<GradientProbe> {
  return withBatches(scene, samplesOf(scene, BATCH), async (batches) => {
    for await (const batch of batches(BATCH)) {
      const { images, labels } = toTensors(batch);
      try {
        return probeGradients(victim, { images, labels });
      } finally {
        tf.dispose([images, labels]);
      }
    }
    throw new Error(`dataset ${scene.dataset.name} has no images in ${scene.split}`);
  });
}
