/** Every comparison with its interval and p-values. */
import type { Block, Section } from '../../reports/document.ts';
import type { Comparison, Comparisons, SeedDeLong } from '../comparisons.ts';
import { printP, signed } from '../print.ts';
import type { Scene } from '../scene.ts';
import { verdictOn } from '../../evaluation/significance.ts';

const WORDS = {
  greater: 'better',
  smaller: 'worse',
  none: 'no difference shown',
  'by chance': 'not after Holm',
};

/** The table, or no section where there is nothing to compare. */
export function comparisons({ sets }: Scene, { all, deLong }: Comparisons, resamples: number): Section[] {
  if (all.length === 0) return [];
  const several = sets.length > 1;
  const row = (each: Comparison): string[] => {
    const { set, metric, names, seeds, difference, pHolm } = each;
    const { a, b, value, interval, p } = difference;
    return [
      names[0],
      names[1],
      ...(several ? [set] : []),
      metric,
      seeds.join(', '),
      a.toFixed(3),
      b.toFixed(3),
      `${signed(value)} [${signed(interval.low)}, ${signed(interval.high)}]`,
      printP(p),
      printP(pHolm),
      WORDS[verdictOn(difference, pHolm)],
    ];
  };
  return [
    {
      id: 'comparisons',
      title: 'Comparisons',
      blocks: [
        {
          kind: 'text',
          text:
            `Paired bootstrap, ${resamples} resamples: both are judged on the same draws of videos (or people), and where there are several seeds those are drawn too. ` +
            `p is two-sided and no smaller than ${printP(2 / (resamples + 1))}; Holm’s correction is over all ${all.length} comparisons of this report. Intervals are not corrected.`,
        },
        {
          kind: 'table',
          caption:
            'Each setting against the first that was trained on the same data; the first of its data against the first of all.',
          table: {
            columns: [
              'settings',
              'against',
              ...(several ? ['test set'] : []),
              'metric',
              'seeds',
              'its',
              'the other’s',
              'difference',
              'p',
              'p, Holm',
              'verdict',
            ],
            rows: all.map(row),
          },
        },
        ...(deLong.length === 0 ? [] : [deLongTable(deLong, several)]),
      ],
    },
  ];
}

function deLongTable(tests: readonly SeedDeLong[], several: boolean): Block {
  return {
    kind: 'table',
    caption:
      'DeLong’s test of the pooled AUCs, seed by seed, its variance by video (Obuchowski 1997). p is not corrected, and says nothing of other seeds: the verdicts are by the bootstrap.',
    folded: true,
    table: {
      columns: ['settings', 'against', ...(several ? ['test set'] : []), 'seed', 'difference', 'z', 'p'],
      rows: tests.map(({ set, names, seed, difference, interval, z, p }) => [
        ...names,
        ...(several ? [set] : []),
        String(seed),
        `${signed(difference)}${interval === null ? '' : ` [${signed(interval.low)}, ${signed(interval.high)}]`}`,
        z === null ? '–' : signed(z, 2),
        p === null ? '–' : printP(p),
      ]),
    },
  };
}
