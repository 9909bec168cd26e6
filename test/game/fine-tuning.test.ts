import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { Discriminator } from '../../src/discriminator/discriminator.ts';
import { readCheckpoint, saveCheckpoint } from '../../src/game/checkpoint.ts';
import { compiledPlay, type Play } from '../../src/game/compiled.ts';
import { averaged, layerwise, stagesOf, usingAverage, withFrozen } from '../../src/game/fine-tuning.ts';
import { createOptimizer, type OptimizerSettings } from '../../src/game/optimizer.ts';
import { play } from '../../src/game/play.ts';
import { createGame, disposeGame, gameState, restoreGame, type Game } from '../../src/game/players.ts';
import { GENERATORS } from '../../src/generator/index.ts';
import { graphFunction } from '../../src/tensorflow/graph-function.ts';
import { record } from '../../src/tensorflow/recorder.ts';
import { onEachEngine, onTensorFlow } from '../support/engines.ts';
import { ADAM, SGD, noiseBatch, shippedSettings, tinyDetector } from '../support/players.ts';
import { bits, expectClose, expectNoLeak, snapshot } from '../support/tensors.ts';

interface Fixture {
  readonly start: readonly number[];
  readonly target: readonly number[];
  readonly scale: readonly number[];
  readonly decay: number;
  readonly average: number;
  readonly recipes: Readonly<
    Record<
      string,
      {
        readonly settings: Pick<OptimizerSettings, 'name' | 'lr' | 'beta1' | 'weight_decay' | 'decay'>;
        readonly after: Record<string, { parameters: number[]; average: number[]; statistic: number }>;
      }
    >
  >;
}

const FIXTURE = JSON.parse(
  readFileSync(new URL('../fixtures/game/fine-tuning.json', import.meta.url), 'utf8'),
) as Fixture;

/** Three stages of two parameters, and a statistic that no optimiser moves. */
function stages(): Pick<Discriminator, 'trainable' | 'state'> {
  const { start } = FIXTURE;
  const trainable = [0, 2, 4].map((i) => tf.variable(tf.tensor1d(start.slice(i, i + 2))));
  const names = ['stem_conv/kernel', 'stage1_block1_conv/kernel', 'logits/kernel'];
  const statistic = tf.variable(tf.tensor1d([0]), false);
  return {
    trainable,
    state: new Map([
      ...names.map((name, i) => [name, trainable[i]!] as const),
      ['stem_bn/moving_mean', statistic] as const,
    ]),
  };
}

const valuesOf = (variables: Iterable<tf.Variable>): number[] =>
  [...variables].flatMap((variable) => [...variable.dataSync()]);

/** The fixture's gradient (see its script). */
function gradients(theta: readonly number[], step: number): tf.Tensor[] {
  const { scale, target } = FIXTURE;
  const all = theta.map(
    (value, i) => scale[i]! * (value - target[i]!) + 0.1 * scale[i]! * Math.sin(step + i),
  );
  return [0, 2, 4].map((i) => tf.tensor1d(all.slice(i, i + 2)));
}

onEachEngine('fine-tuning', () => {
  for (const [name, { settings, after }] of Object.entries(FIXTURE.recipes)) {
    it(`${name}: stages with rates of their own are PyTorch's parameter groups, and the average is timm's`, () => {
      const model = stages();
      const plain = createOptimizer({ ...SGD, beta2: 0.999, ...settings }, model.trainable);
      const tuned = layerwise(plain, model, FIXTURE.decay);
      const { optimizer, average } = averaged(tuned, model.state, FIXTURE.average);
      const statistic = model.state.get('stem_bn/moving_mean')!;
      for (let step = 0; step < 60; step++) {
        const grads = gradients(valuesOf(model.trainable), step);
        tf.tidy(() => {
          statistic.assign(tf.add(statistic, step));
          void optimizer.step(grads, () => settings.lr);
        });
        tf.dispose(grads);
        const expected = after[step + 1];
        if (expected === undefined) continue;
        const near = { absolute: 3e-6, relative: 3e-6 };
        expectClose(valuesOf(model.trainable), expected.parameters, near);
        expectClose(valuesOf(average!.values()), [...expected.average, expected.statistic], near);
      }
      expect(optimizer.steps).to.equal(60);
      optimizer.dispose();
      tf.dispose([...model.state.values()]);
    });
  }

  it('the average covers what no optimiser moves, and starts from what is there', () => {
    const model = stages();
    const { optimizer, average } = averaged(createOptimizer(SGD, model.trainable), model.state, 0.75);
    expect(valuesOf(average!.values())).to.deep.equal(valuesOf(model.state.values()));
    model.state.get('stem_bn/moving_mean')!.assign(tf.tensor1d([8]));
    const none = model.trainable.map((variable) => tf.zerosLike(variable));
    tf.tidy(() => void optimizer.step(none, () => 0.1));
    expect(valuesOf([average!.get('stem_bn/moving_mean')!])).to.deep.equal([2]);
    optimizer.dispose();
    tf.dispose([none, ...model.state.values()]);
  });

  it('without a decay of rates or an average the optimiser is the one that was given', () => {
    const model = stages();
    const plain = createOptimizer(SGD, model.trainable);
    expect(layerwise(plain, model, 1)).to.equal(plain);
    expect(averaged(plain, model.state, 0)).to.deep.equal({ optimizer: plain, average: null });
    plain.dispose();
    tf.dispose([...model.state.values()]);
  });

  it('leaks no tensor', () => {
    const model = stages();
    expectNoLeak(() => {
      const { optimizer } = averaged(
        layerwise(createOptimizer(ADAM, model.trainable), model, 0.5),
        model.state,
        0.9,
      );
      const grads = model.trainable.map((variable) => tf.onesLike(variable));
      const { gradientNorm } = optimizer.step(grads, () => 0.1);
      tf.dispose([grads, gradientNorm]);
      optimizer.dispose();
    });
    tf.dispose([...model.state.values()]);
  });

  it('the average stands in for the detector while a job runs, and even where it fails', async () => {
    const model = stages();
    const { optimizer, average } = averaged(createOptimizer(SGD, model.trainable), model.state, 0.5);
    const grads = gradients(valuesOf(model.trainable), 0);
    tf.tidy(() => void optimizer.step(grads, () => 0.1));
    const [live, mean] = [bits(valuesOf(model.state.values())), bits(valuesOf(average!.values()))];
    expect(live).not.to.deep.equal(mean);
    const before = tf.memory().numTensors;
    const seen = await usingAverage(model.state, average, () =>
      Promise.resolve(bits(valuesOf(model.state.values()))),
    );
    expect(seen).to.deep.equal(mean);
    expect(bits(valuesOf(model.state.values()))).to.deep.equal(live);
    const failed = await usingAverage(model.state, average, () => Promise.reject(new Error('val'))).catch(
      String,
    );
    expect(failed).to.equal('Error: val');
    expect(bits(valuesOf(model.state.values()))).to.deep.equal(live);
    expect(tf.memory().numTensors).to.equal(before);
    optimizer.dispose();
    tf.dispose([grads, ...model.state.values()]);
  });
});

