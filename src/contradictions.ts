/** Settings that are each allowed and cannot mean anything together. */
import type { AnyDiscriminatorVariant } from './discriminator/discriminator.ts';
import type { AnyGeneratorVariant, SettingsProblem } from './generator/generator.ts';
import { epsScheduleSettings } from './generator/eps-schedule.ts';
import { goalSetting } from './generator/goal.ts';
import { changesViews } from './game/image-views.ts';
import type { RunConfig } from './run-settings.ts';

/** What is wrong with settings taken together: of the game, of the game with its players, of the opponent by its own word. */
export function contradictionsOf(
  config: RunConfig,
  opponent: AnyGeneratorVariant,
  detector: AnyDiscriminatorVariant,
): SettingsProblem[] {
  return [
    ...gameProblems(config, opponent),
    ...teachingProblems(config, detector),
    ...criterionProblems(config),
    ...opponentProblems(config, opponent),
    ...fineTuningProblems(config.optimizer_g),
  ];
}

/** What a detector would have to be told and is not. */
function teachingProblems(
  { game, generator, discriminator }: RunConfig,
  detector: AnyDiscriminatorVariant,
): SettingsProblem[] {
  const needs = detector.needs?.(discriminator) ?? [];
  if (needs.length === 0 || game.play !== 'alternating' || game.pool_size === 0 || generator.name === 'none')
    return [];
  const problem = `is ${game.pool_size}, but the detector ${discriminator.name} learns ${needs.join(' and ')}, which the pool does not keep: set it to 0`;
  return [{ key: 'game.pool_size', problem }];
}

/** Weights of the classes that would be multiplied. */
function criterionProblems({ criterion }: RunConfig): SettingsProblem[] {
  const twice = criterion.name === 'focal' && criterion.alpha !== null && criterion.class_balance !== null;
  return twice
    ? [
        {
          key: 'criterion.class_balance',
          problem: `is ${criterion.class_balance}, but criterion.alpha is ${criterion.alpha} and weighs the classes already: set one of them to null`,
        },
      ]
    : [];
}

/** Settings of the detector's optimiser that mean nothing for an opponent's. */
function fineTuningProblems(optimizer: RunConfig['optimizer_g']): SettingsProblem[] {
  const without = { layer_decay: 1, frozen: [], average: 0 };
  return (Object.keys(without) as (keyof typeof without)[])
    .filter((key) => JSON.stringify(optimizer[key]) !== JSON.stringify(without[key]))
    .map((key) => ({
      key: `optimizer_g.${key}`,
      problem: `is ${JSON.stringify(optimizer[key])}, but an opponent is not fine-tuned: set it to ${JSON.stringify(without[key])}, or set optimizer_d.${key}`,
    }));
}

/** Ways of playing that the opponent cannot follow, and settings that mean nothing in them. */
function gameProblems(
  { game, generator, diff_augment, mixup }: RunConfig,
  opponent: AnyGeneratorVariant,
): SettingsProblem[] {
  const problems: SettingsProblem[] = [];
  const plays = opponent.plays ?? ['alternating'];
  if (!plays.includes(game.play)) {
    problems.push({
      key: 'game.play',
      problem: `is ${game.play}, which is no way for the opponent ${generator.name} to play: set game=${plays.join(' or game=')}`,
    });
  }
  // a setting of that name in a user's own file may mean something else
  if (
    game.play === 'free' &&
    opponent.settings['goal'] === goalSetting &&
    generator['goal'] !== 'true-label'
  ) {
    problems.push({
      key: 'generator.goal',
      problem: `is ${String(generator['goal'])}, but free play has no gradient but that of the detector's own loss: set it to true-label`,
    });
  }
  if (game.play === 'free' && generator['random_start'] === true) {
    problems.push({
      key: 'generator.random_start',
      problem: 'is true, but free play starts from what it carries over from the last batch: set it to false',
    });
  }
  if (generator.name !== 'none') problems.push(...absenceProblems(game));
  if (game.batch_size % (2 * game.accumulate) !== 0) {
    problems.push({
      key: 'game.accumulate',
      problem: `is ${game.accumulate}, but a batch of ${game.batch_size} does not fall into ${game.accumulate} equal parts of whole pairs: set it to a divisor of ${game.batch_size / 2}`,
    });
  }
  if (game.compile === true) problems.push(...recordingProblems({ game, generator }, opponent));
  if (game.play === 'alternating' && game.crafting === 'shared') {
    problems.push(...sharingProblems({ game, generator }, opponent));
    if (changesViews(diff_augment, mixup)) {
      problems.push({
        key: 'game.crafting',
        problem:
          'is shared, but with diff_augment or mixup the pass of the clean images sees changed views of them, and an attack does not: set it to train or eval',
      });
    }
  }
  if (game.play !== 'alternating') {
    if (game.crafting !== 'train') {
      problems.push({
        key: 'game.crafting',
        problem: `is ${game.crafting}, but in ${game.play} play the opponent meets the detector in the pass that it learns in: set it to train`,
      });
    }
    if (game.objective === 'clean' || (game.objective === 'clean+adversarial' && game.lambda === 0)) {
      const blind = `leaves out the adversarial loss, from which ${game.play} play takes the opponent's gradient`;
      problems.push(
        game.objective === 'clean'
          ? { key: 'game.objective', problem: `${blind}: set it to clean+adversarial or adversarial` }
          : { key: 'game.lambda', problem: `${blind}: set it above 0` },
      );
    }
  }
  return problems;
}

