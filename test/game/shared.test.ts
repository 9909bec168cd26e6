// The pass of the clean images as the attack's first, against the same attack with a pass of its own.
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { createCriterion, type Criterion } from '../../src/game/criterion.ts';
import { crossEntropy } from '../../src/game/objective.ts';
import { play } from '../../src/game/play.ts';
import { createGame, disposeGame, type Game } from '../../src/game/players.ts';
import { victimOf } from '../../src/game/victim.ts';
import { GENERATORS } from '../../src/generator/index.ts';
import type { CleanPass, Generator, LabelledImages } from '../../src/generator/generator.ts';
import { onTensorFlow } from '../support/engines.ts';
import { SGD, noiseBatch, settle, shippedSettings, tinyDetector } from '../support/players.ts';
import { expectClose, expectNoLeak } from '../support/tensors.ts';

const SETTINGS = {
  play: 'alternating',
  objective: 'clean+adversarial',
  lambda: 0.5,
  accumulate: 1,
  crafting: 'shared',
  auxiliary_bn: true,
  g_per_d: 1,
  d_per_g: 1,
} as const;
const RATES = { detector: 0.1, generator: 0.1 };
const FOCAL = createCriterion({ name: 'focal', gamma: 2, alpha: null, class_balance: 0.9 }, [3, 6]);
/** Steps along the gradient itself, and signs of it; one step and more; with a price, and the best of what was met. */
const ATTACKS: readonly (readonly [string, Readonly<Record<string, unknown>>])[] = [
  ['none', {}],
  ['fgsm', { random_start: false }],
  ['pgd', { random_start: false, restarts: 1, steps: 1, alpha: 0.02 }],
  ['pgd', { norm: 'l2', eps: 0.5, random_start: false, restarts: 1, steps: 3, keep: 'best', momentum: 0.9 }],
  ['sat', { random_start: false, steps: 1, step_size: 0.5, direction: 'unit' }],
  ['sat', { random_start: false, steps: 1, direction: 'unit', keep: 'best', tau: 1e-3, step_size: 0.5 }],
];

