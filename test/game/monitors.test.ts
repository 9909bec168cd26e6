import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import fc from 'fast-check';
import {
  balanceOf,
  COLLAPSED_SHARE,
  GUESSING,
  LEAK_MARGIN,
  openMonitors,
  OVERWHELMED,
  POWERLESS_SHARE,
  WINDOW,
  type Monitors,
} from '../../src/game/monitors.ts';
import type { FineTuningSettings } from '../../src/game/fine-tuning.ts';
import type { OptimizerSettings } from '../../src/game/optimizer.ts';
import { createGame, disposeGame } from '../../src/game/players.ts';
import { playRound, type GameSettings, type RoundMetrics } from '../../src/game/round.ts';
import { chain } from '../../src/generator/chain.ts';
import type { Combination, Opponents } from '../../src/generator/combined.ts';
import { GENERATORS } from '../../src/generator/index.ts';
import { mixture } from '../../src/generator/mixture.ts';
import { onTensorFlow } from '../support/engines.ts';
import { noiseBatch, settle, shippedSettings, tinyDetector } from '../support/players.ts';

const HOW: GameSettings = {
  objective: 'clean+adversarial',
  lambda: 1,
  accumulate: 1,
  crafting: 'eval',
  auxiliary_bn: true,
};

/** A round in which both players do well. */
const HEALTHY: RoundMetrics = {
  loss_clean: 0.3,
  loss_adversarial: 0.5,
  accuracy_clean: 0.9,
  accuracy_adversarial: 0.8,
  learned_sigma_at_bound: 0.3,
  learned_sigma_at_zero: 0.1,
};

const CLEAN_ROUND: RoundMetrics = { loss_d: 0.6, loss_clean: 0.6, accuracy_clean: 0.7 };

/** Plays so many rounds of one kind after each other, from round 1; gives the alarms as `round name`. */
function told(
  rounds: readonly (readonly [number, RoundMetrics])[],
  monitors: Monitors = openMonitors(),
): readonly string[] {
  return rounds
    .flatMap(([count, metrics]) => Array<RoundMetrics>(count).fill(metrics))
    .flatMap((metrics, i) => monitors.round(i + 1, metrics).map(({ name }) => `${i + 1} ${name}`));
}

const with_ = (more: RoundMetrics): RoundMetrics => ({ ...HEALTHY, ...more });

describe('alarms: a game that goes well', () => {
  it('is quiet, and so is the time before the opponent joins, however it goes', () => {
    expect(told([[5 * WINDOW, HEALTHY]])).to.deep.equal([]);
    const hopeless = { loss_clean: 5, accuracy_clean: 0, gradient_norm_d: 0 };
    expect(
      told([
        [3 * WINDOW, hopeless],
        [3 * WINDOW, CLEAN_ROUND],
        [WINDOW, HEALTHY],
      ]),
    ).to.deep.equal([]);
  });

  it('is quiet with noise in every figure that its mean allows', () => {
    const noisy = fc.array(
      fc.record({
        loss_clean: fc.double({ min: 0.2, max: 0.4, noNaN: true }),
        loss_adversarial: fc.double({ min: 0.41, max: 0.69, noNaN: true }),
        accuracy_clean: fc.double({ min: 0.85, max: 1, noNaN: true }),
        accuracy_adversarial: fc.double({ min: 0.6, max: 0.85, noNaN: true }),
        learned_sigma_at_bound: fc.double({ min: 0, max: COLLAPSED_SHARE, noNaN: true }),
      }),
      { minLength: WINDOW, maxLength: 3 * WINDOW },
    );
    fc.assert(
      fc.property(noisy, (rounds) => {
        expect(told(rounds.map((metrics) => [1, metrics] as const))).to.deep.equal([]);
      }),
      { numRuns: 50 },
    );
  });
});

