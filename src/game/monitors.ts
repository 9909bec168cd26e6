/**
 * What tells from the game's own figures that it has gone wrong: derived scalars, and alarms that speak once when something sets in.
 * They look on and change nothing. They remember only the last rounds, so a resumed run needs nothing of them: it looks anew.
 */
import type { RoundMetrics } from './figures.ts';

/** Rounds with an opponent that an alarm looks at: enough images (hundreds) for figures of percents, and few enough to speak in time. */
export const WINDOW = 20;
/** Accuracy above clean: more than twice what chance makes of a window of batches of 16 where every tenth answer differs (.018). */
export const LEAK_MARGIN = 0.05;
/** What two equally likely classes cost whoever knows nothing. */
export const GUESSING = Math.LN2;
/** Share of that below which a detector knows something of clean images: then an opponent that is ahead of it has not won yet. */
export const KNOWING_SHARE = 0.9;
/** Times guessing: the right class gets an eighth on average. Good games have been seen at two, just after the opponent joined. */
export const OVERWHELMED = 3;
/** Share of the clean loss; the detector's own loss is the scale, or a detector that has learnt well would look unthreatened. */
export const POWERLESS_SHARE = 0.01;
/** Share of a map's pixels at one end; sigmoids that still learn keep more of them between. */
export const COLLAPSED_SHARE = 0.98;
/** Accuracy that PGD takes further than the opponent: a fifth of all images, where honest training leaves a few in a hundred. */
export const UNSEEN_MARGIN = 0.2;
/** Accuracy that the opponent may take from a detector that seems to withstand it. One that has not learnt yet loses more to both. */
export const WITHSTOOD_MARGIN = 0.1;
/** Accuracy on the opponent's images from which a detector withstands it at all: guessing reaches less on 32 images, mostly. */
export const KNOWING_ACCURACY = 0.6;

export interface Alarm {
  /** For tags: `label_leaking`, for one. */
  readonly name: string;
  /** What was seen since when, what it means, what to do. */
  readonly message: string;
}

export interface Monitors {
  /** After each round, clean ones included. Gives what sets in now. */
  round(round: number, metrics: RoundMetrics): readonly Alarm[];
  /** After each probe. */
  probe(round: number, metrics: Readonly<Record<string, number>>): readonly Alarm[];
}

/**
 * Scalars that show the balance of the players, by TensorBoard tag without its `train/`: `label_leaking`, accuracy on the opponent's
 * images above that on clean ones; `opponent_gain`, the loss that it adds, in nats; `gradient_ratio`, its gradient's length over the
 * detector's. Each only where its parts are.
 */
export function balanceOf(metrics: RoundMetrics): RoundMetrics {
  const balance: Record<string, number> = {};
  const combine = (name: string, a: string, b: string, of: (a: number, b: number) => number): void => {
    const [first, second] = [metrics[a], metrics[b]];
    if (first !== undefined && second !== undefined) balance[name] = of(first, second);
  };
  combine(
    'label_leaking',
    'accuracy_adversarial',
    'accuracy_clean',
    (adversarial, clean) => adversarial - clean,
  );
  combine('opponent_gain', 'loss_adversarial', 'loss_clean', (adversarial, clean) => adversarial - clean);
  // a detector without a gradient would make it infinite, which no curve shows
  if (metrics['gradient_norm_d'] !== 0) {
    combine('gradient_ratio', 'gradient_norm_g', 'gradient_norm_d', (g, d) => g / d);
  }
  return balance;
}

/** Begins the tags of what a learner played itself. */
const LEARNED = 'learned_';
const AT_BOUND = '_at_bound';
const AT_ZERO = '_at_zero';

/**
 * Of what the game measured of a learner's own images the figures by which a collapse would show, under tags of their own: `learned_MAP_at_bound`
 * and `learned_MAP_at_zero`. The figures of the opponent as a whole would not do: a chain holds maps of classical attacks too, which
 * may well end at their bound, and a mixture may be playing another of its opponents.
 */
export function learnedFigures(measured: RoundMetrics): RoundMetrics {
  const figures = Object.entries(measured).filter(
    ([name]) => name.endsWith(AT_BOUND) || name.endsWith(AT_ZERO),
  );
  return Object.fromEntries(figures.map(([name, value]) => [`${LEARNED}${name}`, value]));
}

/** What is wrong now, by alarm: the sentence that says what was seen, what it means and what to do. */
type Findings = Readonly<Record<string, string>>;

/** Opens a watch over one game. */
export function openMonitors(): Monitors {
  let window: RoundMetrics[] = [];
  // an alarm near its threshold must not speak every other round: a window without cause ends it
  const rounds = openOnsets(WINDOW);
  const probes = openOnsets(1);
  return {
    round(round, metrics) {
      if (metrics['loss_adversarial'] === undefined) {
        window = []; // no opponent yet
        return [];
      }
      window = [...window, metrics].slice(-WINDOW);
      if (window.length < WINDOW) {
        return [];
      }
      const findings = { ...balanceFindings(window), ...collapseFindings(window) };
      return rounds(findings, `rounds ${round - WINDOW + 1} to ${round}`);
    },
    probe: (round, metrics) => probes(overfittingFindings(metrics), `round ${round}`),
  };
}

