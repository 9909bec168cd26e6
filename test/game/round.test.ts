import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { createGame, disposeGame, type Game } from '../../src/game/players.ts';
import { craft, playRound, type RoundMetrics, type RoundSettings } from '../../src/game/round.ts';
import type { Discriminator, Pass } from '../../src/discriminator/discriminator.ts';
import { GENERATORS } from '../../src/generator/index.ts';
import type { Generator, LabelledImages } from '../../src/generator/generator.ts';
import { createRng } from '../../src/ops/random.ts';
import { onTensorFlow } from '../support/engines.ts';
import { ADAM, noiseBatch, settle, shippedSettings, tinyDetector } from '../support/players.ts';
import { changed, expectNoLeak, snapshot, type Snapshot } from '../support/tensors.ts';

const SETTINGS: RoundSettings = {
  objective: 'clean+adversarial',
  lambda: 0.5,
  accumulate: 1,
  g_per_d: 1,
  d_per_g: 1,
  crafting: 'eval',
  auxiliary_bn: true,
};
const RATES = { detector: 1e-2, generator: 1e-2 };

function opponent(name: string): Generator {
  return GENERATORS[name]!.create(
    { ...shippedSettings('generator', name), ...(name === 'generative' ? { width: 4, blocks: 1 } : {}) },
    { imageSize: 16, seed: 2 },
  );
}

function game(name: string, detector: Discriminator = tinyDetector()): Game {
  return createGame(detector, opponent(name), {
    seed: 1,
    optimizer_d: { ...ADAM, weight_decay: 0.01, decay: 'decoupled' },
    optimizer_g: ADAM,
  });
}

/** Plays rounds on one batch in a game of its own and gives what was left of the detector and the metrics. */
function played(
  name: string,
  settings: Partial<RoundSettings>,
  { rounds = 3, auxiliary = true }: { rounds?: number; auxiliary?: boolean } = {},
): { detector: Snapshot; generator: Snapshot; metrics: RoundMetrics[] } {
  const given = game(name, tinyDetector({ auxiliary }));
  const batch = noiseBatch([0, 1, 1, 0, 1, 0]);
  const metrics = Array.from({ length: rounds }, () =>
    playRound(given, batch, { ...SETTINGS, ...settings }, RATES, { rng: given.rng, progress: 1 }),
  );
  const result = {
    detector: snapshot(given.detector.state),
    generator: snapshot(given.generator.state),
    metrics,
  };
  disposeGame(given);
  tf.dispose([batch.images, batch.labels]);
  return result;
}

