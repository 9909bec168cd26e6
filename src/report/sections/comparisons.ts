/** Every comparison with its interval and p-values. */
import type { Section } from '../../reports/document.ts';
import type { Comparison, Comparisons } from '../comparisons.ts';
import { printP, signed } from '../print.ts';
import type { Scene } from '../scene.ts';
import { verdictOn } from './verdict.ts';

const WORDS = {
  greater: 'better',
  smaller: 'worse',
  none: 'no difference shown',
  'by chance': 'not after Holm',
};

/** The table, or no section where there is nothing to compare. */
export function comparisons({ sets }: Scene, { all }: Comparisons, resamples: number): Section[] {
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
      WORDS[verdictOn(each)],
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
          caption: 'Each setting against the first.',
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
      ],
    },
  ];
}