/** Gives the findings that were not there before; one that stays away for `patience` looks may come again. */
function openOnsets(patience: number): (findings: Findings, when: string) => Alarm[] {
  const quiet = new Map<string, number>();
  return (findings, when) => {
    const onsets = Object.entries(findings).filter(([name]) => !quiet.has(name));
    for (const [name, looks] of quiet) {
      if (looks + 1 >= patience) quiet.delete(name);
      else quiet.set(name, looks + 1);
    }
    Object.keys(findings).forEach((name) => quiet.set(name, 0));
    return onsets.map(([name, text]) => ({ name, message: `alarm, ${when}: ${text}` }));
  };
}

/** Who wins, and whether by cheating. */
function balanceFindings(window: readonly RoundMetrics[]): Findings {
  const findings: Record<string, string> = {};
  const mean = (name: string): number => meanOf(window, name);
  const [clean, adversarial] = [mean('loss_clean'), mean('loss_adversarial')];
  const leak = mean('accuracy_adversarial') - mean('accuracy_clean');
  // comparisons with the NaN of a loss that the objective leaves out are false
  if (leak > LEAK_MARGIN) {
    findings['label_leaking'] =
      `label leaking. The detector is right on ${percent(mean('accuracy_adversarial'))} of the opponent's images and on ` +
      `${percent(mean('accuracy_clean'))} of the clean ones: it reads the label off the change that the opponent makes, and learns ` +
      'nothing of forgeries from it. Take an opponent that does not know the label (generator.goal=predicted-label), ' +
      'one with more steps, or a smaller budget; a learned one with generator.shared=true';
  }
  const behind = window.every((round) => round['loss_adversarial']! >= GUESSING);
  // without a clean loss the opponent's images are all that the detector could learn from
  if (behind && (!(clean <= KNOWING_SHARE * GUESSING) || adversarial >= OVERWHELMED * GUESSING)) {
    findings['opponent_won'] =
      `the opponent has won. Its images cost the detector ${nats(adversarial)} on average and never less than guessing does ` +
      `(ln 2 = ${nats(GUESSING)})${Number.isNaN(clean) ? '' : `, clean ones ${nats(clean)}`}: it learns nothing from them. Lower the opponent's budget ` +
      "(eps, sigma_max, flow_max) or its steps, a learned one's optimizer_g.lr or game.g_per_d; or give the detector a head start " +
      'with game.clean_rounds, or weight with game.lambda';
  }
  if (adversarial - clean < POWERLESS_SHARE * clean) {
    findings['opponent_powerless'] =
      `the opponent has no power. Its images cost the detector ${nats(adversarial)}, clean ones ${nats(clean)}: ` +
      'playing against it is training without an opponent, only slower. Raise its budget, its step size or its steps; ' +
      'for a learned one optimizer_g.lr, or lower generator.penalty';
  }
  return findings;
}

/** Maps that a learner plays of which nearly every pixel is at one end. */
function collapseFindings(window: readonly RoundMetrics[]): Findings {
  const ends = [
    {
      suffix: AT_BOUND,
      where: 'its bound',
      meaning:
        'it does the same to every pixel, from where its gradient hardly brings it back. Lower optimizer_g.lr, set generator.penalty, or raise the bound',
    },
    {
      suffix: AT_ZERO,
      where: 'zero',
      meaning:
        'it has given up, and the detector plays alone. Lower generator.penalty, or try another optimizer_g.lr or a later start (game.clean_rounds)',
    },
  ];
  const findings: Record<string, string> = {};
  for (const { suffix, where, meaning } of ends) {
    for (const tag of Object.keys(window.at(-1)!).filter(
      (name) => name.startsWith(LEARNED) && name.endsWith(suffix),
    )) {
      const share = meanOf(window, tag);
      if (share > COLLAPSED_SHARE) {
        const map = tag.slice(LEARNED.length, -suffix.length);
        findings[`collapsed_${map}${suffix}`] =
          `the opponent has collapsed. ${percent(share)} of the pixels of its map ${map} are at ${where}: ${meaning}`;
      }
    }
  }
  return findings;
}

/** Whether the detector has learnt to beat its own opponent without learning to withstand changes of that size. */
function overfittingFindings(metrics: Readonly<Record<string, number>>): Findings {
  const findings: Record<string, string> = {};
  for (const [suffix, where] of [
    ['', ''],
    ['_auxiliary', ' (through the auxiliary batch norm, where they play)'],
  ] as const) {
    const [clean, opponent, pgd] = ['clean', 'opponent', 'pgd10'].map(
      (against) => metrics[`accuracy_${against}${suffix}`] ?? Number.NaN,
    ) as [number, number, number];
    const withstood = opponent >= KNOWING_ACCURACY && clean - opponent <= WITHSTOOD_MARGIN;
    if (withstood && opponent - pgd > UNSEEN_MARGIN) {
      findings[`catastrophic_overfitting${suffix}`] =
        `catastrophic overfitting. On val images the detector is right on ${percent(opponent)} against the opponent that it trains ` +
        `with and on ${percent(pgd)} against ten steps of PGD in the same bound${where}, on ${percent(clean)} of the clean ones: it has ` +
        'bent its loss where the opponent looks and withstands nothing else. Start the opponent at random (generator.random_start=true), ' +
        'give it more steps (generator=pgd), or lower generator.eps; the checkpoints before are the better ones';
    }
  }
  return findings;
}

/** NaN where a round lacks the figure. */
function meanOf(window: readonly RoundMetrics[], name: string): number {
  return window.reduce((sum, round) => sum + (round[name] ?? Number.NaN), 0) / window.length;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(1)} %`;
}

function nats(loss: number): string {
  return `${loss.toFixed(3)} nats`;
}