describe('alarms: what has gone wrong', () => {
  const cases: readonly (readonly [string, RoundMetrics])[] = [
    ['label_leaking', { accuracy_adversarial: 0.9 + LEAK_MARGIN + 0.01 }],
    ['opponent_won', { loss_adversarial: OVERWHELMED * GUESSING + 0.01 }],
    ['opponent_powerless', { loss_adversarial: 0.3 * (1 + POWERLESS_SHARE / 2) }],
    ['collapsed_sigma_at_bound', { learned_sigma_at_bound: COLLAPSED_SHARE + 0.01 }],
    ['collapsed_sigma_at_zero', { learned_sigma_at_zero: 1 }],
  ];

  for (const [name, wrong] of cases) {
    it(`${name} is told once when it sets in, and again only after it was away`, () => {
      const alarms = told([
        [10, CLEAN_ROUND],
        [WINDOW, HEALTHY],
        [3 * WINDOW, with_(wrong)],
        [3 * WINDOW, HEALTHY],
        [3 * WINDOW, with_(wrong)],
      ]);
      const [first, second, ...others] = alarms.map((alarm) => Number(alarm.split(' ')[0]));
      expect(alarms.map((alarm) => alarm.split(' ')[1])).to.deep.equal([name, name]);
      expect(others).to.deep.equal([]);
      expect(first).to.be.within(31, 30 + WINDOW);
      expect(second).to.be.within(151, 150 + WINDOW);
    });
  }

  it('is not repeated while a figure trembles about its threshold', () => {
    // the window's mean passes the margin on every second round: 19 of one and 20, or 20 of one and 19
    const wobble = Array.from({ length: 8 * WINDOW }, (_, i): readonly [number, RoundMetrics] => [
      1,
      with_({ accuracy_adversarial: 0.9 + LEAK_MARGIN + (i % 2 === 0 ? 0.01 : -0.0099) * (i % 7) }),
    ]);
    expect(told(wobble)).to.have.length(1);
  });

  it('needs a whole window: one round less is not told, and clean rounds between start it anew', () => {
    const lost = with_({ loss_adversarial: 2.5 });
    expect(told([[WINDOW - 1, lost]])).to.deep.equal([]);
    expect(
      told([
        [WINDOW - 1, lost],
        [1, CLEAN_ROUND],
        [WINDOW - 1, lost],
      ]),
    ).to.deep.equal([]);
    expect(told([[WINDOW, lost]])).to.deep.equal([`${WINDOW} opponent_won`]);
  });

  it('one round below guessing, and the opponent has not won', () => {
    const [lost, narrow] = [2.5, GUESSING - 0.001].map((loss_adversarial) => with_({ loss_adversarial }));
    const mixed = Array.from({ length: 4 }, () => [
      [WINDOW - 1, lost!] as const,
      [1, narrow!] as const,
    ]).flat();
    expect(told(mixed)).to.deep.equal([]);
  });

  it('an opponent that is ahead has not won while the detector learns from clean images, and has once it does not', () => {
    const ahead = with_({ loss_adversarial: 1 });
    expect(told([[3 * WINDOW, ahead]])).to.deep.equal([]);
    expect(told([[3 * WINDOW, { ...ahead, loss_clean: 0.69 }]])).to.deep.equal([`${WINDOW} opponent_won`]);
  });

  it('without a clean loss, only what can be known is told', () => {
    const blind = { loss_adversarial: 1, accuracy_adversarial: 1 };
    expect(told([[2 * WINDOW, blind]])).to.deep.equal([`${WINDOW} opponent_won`]);
  });

  it('classical attacks may end at their bound', () => {
    const atBound = with_({ sigma_at_bound: 1, first_flow_at_bound: 1, first_flow_at_zero: 1 });
    expect(told([[2 * WINDOW, atBound]])).to.deep.equal([]);
  });

  it('says what was seen, since when, what it means, what to do', () => {
    const monitors = openMonitors();
    const wrong = with_({ accuracy_adversarial: 0.96, learned_sigma_at_zero: 0.991 });
    const alarms = Array.from({ length: WINDOW }, (_, i) => monitors.round(101 + i, wrong)).flat();
    expect(alarms.map(({ name }) => name)).to.deep.equal(['label_leaking', 'collapsed_sigma_at_zero']);
    expect(alarms[0]!.message).to.match(
      /^alarm, rounds 101 to 120: label leaking\. The detector is right on 96\.0 % of the opponent's images and on 90\.0 % of the clean .*generator\.goal=predicted-label/,
    );
    expect(alarms[1]!.message).to.match(
      /^alarm, rounds 101 to 120: the opponent has collapsed\. 99\.1 % .* sigma are at zero/,
    );
  });

  it('a resumed run needs nothing kept: the alarm comes a window after the resumption', () => {
    const lost = with_({ loss_adversarial: 2.5 });
    const resumed = openMonitors();
    const rounds = Array.from({ length: WINDOW }, (_, i) => resumed.round(501 + i, lost).length);
    expect(rounds).to.deep.equal([...Array<number>(WINDOW - 1).fill(0), 1]);
  });
});

