/** The corpora by the name that `data=` takes. A new one is a file with a `CorpusVariant` and a line in the table. */
import { didYouMean } from '../../config/did-you-mean.ts';
import type { SettingsRecord } from '../../config/settings.ts';
import { celebDf } from './celeb-df.ts';
import type { Corpus, CorpusReader, CorpusVariant } from './corpus.ts';
import { dfd } from './dfd.ts';
import { dfdc } from './dfdc.ts';
import { dfdcp } from './dfdcp.ts';
import { ffpp } from './ffpp.ts';
import { folderCorpus } from './folder.ts';

/** The public datasets, which are trained on too where frames lie beside the videos. */
export const PUBLIC_CORPORA = {
  ffpp,
  'celeb-df': celebDf,
  dfd,
  dfdc,
  dfdcp,
} satisfies Record<string, CorpusReader>;

/** What `npm run prepare` can make face crops of. */
export const CORPORA = { folder: folderCorpus, ...PUBLIC_CORPORA } satisfies Record<string, CorpusVariant>;

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
