/** Videos, pairs and people that are in more than one split. */
import type { Sample, Split } from '../dataset.ts';
import { belongings } from '../groups.ts';
import type { Finding } from './audit.ts';

const KINDS = ['video', 'pair', 'identity'] as const;

/** A finding for each kind of which one or more are in two splits, with up to `shown` of them. */
export function leakFindings(samples: readonly Sample[], shown: number): readonly Finding[] {
  const splits = new Map<string, Map<string, Set<Split>>>(KINDS.map((kind) => [kind, new Map()]));
  for (const sample of samples) {
    for (const [kind, name] of belongings(sample, 'identity')) {
      const names = splits.get(kind)!;
      names.set(name, (names.get(name) ?? new Set()).add(sample.split));
    }
  }
  return KINDS.flatMap((kind): Finding[] => {
    const torn = [...splits.get(kind)!].filter(([, set]) => set.size > 1);
    if (torn.length === 0) return [];
    const [noun, verb] = torn.length === 1 ? [kind, 'is'] : [PLURALS[kind], 'are'];
    return [
      {
        kind,
        message: `${torn.length} ${noun} ${verb} in more than one split, so a test asks what was trained on; split by ${kind}`,
        examples: torn.slice(0, shown).map(([name, set]) => `${name}: ${[...set].join(', ')}`),
      },
    ];
  });
}

const PLURALS = { video: 'videos', pair: 'pairs', identity: 'identities' } as const;