describe('alarms: catastrophic overfitting', () => {
  const probed = (clean: number, opponent: number, pgd10: number, suffix = '') => ({
    [`accuracy_clean${suffix}`]: clean,
    [`accuracy_opponent${suffix}`]: opponent,
    [`accuracy_pgd10${suffix}`]: pgd10,
  });
  const alarmsOf = (...probes: readonly Record<string, number>[]) => {
    const monitors = openMonitors();
    return probes.flatMap((metrics, i) =>
      monitors.probe(50 * (i + 1), metrics).map(({ name }) => `${50 * (i + 1)} ${name}`),
    );
  };

  it('is told once, and again after a probe without it', () => {
    const [bent, sound] = [probed(0.9, 0.95, 0.1), probed(0.9, 0.7, 0.65)];
    expect(alarmsOf(sound, bent, bent, sound, bent)).to.deep.equal([
      '100 catastrophic_overfitting',
      '250 catastrophic_overfitting',
    ]);
  });

  it('is not told of a detector that its own opponent beats too or that guesses, nor without a bound for PGD', () => {
    expect(alarmsOf(probed(0.95, 0.6, 0.2), probed(0.95, 0.1, 0.05))).to.deep.equal([]);
    expect(alarmsOf(probed(0.5, 0.47, 0))).to.deep.equal([]);
    expect(alarmsOf({ accuracy_clean: 0.9, accuracy_opponent: 0.9 })).to.deep.equal([]);
  });

  it('is told of the branch of batch norm that the opponent meets', () => {
    const both = { ...probed(0.95, 0.6, 0.2), ...probed(0.9, 0.9, 0.2, '_auxiliary') };
    expect(alarmsOf(both)).to.deep.equal(['50 catastrophic_overfitting_auxiliary']);
  });

  it('names the figures and the remedy', () => {
    const [alarm] = openMonitors().probe(150, probed(0.875, 0.9375, 0.25));
    expect(alarm!.message).to.match(
      /^alarm, round 150: catastrophic overfitting\. .*93\.8 % against the opponent.*25\.0 % against ten steps of PGD.*87\.5 % of the clean.*generator\.random_start=true/,
    );
  });
});