onTensorFlow('frozen stages', () => {
  it('are named by whole words, and keep their bits while the others learn', () => {
    const detector = tinyDetector();
    const [first] = stagesOf(detector.state);
    const frozen = withFrozen(detector, [first!]);
    const name = (variable: tf.Variable): string =>
      [...detector.state].find(([, own]) => own === variable)![0];
    expect(frozen.trainable).to.deep.equal(
      detector.trainable.filter((variable) => !name(variable).startsWith(`${first!}_`)),
    );
    expect(frozen.trainable.length).to.be.within(1, detector.trainable.length - 1);
    expect(withFrozen(detector, [])).to.equal(detector);
    expect(() => withFrozen(detector, [first!.slice(0, -1)])).to.throw(
      new RegExp(`optimizer_d\\.frozen names ${first!.slice(0, -1)}, .*its stages are ${first!}`),
    );
    expect(() => withFrozen(detector, stagesOf(detector.state))).to.throw(/leaves nothing of .* to train/);
    detector.dispose();
  });
});

onTensorFlow('a fine-tuned game', () => {
  const settings = {
    objective: 'clean',
    lambda: 1,
    crafting: 'eval',
    auxiliary_bn: false,
    accumulate: 1,
    play: 'alternating',
    g_per_d: 1,
    d_per_g: 1,
  } as const;
  const newGame = (): Game => {
    const detector = tinyDetector();
    const generator = GENERATORS['none']!.create(shippedSettings('generator', 'none'), {
      imageSize: 16,
      seed: 1,
    });
    const frozen = withFrozen(detector, [stagesOf(detector.state)[0]!]);
    return createGame(frozen, generator, {
      seed: 1,
      optimizer_d: { ...ADAM, layer_decay: 0.7, average: 0.9 },
      optimizer_g: ADAM,
    });
  };
  const advance = (game: Game, to: number, how: Play['play'] = play): void => {
    for (; game.rounds < to; game.rounds++) {
      const batch = noiseBatch([0, 1, 1, 0], 16, 100 + game.rounds);
      how(game, batch, settings, { detector: 0.01, generator: 0 }, { rng: game.rng, progress: 1 });
      tf.dispose([batch.images, batch.labels]);
    }
  };
  const stateOf = (game: Game): unknown => snapshot(gameState(game).variables);

  it('resumes bit for bit, its average included, and is recorded as it is played', () => {
    const folder = mkdtempSync(path.join(os.tmpdir(), 'fine-tuning-'));
    const file = path.join(folder, 'step.safetensors');
    const compiled = compiledPlay({ record, graphFunction }, true, (line) => expect.fail(line));
    const [whole, resumed, recorded] = [newGame(), newGame(), newGame()];
    const start = stateOf(whole);
    advance(whole, 2);
    saveCheckpoint(file, gameState(whole));
    restoreGame(resumed, readCheckpoint(file));
    rmSync(folder, { recursive: true });
    advance(whole, 4);
    advance(resumed, 4);
    advance(recorded, 4, compiled.play);
    expect(stateOf(resumed)).to.deep.equal(stateOf(whole));
    expect(stateOf(recorded)).to.deep.equal(stateOf(whole));
    expect(stateOf(whole)).not.to.deep.equal(start);
    compiled.dispose();
    [whole, resumed, recorded].forEach(disposeGame);
  });
});
