/** The verdict, in plain words and before anything else. */
import type { Block, Section } from '../../reports/document.ts';
import type { Comparison, Comparisons } from '../comparisons.ts';
import { listed, printP, signed } from '../print.ts';
import type { Scene, TestSet } from '../scene.ts';
import { overSeeds } from '../../evaluation/seeds.ts';
import { LEVEL, verdictOn, type Verdict } from '../../evaluation/significance.ts';

/** Pairs that are told one by one; the table has all. */
const MOST_TOLD = 12;

/** What the highest figures are, then a sentence on each pair of settings, those with a difference first. */
export function verdict(scene: Scene, { all, not }: Comparisons, resamples: number): Section {
  const several = scene.sets.length > 1;
  const shown = all.filter(isShown).length;
  const pairs = [...new Map(all.map((each) => [JSON.stringify([each.set, each.names]), each])).values()]
    .map(({ set, names }) => all.filter((each) => each.set === set && each.names[0] === names[0]))
    .sort((a, b) => Number(b.some(isShown)) - Number(a.some(isShown)));
  return {
    id: 'verdict',
    title: 'What it says',
    blocks: [
      ...scene.sets.map((set) => ({ kind: 'text', text: bestOf(set) }) as const),
      ...(all.length === 0 ? [] : [summary(shown, all.length)]),
      ...told(pairs.map((pair) => sentence(pair, several))),
      ...(not.length === 0 ? [] : [{ kind: 'text', text: 'Not compared:' } as const]),
      ...told(not),
      ...tooFew(all.length, resamples),
      ...caveat(all),
    ],
  };
}

function isShown(comparison: Comparison): boolean {
  return ['greater', 'smaller'].includes(verdictOn(comparison.difference, comparison.pHolm));
}

function summary(shown: number, all: number): Block {
  const corrected =
    all === 1 ? '' : `, p-values corrected over all ${all} by Holm; 95 % intervals in brackets`;
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

function told(items: readonly string[]): Block[] {
  if (items.length === 0) return [];
  const left = items.length - MOST_TOLD;
  const first = items.slice(0, MOST_TOLD);
  return [{ kind: 'list', items: left > 0 ? [...first, `${left} more are in the tables.`] : first }];
}

const SAYS = {
  greater: 'better in',
  smaller: 'worse in',
  none: 'no difference shown, the interval crosses zero, in',
  'by chance': 'no difference shown, though the interval leaves out zero (of many comparisons some do), in',
} as const;

/** A pair of settings: `blur against none: better in AUC seen +0.012 [+0.004, +0.021] (p 0.006); no difference shown, the interval crosses zero, in …`. */
export function sentence(pair: readonly Comparison[], several: boolean): string {
  const { set, names, seeds } = pair[0]!;
  const parts = (Object.keys(SAYS) as Verdict[]).flatMap((kind) => {
    const own = pair.filter((each) => verdictOn(each.difference, each.pHolm) === kind);
    return own.length === 0 ? [] : [`${SAYS[kind]} ${listed(own.map(figuresOf))}`];
  });
  const where = several ? ` on ${set}` : '';
  const trainings = seeds.length === 1 ? `seed ${seeds[0]!}` : `seeds ${listed(seeds)}`;
  return `${names[0]} against ${names[1]}${where}, ${trainings}: ${parts.join('; ')}.`;
}

function figuresOf({ metric, difference: { value, interval }, pHolm }: Comparison): string {
  return `${metric} ${signed(value)} [${signed(interval.low)}, ${signed(interval.high)}] (p ${printP(pHolm)})`;
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
