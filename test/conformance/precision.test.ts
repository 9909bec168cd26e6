import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { CONFIGS, composeRun, resolveContext } from '../../scripts/compose-run.ts';
import { openConfigFiles } from '../../src/config/config-files.ts';
import { INFERENCE } from '../../src/discriminator/discriminator.ts';
import { readCheckpoint, saveCheckpoint } from '../../src/game/checkpoint.ts';
import { disposeGame, gameState, restoreGame } from '../../src/game/players.ts';
import { play } from '../../src/game/play.ts';
import { craft } from '../../src/game/round.ts';
import { createRng } from '../../src/ops/random.ts';
import { precisionOf, type Precision } from '../../src/ops/precision.ts';
import { openDetector, openGame } from '../../src/prepare.ts';
import type { Reporter } from '../../src/reports/reporter.ts';
import { openWatch, reportPictures } from '../../src/train-reports.ts';
import type { RunConfig } from '../../src/run-settings.ts';
import { onTensorFlow } from '../support/engines.ts';
import { noiseBatch } from '../support/players.ts';
import { bits, changed, snapshot, type Snapshot } from '../support/tensors.ts';

const SIZE = 32;
const LABELS = [0, 1, 1, 0];
const SMALL = ['game.batch_size=4', 'discriminator.channels=[8,8]', 'discriminator.strides=[2,2]'];

async function configOf(...overrides: string[]): Promise<RunConfig> {
  const context = resolveContext(new Date(0), 0);
  return (await composeRun(openConfigFiles(CONFIGS), 'train', overrides, context)).config;
}

const names = (group: string): string[] =>
  readdirSync(path.join(CONFIGS, group))
    .map((file) => path.basename(file, '.yaml'))
    .filter((name) => name !== 'module');

/** Evenly spread in [−1, 1). */
function noiseOf(shape: readonly number[]): tf.Tensor {
  return createRng(1, 'grain').uniform([...shape], -1, 1);
}

/** Rounds of a game: its state and figures after them. Fails if a round keeps a tensor. */
async function played(
  config: RunConfig,
  rounds: number,
): Promise<{ readonly state: Snapshot; readonly figures: Readonly<Record<string, number>> }> {
  const game = await openGame(config, SIZE);
  const batch = noiseBatch(LABELS, SIZE);
  let figures: Readonly<Record<string, number>> = {};
  const rates = { detector: 1e-3, generator: 1e-3 };
  for (let round = 0; round < rounds; round++) {
    const before = tf.memory().numTensors;
    figures = play(game, batch, config.game, rates, { rng: game.rng, progress: 1 });
    expect(tf.memory().numTensors, 'tensors').to.equal(before);
  }
  for (const variable of gameState(game).variables.values()) {
    expect(precisionOf(variable), variable.name).to.equal('float32');
  }
  const state = snapshot(gameState(game).variables);
  tf.dispose([batch.images, batch.labels]);
  disposeGame(game);
  return { state, figures };
}