onTensorFlow('a round', () => {
  let batch: LabelledImages;
  before(() => (batch = noiseBatch([0, 1, 1, 0, 1, 0])));
  after(() => tf.dispose([batch.images, batch.labels]));

  /** Which variables a round moves when the other player's learning is switched off by its number of steps. */
  const moved = (
    settings: Partial<RoundSettings>,
  ): { detector: readonly string[]; generator: readonly string[]; given: Game } => {
    const given = game('generative');
    const [detector, generator] = [snapshot(given.detector.state), snapshot(given.generator.state)];
    playRound(given, batch, { ...SETTINGS, ...settings }, RATES, { rng: given.rng, progress: 1 });
    return {
      detector: changed(detector, snapshot(given.detector.state)),
      generator: changed(generator, snapshot(given.generator.state)),
      given,
    };
  };

  it('a generator step moves every weight of the generator and no bit of the detector', () => {
    for (const crafting of ['eval', 'train'] as const) {
      const { detector, generator, given } = moved({ d_per_g: 0, crafting });
      expect(detector).to.deep.equal([]);
      const trainable = [...given.generator.state].filter(([, variable]) =>
        given.generator.learners.some(({ trainable }) => trainable.includes(variable)),
      );
      expect(generator).to.have.members(trainable.map(([name]) => name));
      disposeGame(given);
    }
  });

  it('a detector step moves every weight and statistic of the detector and no bit of the generator', () => {
    const { detector, generator, given } = moved({ g_per_d: 0 });
    expect(generator).to.deep.equal([]);
    expect(detector).to.have.members([...given.detector.state.keys()]);
    disposeGame(given);
  });

  it('makes as many steps of each player as it is told', () => {
    for (const [g_per_d, d_per_g] of [
      [3, 1],
      [1, 2],
      [2, 3],
    ] as const) {
      const given = game('generative');
      playRound(given, batch, { ...SETTINGS, g_per_d, d_per_g }, RATES, { rng: given.rng, progress: 1 });
      expect([given.generatorOptimizer.steps, given.detectorOptimizer.steps]).to.deep.equal([
        g_per_d,
        d_per_g,
      ]);
      disposeGame(given);
    }
    const given = game('fgsm');
    playRound(given, batch, { ...SETTINGS, g_per_d: 3 }, RATES, { rng: given.rng, progress: 1 });
    expect([given.generatorOptimizer.steps, given.detectorOptimizer.steps]).to.deep.equal([0, 1]);
    disposeGame(given);
  });

  it('the generator climbs what the detector loses, the detector descends it', () => {
    const given = game('generative');
    settle(given.detector, batch.images);
    const adversarialLoss = (settings: Partial<RoundSettings>): number[] =>
      Array.from(
        { length: 8 },
        () =>
          playRound(given, batch, { ...SETTINGS, ...settings }, RATES, { rng: given.rng, progress: 1 })[
            'loss_g'
          ]!,
      );
    const climbed = adversarialLoss({ d_per_g: 0 });
    // loss_g is the negative of what the detector loses
    expect(climbed.at(-1)).to.be.below(climbed[0]!);
    disposeGame(given);
    const { metrics } = played('generative', { g_per_d: 0 }, { rounds: 10 });
    expect(metrics.at(-1)!['loss_d']).to.be.below(metrics[0]!['loss_d']!);
  });

  it('repeats bit for bit', () => {
    for (const name of Object.keys(GENERATORS)) {
      const [first, second] = [played(name, {}), played(name, {})];
      expect(changed(first.detector, second.detector), name).to.deep.equal([]);
      expect(changed(first.generator, second.generator), name).to.deep.equal([]);
      expect(first.metrics).to.deep.equal(second.metrics);
    }
  });

  it('with λ = 0 is plain training bit for bit, but for the statistics that the adversarial images leave', () => {
    const [plain, weightless] = [played('fgsm', { objective: 'clean' }), played('fgsm', { lambda: 0 })];
    const differing = changed(plain.detector, weightless.detector);
    expect(differing.length).to.be.above(0);
    expect(differing.every((name) => /auxiliary_moving_(mean|variance)$/.test(name))).to.equal(true);
    // one branch for all: its statistics are then shared, its weights still the same
    const shared = changed(
      played('fgsm', { objective: 'clean', auxiliary_bn: false }, { auxiliary: false }).detector,
      played('fgsm', { lambda: 0, auxiliary_bn: false }, { auxiliary: false }).detector,
    );
    expect(shared.every((name) => /\/moving_(mean|variance)$/.test(name))).to.equal(true);
  });

  it('against no opponent and one branch, clean + λ · adversarial is (1 + λ) times clean', () => {
    const { metrics } = played('none', { lambda: 0.5, auxiliary_bn: false }, { rounds: 1, auxiliary: false });
    const { loss_d: total, loss_clean: clean, loss_adversarial: adversarial } = metrics[0]!;
    expect(adversarial).to.equal(clean);
    expect(total).to.be.closeTo(1.5 * clean!, 1e-6);
    expect(metrics[0]!['perturbation']).to.equal(0);
  });

  /** Every pass through the detector during a round. */
  const passes = (settings: Partial<RoundSettings>, name = 'fgsm'): Pass[] => {
    const detector = tinyDetector();
    const seen: Pass[] = [];
    const watched: Discriminator = {
      ...detector,
      logits: (images, pass) => {
        seen.push(pass);
        return detector.logits(images, pass);
      },
    };
    const given = game(name, watched);
    playRound(given, batch, { ...SETTINGS, ...settings }, RATES, { rng: given.rng, progress: 1 });
    disposeGame(given);
    return seen;
  };

  it('clean: one pass, none by the opponent', () => {
    expect(passes({ objective: 'clean' })).to.deep.equal([
      { training: true, trackStatistics: true, branch: 'main' },
    ]);
  });

  it('clean+adversarial: the opponent crafts on the adversarial branch without tracking, then each set on its own', () => {
    for (const crafting of ['eval', 'train'] as const) {
      expect(passes({ crafting })).to.deep.equal([
        { training: crafting === 'train', trackStatistics: false, branch: 'auxiliary' },
        { training: true, trackStatistics: true, branch: 'main' },
        { training: true, trackStatistics: true, branch: 'auxiliary' },
      ]);
    }
  });

  it('without auxiliary batch norm everything goes through the main branch', () => {
    expect(passes({ auxiliary_bn: false }).map(({ branch }) => branch)).to.deep.equal([
      'main',
      'main',
      'main',
    ]);
  });

  it('adversarial: no pass of the clean images', () => {
    expect(
      passes({ objective: 'adversarial' }).map(({ training, branch }) => [training, branch]),
    ).to.deep.equal([
      [false, 'auxiliary'],
      [true, 'auxiliary'],
    ]);
  });

  it('reports what it computed, finite', () => {
    const keys = (name: string, settings: Partial<RoundSettings>): string[] => {
      const [metrics] = played(name, settings, { rounds: 1 }).metrics;
      expect(Object.values(metrics!).every(Number.isFinite)).to.equal(true);
      return Object.keys(metrics!).sort();
    };
    const both = [
      'accuracy_adversarial',
      'accuracy_clean',
      'gradient_norm_d',
      'loss_adversarial',
      'loss_clean',
      'loss_d',
      'perturbation',
    ];
    expect(keys('fgsm', {})).to.deep.equal([...both, 'budget_pixels'].sort());
    const learned = ['learned_sigma_at_bound', 'learned_sigma_at_zero'];
    const sigma = ['budget_sigma', 'sigma_at_bound', 'sigma_at_zero', 'sigma_mean'];
    expect(keys('generative', {})).to.deep.equal(
      [...both, ...sigma, ...learned, 'gradient_norm_g', 'loss_g'].sort(),
    );
    expect(keys('fgsm', { objective: 'clean' })).to.deep.equal([
      'accuracy_clean',
      'gradient_norm_d',
      'loss_clean',
      'loss_d',
    ]);
  });

  it('crafting alone moves no player', () => {
    for (const crafting of ['eval', 'train'] as const) {
      const given = game('blur');
      const before = snapshot(given.detector.state);
      tf.tidy(() =>
        craft(
          given,
          batch,
          { ...SETTINGS, crafting },
          { rng: createRng(1, 'x'), progress: 1 },
        ).images.dataSync(),
      );
      expect(changed(before, snapshot(given.detector.state))).to.deep.equal([]);
      disposeGame(given);
    }
  });

  for (const name of Object.keys(GENERATORS)) {
    it(`keeps no tensor (${name})`, () => {
      const given = game(name);
      for (const objective of ['clean', 'adversarial', 'clean+adversarial'] as const) {
        expectNoLeak(() =>
          playRound(given, batch, { ...SETTINGS, objective, d_per_g: 2 }, RATES, {
            rng: given.rng,
            progress: 1,
          }),
        );
      }
      disposeGame(given);
    });
  }

  it('a whole game is freed by disposing it', () => {
    expectNoLeak(() => disposeGame(game('generative')));
  });
});
