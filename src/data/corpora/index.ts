/** The corpora by name. A new one is a file with a `CorpusVariant` and a line in the table. */
import { didYouMean } from '../../config/did-you-mean.ts';
import type { SettingsRecord } from '../../config/settings.ts';
import type { Corpus, CorpusVariant } from './corpus.ts';
import { folderCorpus } from './folder.ts';

export const CORPORA = {
  folder: folderCorpus,
} satisfies Record<string, CorpusVariant>;

/** A corpus by name, with its settings taken as valid: the configuration has checked them. */
export interface AnyCorpusVariant {
  readonly name: string;
  readonly settings: SettingsRecord;
  readonly list: (settings: never) => Promise<Corpus>;
}

/** Throws, naming the known ones, if there is no corpus of that name. */
export function findCorpus(name: string): AnyCorpusVariant {
  if (!Object.hasOwn(CORPORA, name)) {
    const known = Object.keys(CORPORA);
    throw new Error(`there is no corpus ${name}.${didYouMean(name, known)} There are ${known.join(', ')}`);
  }
  return CORPORA[name as keyof typeof CORPORA];
}