onTensorFlow('conformance: precision', () => {
  for (const precision of ['bfloat16', 'float16'] as const) {
    for (const name of names('generator')) {
      it(`${name} plays against a detector in ${precision}: within its bounds, the same bits again, variables float32`, async () => {
        const small = name.startsWith('generative') ? ['generator.width=4', 'generator.blocks=1'] : [];
        const config = await configOf(
          `generator=${name}`,
          `runtime.precision=${precision}`,
          ...SMALL,
          ...small,
        );
        const first = await played(config, 2);
        expect(Object.values(first.figures).every(Number.isFinite)).to.equal(true);
        expect(changed(first.state, (await played(config, 2)).state)).to.deep.equal([]);
        if (precision === 'float16')
          expect(first.figures).to.include({ loss_scale: 2 ** 15, steps_skipped: 0 });
      });
    }
  }

  for (const way of ['simultaneous', 'free']) {
    it(`${way} play in bfloat16`, async () => {
      const opponent =
        way === 'free'
          ? ['generator=pgd', 'generator.random_start=false']
          : ['generator=generative', 'generator.width=4'];
      const config = await configOf(`game=${way}`, ...opponent, 'runtime.precision=bfloat16', ...SMALL);
      expect(Object.values((await played(config, 1)).figures).every(Number.isFinite)).to.equal(true);
    });
  }

  it('a float16 game goes on from its checkpoint as if it had never stopped, its loss scale too', async () => {
    const config = await configOf('generator=pgd', 'runtime.precision=float16', ...SMALL);
    const [whole, resumed] = [await openGame(config, SIZE), await openGame(config, SIZE)];
    const batch = noiseBatch(LABELS, SIZE);
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'float16-')), 'checkpoint.safetensors');
    const round = (game: typeof whole): Readonly<Record<string, number>> =>
      play(game, batch, config.game, { detector: 1e-3, generator: 1e-3 }, { rng: game.rng, progress: 1 });
    // one overflow before the checkpoint: the scale has moved and a step has been left out
    gameState(whole).variables.get('loss_scale/overflowed')!.assign(tf.scalar(1));
    expect(round(whole)).to.include({ loss_scale: 2 ** 14, steps_skipped: 1 });
    saveCheckpoint(file, gameState(whole));
    restoreGame(resumed, readCheckpoint(file));
    expect([round(resumed), round(resumed)]).to.deep.equal([round(whole), round(whole)]);
    const [a, b] = [whole, resumed].map((game) => snapshot(gameState(game).variables));
    expect(changed(a!, b!)).to.deep.equal([]);
    rmSync(path.dirname(file), { recursive: true });
    tf.dispose([batch.images, batch.labels]);
    [whole, resumed].forEach(disposeGame);
  });

  it('an overflow under the probe or in a picture leaves out no step of a float16 game, and hides none', async () => {
    const config = await configOf('generator=pgd', 'runtime.precision=float16', ...SMALL);
    const game = await openGame(config, SIZE);
    const batch = noiseBatch(LABELS, SIZE);
    const reporter = Object.fromEntries(
      ['scalar', 'text', 'image', 'histogram'].map((name) => [name, () => undefined]),
    ) as unknown as Reporter;
    const watch = openWatch(config, [], reporter, () => undefined);
    const variable = (name: string): tf.Variable => gameState(game).variables.get(`loss_scale/${name}`)!;
    const overflowed = (): number => variable('overflowed').dataSync()[0]!;
    variable('scale').assign(tf.scalar(2 ** 60));
    tf.dispose(craft(game, batch, config.game, { rng: game.rng, progress: 1 }));
    expect(overflowed(), 'nothing overflows here').to.equal(1);
    for (const waiting of [0, 1]) {
      variable('overflowed').assign(tf.scalar(waiting));
      watch.probe(game, batch, 1);
      expect(overflowed(), 'probe').to.equal(waiting);
      await reportPictures(reporter, game, batch, config);
      expect(overflowed(), 'pictures').to.equal(waiting);
    }
    tf.dispose([batch.images, batch.labels]);
    disposeGame(game);
  });

  it('an overflow in the one pass of simultaneous play leaves out both players’ steps', async () => {
    const way = ['generator=generative-residual', 'game=simultaneous', 'runtime.precision=float16'];
    const config = await configOf(...way, ...SMALL);
    const game = await openGame(config, SIZE);
    const batch = noiseBatch(LABELS, SIZE);
    const { variables } = gameState(game);
    const round = (): string[] => {
      const before = snapshot(variables);
      play(game, batch, config.game, { detector: 1e-3, generator: 1e-3 }, { rng: game.rng, progress: 1 });
      return changed(before, snapshot(variables)).filter((name) => /^(generator|optimizer_.)\//.test(name));
    };
    variables.get('loss_scale/overflowed')!.assign(tf.scalar(1));
    expect(round()).to.deep.equal([]);
    expect(round()).to.include.members(['optimizer_d/m', 'optimizer_g/m']);
    tf.dispose([batch.images, batch.labels]);
    disposeGame(game);
  });

  it('a checkpoint of one precision goes on in another', async () => {
    const narrow = await configOf('generator=none', 'runtime.precision=bfloat16', ...SMALL);
    const wide = await configOf('generator=none', 'runtime.precision=float32', ...SMALL);
    const [from, to] = [await openGame(narrow, SIZE), await openGame(wide, SIZE)];
    const batch = noiseBatch(LABELS, SIZE);
    const turn = { rng: from.rng, progress: 1 };
    play(from, batch, narrow.game, { detector: 1e-3, generator: 1e-3 }, turn);
    const file = path.join(mkdtempSync(path.join(tmpdir(), 'precision-')), 'checkpoint.safetensors');
    saveCheckpoint(file, gameState(from));
    restoreGame(to, readCheckpoint(file));
    expect(changed(snapshot(gameState(from).variables), snapshot(gameState(to).variables))).to.deep.equal([]);
    const figures = play(to, batch, wide.game, { detector: 1e-3, generator: 1e-3 }, turn);
    expect(figures['loss_d']).to.be.above(0);
    rmSync(path.dirname(file), { recursive: true });
    tf.dispose([batch.images, batch.labels]);
    [from, to].forEach(disposeGame);
  });

  // one of each family is enough, and the two largest networks have no operation that others lack
  const members = /^(efficientnet-(b[1-7]|lite[12])|resnet-50|xception)$/;
  for (const name of names('discriminator').filter((each) => !members.test(each))) {
    it(`${name} gives in each precision what it gives in float32, from the same variables`, async () => {
      const images = noiseBatch([0, 1, 0, 1, 1, 0, 1, 0], SIZE, 5).images;
      const logits = async (
        precision: Precision,
        shown = images,
      ): Promise<{ values: Float32Array; state: Snapshot; convolves: boolean }> => {
        const config = await configOf(`discriminator=${name}`, `runtime.precision=${precision}`);
        const detector = await openDetector(config, SIZE);
        // running statistics that are the batch's, or the signal would die on the way
        const pass = { training: true, trackStatistics: false, branch: 'main' } as const;
        const values = tf.tidy(() => {
          const [train, evaluation] = [detector.logits(shown, pass), detector.logits(shown, INFERENCE)];
          expect([train, evaluation].map(precisionOf)).to.deep.equal(['float32', 'float32']);
          return tf.concat([train.flatten(), evaluation.flatten()]).dataSync<'float32'>();
        });
        const state = snapshot(detector.state);
        const convolves = [...detector.state.values()].some(({ rank }) => rank === 4);
        detector.dispose();
        return { values, state, convolves };
      };
      const exact = await logits('float32');
      const size = Math.hypot(...exact.values);
      const distance = ({ values }: { readonly values: Float32Array }): number =>
        Math.hypot(...values.map((value, i) => value - exact.values[i]!)) / size;
      for (const [precision, tolerance, half] of [
        ['bfloat16', 2 ** -3, 2 ** -9],
        ['float16', 2 ** -6, 2 ** -12],
      ] as const) {
        const narrow = await logits(precision);
        expect(changed(exact.state, narrow.state)).to.deep.equal([]);
        // a detector without convolutions has nothing to compute narrowly
        const narrows = exact.convolves ? expect(bits(narrow.values)).not : expect(bits(narrow.values));
        narrows.to.deep.equal(bits(exact.values));
        // what rounding the images alone does: batch statistics of a few pixels make deep networks ill-conditioned
        const grain = tf.tidy(() => tf.mul(images, tf.add(1, tf.mul(noiseOf(images.shape), half))));
        const rounding = distance(await logits('float32', grain as tf.Tensor4D));
        grain.dispose();
        expect(distance(narrow), precision).to.be.below(Math.max(tolerance, 8 * rounding));
      }
      images.dispose();
    });
  }
});
