/**
 * What carefulness a detector that starts from other people's weights is moved with: which of its stages stay as they are, how much
 * slower the early ones learn, and an average over its steps that is evaluated in its place.
 *
 * A stage is what the names of variables have in common up to the first `_` or `/`: stem, stage1, … head, logits.
 */
import * as tf from '@tensorflow/tfjs';
import { list, number, text, type SettingsOf } from '../config/settings.ts';
import type { Discriminator } from '../discriminator/discriminator.ts';
import { moveAverages } from '../generator/moving-average.ts';
import type { Optimizer } from './optimizer.ts';

/** Beside an optimiser's own; they mean something for the detector's alone. */
export const fineTuningSettings = {
  layer_decay: number({
    above: 0,
    max: 1,
    doc: 'Learning rate of a detector’s stage against that of the stage after it; 1 = one rate for all. The last, the head, has the whole rate.',
  }),
  frozen: list(
    text(
      'Stages of the detector that are not trained, by the beginnings of their variables’ names: stem, stage1, stage2_block1. Statistics of batch norm move all the same.',
    ),
  ),
  average: number({
    min: 0,
    below: 1,
    doc: 'Decay of an exponential moving average of the detector’s variables, which is evaluated, and kept as the best checkpoint, in its place; 0 = none.',
  }),
};

export type FineTuningSettings = SettingsOf<typeof fineTuningSettings>;

type State = ReadonlyMap<string, tf.Variable>;

/** The stages of a detector, in the order in which it has them. */
export function stagesOf(state: State): readonly string[] {
  return [...new Set([...state.keys()].map(stageOf))];
}

function stageOf(variable: string): string {
  return /^[^_/]*/.exec(variable)![0];
}

/**
 * The detector with fewer variables that training moves. All else is the given detector's, its variables and their disposal included.
 *
 * @param frozen beginnings of variables' names, each up to a `_` or `/`
 * @throws if one of them begins no name, or nothing is left to train
 */
export function withFrozen(detector: Discriminator, frozen: readonly string[]): Discriminator {
  if (frozen.length === 0) return detector;
  const names = [...detector.state.keys()];
  const begins = (name: string, beginning: string): boolean =>
    name.startsWith(beginning) && ['_', '/'].includes(name.charAt(beginning.length));
  const stray = frozen.find((beginning) => !names.some((name) => begins(name, beginning)));
  if (stray !== undefined) {
    throw new Error(
      `optimizer_d.frozen names ${stray}, and no variable of ${detector.name} begins so: its stages are ${stagesOf(detector.state).join(', ')}`,
    );
  }
  const still = new Set(
    [...detector.state]
      .filter(([name]) => frozen.some((beginning) => begins(name, beginning)))
      .map(([, variable]) => variable),
  );
  const trainable = detector.trainable.filter((variable) => !still.has(variable));
  if (trainable.length === 0) {
    throw new Error(`optimizer_d.frozen leaves nothing of ${detector.name} to train: take a stage out of it`);
  }
  return { ...detector, trainable };
}

/**
 * An optimiser whose steps are shorter in early stages: that of stage s of S is layer_decay^(S − 1 − s) of what it would be (Howard & Ruder,
 * "Universal Language Model Fine-tuning for Text Classification", ACL 2018; Clark et al., "ELECTRA", ICLR 2020). A step is linear in the
 * learning rate, weight decay included, so this is a learning rate for each stage.
 */
export function layerwise(
  optimizer: Optimizer,
  { trainable, state }: Pick<Discriminator, 'trainable' | 'state'>,
  decay: number,
): Optimizer {
  if (decay === 1) return optimizer;
  const stages = stagesOf(state);
  const names = new Map([...state].map(([name, variable]) => [variable, name]));
  const shares = trainable.map(
    (variable) => decay ** (stages.length - 1 - stages.indexOf(stageOf(names.get(variable)!))),
  );
  return derived(optimizer, {
    step: (gradients, learningRate) =>
      tf.tidy(() => {
        const before = trainable.map((variable) => variable.clone());
        const told = optimizer.step(gradients, learningRate);
        trainable.forEach((variable, i) => {
          if (shares[i] === 1) return;
          variable.assign(tf.add(before[i]!, tf.mul(tf.sub(variable, before[i]!), shares[i]!)));
        });
        return told;
      }),
  });
}

/** An optimiser that keeps an average of variables, and the average by the variables' names. */
export interface Averaged {
  readonly optimizer: Optimizer;
  /** Null where nothing is averaged. */
  readonly average: State | null;
}

/**
 * After each step average ← decay · average + (1 − decay) · variable, of every variable of the detector, statistics included (Polyak &
 * Juditsky 1992; timm's ModelEmaV2). It starts from the variables as they are, and is part of the optimiser's state.
 */
export function averaged(optimizer: Optimizer, state: State, decay: number): Averaged {
  if (decay === 0) return { optimizer, average: null };
  const average = new Map([...state].map(([name, variable]) => [name, tf.variable(variable, false)]));
  const all = new Map([
    ...optimizer.state,
    ...[...average].map(([name, variable]) => [`average/${name}`, variable] as const),
  ]);
  const moving = derived(optimizer, {
    step: (gradients, learningRate) =>
      tf.tidy(() => {
        const told = optimizer.step(gradients, learningRate);
        moveAverages([...average.values()], [...state.values()], decay);
        return told;
      }),
    state: all,
    dispose: () => {
      optimizer.dispose();
      tf.dispose([...average.values()]);
    },
  });
  return { optimizer: moving, average };
}

/** Runs a job while a detector's variables have the values of their average; without one it just runs it. */
export async function usingAverage<T>(
  state: State,
  average: State | null,
  job: () => Promise<T>,
): Promise<T> {
  if (average === null) return job();
  const live = [...state].map(([name, variable]) => [name, tf.keep(variable.clone())] as const);
  for (const [name, variable] of state) variable.assign(average.get(name)!);
  try {
    return await job();
  } finally {
    for (const [name, value] of live) {
      state.get(name)!.assign(value);
      value.dispose();
    }
  }
}

/** The optimiser with something about it changed; its number of steps stays its own. */
function derived(optimizer: Optimizer, changed: Partial<Omit<Optimizer, 'steps'>>): Optimizer {
  const { step, state, seek, dispose } = { ...optimizer, ...changed };
  return {
    step,
    get steps() {
      return optimizer.steps;
    },
    state,
    seek,
    dispose,
  };
}