onTensorFlow('crafting shared with the pass of the clean images', () => {
  let batch: LabelledImages;
  before(() => (batch = noiseBatch([0, 1, 1, 0, 1, 0])));
  after(() => tf.dispose([batch.images, batch.labels]));

  const gameOf = (
    name: string,
    settings: Readonly<Record<string, unknown>>,
    criterion: Criterion = crossEntropy,
  ): Game => {
    const generator = GENERATORS[name]!.create(
      { ...shippedSettings('generator', name), ...settings },
      { imageSize: 16, seed: 2 },
    );
    const detector = tinyDetector();
    settle(detector, batch.images);
    return createGame(detector, generator, { seed: 1, optimizer_d: SGD, optimizer_g: SGD }, { criterion });
  };
  const turn = (game: Game) => ({ rng: game.rng, progress: 1 });

  for (const [name, settings, criterion] of [
    ...ATTACKS.map((attack) => [...attack, crossEntropy] as const),
    ['pgd', { norm: 'l2', eps: 0.5, random_start: false, restarts: 1, steps: 3 }, FOCAL] as const,
  ]) {
    const byWhat = criterion === crossEntropy ? '' : ', by the focal loss with weighed classes';
    it(`is the attack with a pass of its own, to 1e-5: ${name} ${JSON.stringify(settings)}${byWhat}`, () => {
      const [shared, apart] = [gameOf(name, settings, criterion), gameOf(name, settings, criterion)];
      const images: Float32Array[] = [];
      const watching = (generator: Generator, perturb: NonNullable<Generator['perturbFrom']>): Generator => ({
        ...generator,
        perturbFrom: (...given) => {
          const perturbed = perturb(...given);
          images.push(perturbed.images.dataSync<'float32'>().slice());
          return perturbed;
        },
      });
      const players = [
        { ...shared, generator: watching(shared.generator, shared.generator.perturbFrom!) },
        {
          ...apart,
          generator: watching(apart.generator, (part, victim, now) =>
            apart.generator.perturb(part, victim, now),
          ),
        },
      ] as const;
      const [a, b] = players.map((game) => play(game, batch, SETTINGS, RATES, turn(game)));
      expectClose(images[0]!, images[1]!, { absolute: 1e-5 });
      if (name !== 'none') expect(a!['perturbation']).to.be.above(0);
      for (const [tag, value] of Object.entries(a!)) expect(value, tag).to.be.closeTo(b![tag]!, 1e-5);
      for (const [key, variable] of shared.detector.state) {
        const other = apart.detector.state.get(key)!;
        expectClose(variable.dataSync(), other.dataSync(), { absolute: 1e-5 });
      }
      [shared, apart].forEach(disposeGame);
    });
  }

  it('hands over each image’s own gradient and loss, of the main branch with the batch’s statistics, whatever the weight', () => {
    const game = gameOf('fgsm', { random_start: false });
    const expected = tf.tidy(() => {
      const victim = victimOf(game.detector, SETTINGS);
      const losses = victim.lossOf(batch.images, batch.labels);
      const gradient = tf.grad((x) => tf.sum(victim.lossOf(x as tf.Tensor4D, batch.labels)))(batch.images);
      return { losses: losses.dataSync(), gradient: gradient.dataSync() };
    });
    let told: CleanPass | undefined;
    const generator: Generator = {
      ...game.generator,
      perturbFrom: (part, victim, now, clean) => {
        told = clean;
        expectClose(clean.losses.dataSync(), expected.losses, { absolute: 1e-6 });
        expectClose(clean.gradient.dataSync(), expected.gradient, { absolute: 1e-7, relative: 1e-4 });
        return game.generator.perturb(part, victim, now);
      },
    };
    play({ ...game, generator }, batch, SETTINGS, RATES, turn(game));
    expect(told).to.not.equal(undefined);
    disposeGame(game);
  });

  it('leaves what clean images teach as it is: λ = 0 is plain training', () => {
    const [shared, plain] = [gameOf('fgsm', { random_start: false }), gameOf('none', {})];
    play(shared, batch, { ...SETTINGS, lambda: 0 }, RATES, turn(shared));
    play(plain, batch, { ...SETTINGS, objective: 'clean' }, RATES, turn(plain));
    shared.detector.trainable.forEach((variable, i) =>
      expect([...variable.dataSync()]).to.deep.equal([...plain.detector.trainable[i]!.dataSync()]),
    );
    [shared, plain].forEach(disposeGame);
  });

  it('is refused by an opponent that starts elsewhere, or has another goal', () => {
    for (const [name, settings] of [
      ['blur', {}],
      ['fgsm', { random_start: true }],
      ['fgsm', { random_start: false, goal: 'predicted-label' }],
      ['generative', {}],
    ] as const) {
      const game = gameOf(name, settings);
      expectNoLeak(() => {
        expect(() => play(game, batch, { ...SETTINGS, g_per_d: 0 }, RATES, turn(game))).to.throw(
          `the opponent ${name} cannot share the pass of the clean images`,
        );
      });
      disposeGame(game);
    }
  });

  it('is refused where no clean images are learnt from', () => {
    const game = gameOf('fgsm', { random_start: false });
    expect(() => play(game, batch, { ...SETTINGS, objective: 'adversarial' }, RATES, turn(game))).to.throw(
      'the objective adversarial has no pass of the clean images to share: set game.crafting=train',
    );
    disposeGame(game);
  });

  it('keeps no tensor', () => {
    for (const [name, settings] of ATTACKS) {
      const game = gameOf(name, settings);
      expectNoLeak(() => void play(game, batch, { ...SETTINGS, d_per_g: 2 }, RATES, turn(game)));
      disposeGame(game);
    }
  });
});