onTensorFlow('alarms: opponents made of others', () => {
  const ONE_STEP = ['pgd', { steps: 1 }] as const;
  const GENERATIVE = ['generative', { shared: true, width: 2, depth: 1, blocks: 0 }] as const;
  const FLOW_AT_BOUND = ['sat', { flow_max: 0.01, steps: 1, step_size: 100, direction: 'sign' }] as const;

  /** The collapses that are told in a window of rounds in which nobody learns. */
  const collapses = (
    combination: Combination,
    parts: Readonly<Record<string, readonly [string, Readonly<Record<string, unknown>>]>>,
    own: Readonly<Record<string, unknown>>,
    /** What the networks say of every pixel; null for what they start with. */
    says: number | null,
  ): readonly string[] => {
    const sections = Object.entries(parts).map(([key, [name, changes]]) => [
      key,
      { ...shippedSettings('generator', name), ...changes },
    ]);
    const variants = Object.entries(parts).map(([key, [name]]) => [key, GENERATORS[name]!]);
    const generator = combination
      .of(Object.fromEntries(variants) as Opponents)
      .create({ opponents: Object.fromEntries(sections) as unknown, ...own }, { imageSize: 16, seed: 2 });
    for (const [name, variable] of generator.state) {
      if (says === null || !/output_conv/.test(name)) continue;
      tf.tidy(() => variable.assign(tf.fill(variable.shape, name.endsWith('bias') ? says : 0)));
    }
    const batch = noiseBatch([0, 1, 1, 0]);
    const detector = tinyDetector();
    settle(detector, batch.images);
    const sgd = { ...shippedSettings('optimizer', 'sgd'), lr: 0 } as unknown as OptimizerSettings &
      FineTuningSettings;
    const game = createGame(detector, generator, { seed: 1, optimizer_d: sgd, optimizer_g: sgd });
    const settings = { ...HOW, g_per_d: 1, d_per_g: 1 };
    const monitors = openMonitors();
    const names = new Set<string>();
    for (let round = 1; round <= WINDOW; round++) {
      const turn = { rng: game.rng, progress: 1 };
      const metrics = playRound(game, batch, settings, { detector: 0, generator: 0 }, turn);
      monitors.round(round, metrics).forEach(({ name }) => names.add(name));
    }
    disposeGame(game);
    tf.dispose([batch.images, batch.labels]);
    return [...names].filter((name) => name.startsWith('collapsed'));
  };

  it('a mixture’s generator that has collapsed is told, however seldom it is drawn', () => {
    const parts = { first: GENERATIVE, second: ONE_STEP };
    const [never, seldom] = [{ weights: { first: 0, second: 1 } }, { weights: { first: 1, second: 2 } }];
    expect(collapses(mixture, parts, never, 50)).to.deep.equal(['collapsed_first_sigma_at_bound']);
    expect(collapses(mixture, parts, seldom, -50)).to.deep.equal(['collapsed_first_sigma_at_zero']);
    expect(collapses(mixture, parts, seldom, null)).to.deep.equal([]);
  });

  it('a chain’s classical part may end at its bound, its generator may not', () => {
    const parts = { first: FLOW_AT_BOUND, second: GENERATIVE };
    expect(collapses(chain, parts, {}, null)).to.deep.equal([]);
    expect(collapses(chain, parts, {}, 50)).to.deep.equal(['collapsed_second_sigma_at_bound']);
  });

  it('a residual at its bound, or at zero, is a collapse too', () => {
    const parts = { first: ['generative-residual', GENERATIVE[1]], second: ONE_STEP } as const;
    const weights = { first: 1, second: 1 };
    expect(collapses(mixture, parts, { weights }, 50)).to.deep.equal(['collapsed_first_residual_at_bound']);
    expect(collapses(mixture, parts, { weights }, 0)).to.deep.equal(['collapsed_first_residual_at_zero']);
    expect(collapses(mixture, parts, { weights }, 0.5)).to.deep.equal([]);
  });
});

describe('balanceOf', () => {
  it('has each figure where its parts are', () => {
    expect(balanceOf(CLEAN_ROUND)).to.deep.equal({});
    expect(balanceOf({ ...HEALTHY, gradient_norm_g: 3, gradient_norm_d: 2 })).to.deep.equal({
      label_leaking: 0.8 - 0.9,
      opponent_gain: 0.5 - 0.3,
      gradient_ratio: 1.5,
    });
    expect(balanceOf({ gradient_norm_g: 3, gradient_norm_d: 0 })).to.deep.equal({});
  });
});
