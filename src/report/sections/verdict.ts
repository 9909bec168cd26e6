/** The verdict, in plain words and before anything else. */
import type { Block, Section } from '../../reports/document.ts';
import type { Comparison, Comparisons } from '../comparisons.ts';
import { listed, printP, signed } from '../print.ts';
import type { Scene, TestSet } from '../scene.ts';
import { overSeeds } from '../../evaluation/seeds.ts';

/** Corrected p below which a difference counts as shown. */
const LEVEL = 0.05;
/** Comparisons of each kind that are told one by one; the table has all. */
const MOST_TOLD = 12;

export type Verdict = 'greater' | 'smaller' | 'by chance' | 'none';

/**
 * What a comparison shows: a difference counts if its interval leaves out zero and its corrected p is below .05. `by chance`: the interval leaves out zero, but of
 * so many comparisons some do.
 */
export function verdictOn({ difference, pHolm }: Comparison): Verdict {
  const { low, high } = difference.interval;
  if (low <= 0 && high >= 0) return 'none';
  if (pHolm >= LEVEL) return 'by chance';
  return difference.value > 0 ? 'greater' : 'smaller';
}

/** A sentence on each comparison that shows a difference, then on those that show none. */
export function verdict(scene: Scene, { all, not }: Comparisons, resamples: number): Section {
  const several = scene.sets.length > 1;
  const shown = all.filter((each) => ['greater', 'smaller'].includes(verdictOn(each)));
  const none = all.filter((each) => !shown.includes(each));
  return {
    id: 'verdict',
    title: 'What it says',
    blocks: [
      ...scene.sets.map((set) => ({ kind: 'text', text: bestOf(set) }) as const),
      ...(all.length === 0 ? [] : [summary(shown.length, all.length)]),
      ...told(shown, several),
      ...(none.length > 0 && shown.length > 0
        ? [{ kind: 'text', text: 'No difference is shown in these:' } as const]
        : []),
      ...told(none, several),
      ...not.map((text) => ({ kind: 'warning', text }) as const),
      ...tooFew(all.length, resamples),
      ...caveat(all),
    ],
  };
}

function summary(shown: number, all: number): Block {
  const corrected = all === 1 ? '' : `, p-values corrected over all ${all} by Holm`;
  return {
    kind: 'text',
    text:
      shown === 0
        ? `None of ${all} ${all === 1 ? 'comparison' : 'comparisons'} shows a difference${corrected}.`
        : `${shown} of ${all} comparisons ${shown === 1 ? 'shows' : 'show'} a difference${corrected}.`,
  };
}

/** All are asked the same: every image, whatever each saw in training. */
function bestOf({ name, groups }: TestSet): string {
  const reached = groups.map(({ group, entries }) => ({
    group: group.name,
    ...overSeeds(entries.map(({ test }) => test.evaluation.overall.auc.value)),
  }));
  const best = reached.reduce((a, b) => (b.mean > a.mean ? b : a));
  const range =
    best.sd === null
      ? 'one seed'
      : `mean of ${best.seeds} seeds, from ${best.min.toFixed(3)} to ${best.max.toFixed(3)}`;
  const among =
    groups.length === 1
      ? ''
      : `, the highest of ${groups.length} settings, and for being picked by it rather too high`;
  return `On ${name}, ${best.group} reaches a pooled AUC of ${best.mean.toFixed(3)} (${range})${among}.`;
}

function told(comparisons: readonly Comparison[], several: boolean): Block[] {
  if (comparisons.length === 0) return [];
  const left = comparisons.length - MOST_TOLD;
  const items = comparisons.slice(0, MOST_TOLD).map((each) => sentence(each, several));
  return [
    { kind: 'list', items: left > 0 ? [...items, `${left} more are in the table of comparisons.`] : items },
  ];
}

/** `AUC seen: B is greater than A by +0.012, interval [+0.004, +0.021], p 0.006.` */
export function sentence(comparison: Comparison, several: boolean): string {
  const { set, metric, names, difference, pHolm } = comparison;
  const { value, interval } = difference;
  const figures = `${signed(value)}, 95 % interval [${signed(interval.low)}, ${signed(interval.high)}], p ${printP(pHolm)}`;
  const where = several ? `${metric} on ${set}` : metric;
  const says = {
    greater: `${names[0]} is better than ${names[1]}: ${figures}.`,
    smaller: `${names[0]} is worse than ${names[1]}: ${figures}.`,
    none: `between ${names[0]} and ${names[1]} no difference is shown, the interval crosses zero: ${figures}.`,
    'by chance': `between ${names[0]} and ${names[1]} no difference is shown; the interval leaves out zero, but of so many comparisons some do by chance: ${figures}.`,
  };
  return `${where}: ${says[verdictOn(comparison)]}`;
}

/** The least p that resamples can give is 2 / (resamples + 1); Holm multiplies it by as many comparisons as there are. */
function tooFew(comparisons: number, resamples: number): Block[] {
  const least = (2 * comparisons) / (resamples + 1);
  if (least < LEVEL) return [];
  const enough = Math.ceil((4 * comparisons) / LEVEL / 1000) * 1000;
  return [
    {
      kind: 'warning',
      text: `${resamples} resamples cannot show a difference among ${comparisons} comparisons: the smallest p that they can give is ${printP(Math.min(1, least))} after Holm. Ask for more, resamples=${enough}, or name fewer settings.`,
    },
  ];
}

function caveat(all: readonly Comparison[]): Block[] {
  const single = all.filter(({ seeds }) => seeds.length === 1);
  if (single.length > 0) {
    return [
      {
        kind: 'warning',
        text:
          `${single.length === all.length ? 'All' : single.length} of these comparisons are of one training each (seed ${listed([...new Set(single.flatMap(({ seeds }) => seeds))])}). ` +
          'Their intervals are over the videos of the test, and say nothing of what another seed would give: train three or more.',
      },
    ];
  }
  const fewest = Math.min(...all.map(({ seeds }) => seeds.length));
  return all.length > 0 && fewest < 5
    ? [
        {
          kind: 'text',
          text: `Intervals are over seeds and videos. With ${fewest} seeds a bootstrap sees too little of the spread between trainings, so they are rather too narrow.`,
        },
      ]
    : [];
}
