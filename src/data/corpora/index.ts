/** The public datasets by the name that `data=` takes. */
import { celebDf } from './celeb-df.ts';
import type { CorpusReader } from './corpus.ts';
import { dfd } from './dfd.ts';
import { dfdc } from './dfdc.ts';
import { dfdcp } from './dfdcp.ts';
import { ffpp } from './ffpp.ts';

/** What `npm run prepare` can make face crops of, and what is trained on where frames lie beside the videos. */
export const CORPORA = {
  ffpp,
  'celeb-df': celebDf,
  dfd,
  dfdc,
  dfdcp,
} satisfies Record<string, CorpusReader>;
