/** Fakes that are their own real: the detector is shown the same pixels under both labels. */
import { createHash } from 'node:crypto';
import { FAKE, REAL, type SampleReader } from '../dataset.ts';
import { mapInParallel } from '../map-in-parallel.ts';
import type { Finding, Looked } from './audit.ts';

/**
 * A finding for fakes of which every pixel is that of a real of their pair, with up to `shown` of them, where there are any. Pictures are
 * read again and compared where their hashes and thumbnails are the same; however slight a forgery is, one other pixel clears it.
 */
export async function unchangedFindings(
  reader: SampleReader,
  looked: readonly Looked[],
  shown: number,
): Promise<readonly Finding[]> {
  const alike = new Map<string, Looked[]>();
  for (const each of looked) {
    const key = keyOf(each);
    const group = alike.get(key);
    if (group === undefined) alike.set(key, [each]);
    else group.push(each);
  }
  const suspects = [...alike.values()].filter((group) =>
    [REAL, FAKE].every((label) => group.some(({ sample }) => sample.label === label)),
  );
  const examples = suspects.length === 0 ? [] : await ownReals(reader, suspects.flat());
  if (examples.length === 0) return [];
  const message = `${examples.length} ${examples.length === 1 ? 'fake is' : 'fakes are'} pixel for pixel a real of the same pair; take them out, or put the forged picture there`;
  return [{ kind: 'unchanged-fake', message, examples: examples.slice(0, shown) }];
}

/** Each fake among the pictures that has all pixels of a real of its pair, with that real. */
async function ownReals(reader: SampleReader, looked: readonly Looked[]): Promise<string[]> {
  const pictures = await mapInParallel(looked, async ({ sample }) => {
    const { data } = await reader.read(sample);
    return { sample, pixels: `${sample.pair} ${createHash('sha256').update(data).digest('hex')}` };
  });
  const reals = new Map(
    pictures.filter(({ sample }) => sample.label === REAL).map(({ sample, pixels }) => [pixels, sample]),
  );
  return pictures.flatMap(({ sample, pixels }) => {
    const real = sample.label === FAKE ? reals.get(pixels) : undefined;
    return real === undefined ? [] : [`${sample.id} is ${real.id} (${sample.split})`];
  });
}

/** The pair and what the picture looks like: only what is equal in both can be the same picture. */
function keyOf({ sample, print }: Looked): string {
  return JSON.stringify([sample.pair, print.hash, Buffer.from(print.thumb).toString('base64')]);
}
