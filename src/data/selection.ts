/**
 * Which of a dataset's methods and qualities a detector learns from, and which it meets only in the test: how generalisation to what was
 * never seen is set up on data that has everything in every split.
 */
import { didYouMean } from '../config/did-you-mean.ts';
import { list, nullable, text, type SettingsOf } from '../config/settings.ts';
import { FAKE, type Sample } from './dataset.ts';

export const selectionSettings = {
  methods_seen: nullable(list(text('forgery methods in train and val; null = all but methods_unseen'))),
  methods_unseen: list(text('forgery methods in test only, beside methods_seen')),
  qualities_seen: nullable(
    list(
      text(
        'compressions (raw, c23, c40, …) in train and val, of real and fake; null = all but qualities_unseen',
      ),
    ),
  ),
  qualities_unseen: list(text('compressions in test only, beside qualities_seen')),
};
export type SelectionSettings = SettingsOf<typeof selectionSettings>;

/**
 * The samples that the settings leave in: in train and val those of seen methods and qualities, in test those of unseen ones besides. Real
 * samples are of no method. Keeps the order.
 *
 * @param dataset for messages: where the samples are from
 * @throws if a name is not in the data or is both seen and unseen, or a quality is asked for where samples tell none
 */
export function select(
  samples: readonly Sample[],
  settings: SelectionSettings,
  dataset: string,
): readonly Sample[] {
  const methods = choose(
    'methods',
    { seen: settings.methods_seen, unseen: settings.methods_unseen },
    new Set(samples.filter(({ label }) => label === FAKE).map(({ manipulation }) => manipulation)),
    dataset,
  );
  const qualities = choose(
    'qualities',
    { seen: settings.qualities_seen, unseen: settings.qualities_unseen },
    new Set(samples.flatMap(({ compression }) => (compression === undefined ? [] : [compression]))),
    dataset,
  );
  const namesQualities = settings.qualities_seen !== null || settings.qualities_unseen.length > 0;
  return samples.filter((sample) => {
    const { split, label, manipulation, compression } = sample;
    if (compression === undefined && namesQualities) {
      throw new Error(
        `${dataset}: sample ${sample.id} does not tell its compression, which data.qualities_seen and data.qualities_unseen ask for`,
      );
    }
    const admits = (choice: Choice, name: string): boolean =>
      choice.seen.has(name) || (split === 'test' && choice.unseen.has(name));
    return (
      (label !== FAKE || admits(methods, manipulation)) &&
      (compression === undefined || admits(qualities, compression))
    );
  });
}

interface Choice {
  readonly seen: ReadonlySet<string>;
  readonly unseen: ReadonlySet<string>;
}

function choose(
  what: 'methods' | 'qualities',
  { seen, unseen }: { readonly seen: readonly string[] | null; readonly unseen: readonly string[] },
  known: ReadonlySet<string>,
  dataset: string,
): Choice {
  for (const [key, names] of [
    [`data.${what}_seen`, seen ?? []],
    [`data.${what}_unseen`, unseen],
  ] as const) {
    const stranger = names.find((name) => !known.has(name));
    if (stranger !== undefined) {
      const there = [...known].sort().join(', ') || 'none';
      throw new Error(
        `${key}: ${stranger} is not in ${dataset}; there are ${there}.${didYouMean(stranger, known)}`,
      );
    }
  }
  const twice = unseen.find((name) => seen?.includes(name));
  if (twice !== undefined) {
    throw new Error(`data.${what}_unseen: ${twice} is in data.${what}_seen too; name it once`);
  }
  const hidden = new Set(unseen);
  return { seen: new Set(seen ?? [...known].filter((name) => !hidden.has(name))), unseen: hidden };
}