/** What is known beforehand to keep a round from being recorded; it would show when the opponent joins. */
function recordingProblems(
  { game, generator }: Pick<RunConfig, 'game' | 'generator'>,
  opponent: AnyGeneratorVariant,
): SettingsProblem[] {
  const refused = (why: string): SettingsProblem => ({
    key: 'game.compile',
    problem: `is true, but no round can be recorded ${why}: set it to auto or false`,
  });
  const problems: SettingsProblem[] = [];
  if (game.play === 'alternating' && game.pool_size > 0) {
    problems.push(refused('in which a pool exchanges images (game.pool_size)'));
  }
  if (generator.name === 'mixture')
    problems.push(refused('in which an opponent is drawn (generator=mixture)'));
  // a setting of that name in a user's own file may mean something else
  if (
    opponent.settings['eps_growth'] === epsScheduleSettings.eps_growth &&
    generator['eps_growth'] !== 'constant'
  ) {
    problems.push(refused('whose budget grows (generator.eps_growth)'));
  }
  return problems;
}

/** Why the pass of the clean images cannot be the attack's first. */
function sharingProblems(
  { game, generator }: Pick<RunConfig, 'game' | 'generator'>,
  opponent: AnyGeneratorVariant,
): SettingsProblem[] {
  const shared =
    "is shared, but the pass of the clean images gives the gradient of the detector's own loss there";
  if (opponent.startsClean !== true) {
    return [
      {
        key: 'game.crafting',
        problem: `${shared}, and the opponent ${generator.name} does not start there: set it to train or eval`,
      },
    ];
  }
  const problems: SettingsProblem[] = [];
  if (game.objective === 'adversarial') {
    problems.push({
      key: 'game.crafting',
      problem:
        'is shared, but the objective adversarial has no pass of the clean images: set it to train or eval',
    });
  }
  // settings of those names in a user's own file may mean something else; one that says that it starts clean means these
  if (generator['random_start'] === true) {
    problems.push({
      key: 'generator.random_start',
      problem: `is true, but game.crafting ${shared}: set it to false, or game.crafting to train`,
    });
  }
  const { goal } = generator;
  if (typeof goal === 'string' && goal !== 'true-label') {
    problems.push({
      key: 'generator.goal',
      problem: `is ${goal}, but game.crafting ${shared}: set it to true-label, or game.crafting to train`,
    });
  }
  return problems;
}

/** Games that an opponent takes no part in, or that teach the detector nothing that is tested. */
function absenceProblems(game: RunConfig['game']): SettingsProblem[] {
  const problems: SettingsProblem[] = [];
  if (game.objective === 'clean' && game.play === 'alternating') {
    problems.push({
      key: 'game.objective',
      problem:
        'is clean, so the opponent would never play: set it to clean+adversarial, or set generator=none',
    });
  }
  if (game.objective !== 'clean' && game.rounds <= game.clean_rounds) {
    problems.push({
      key: 'game.clean_rounds',
      problem: `is ${game.clean_rounds}, and the game has ${game.rounds} rounds, so the opponent would never play: set it below game.rounds`,
    });
  }
  if (game.objective === 'adversarial' && game.auxiliary_bn) {
    problems.push({
      key: 'game.auxiliary_bn',
      problem:
        'is true, but with adversarial images alone nothing would learn in the main batch norm, which is the one that is tested: set it to false',
    });
  }
  return problems;
}

function opponentProblems(
  { data, game, generator }: RunConfig,
  opponent: AnyGeneratorVariant,
): SettingsProblem[] {
  const size = data['size'];
  const found =
    opponent.check?.(generator, { imageSize: typeof size === 'number' ? size : null, play: game.play }) ?? [];
  return found.map(({ key, problem }) => ({ key: `generator.${key}`, problem }));
}
