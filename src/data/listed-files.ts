/** The files of a list, checked: those that cannot be used are left out and told. */
import { access } from 'node:fs/promises';
import { problemOf, type FileCheck } from './check-files.ts';
import { nameOf, type Sample, type Skipped } from './dataset.ts';
import { mapInParallel } from './map-in-parallel.ts';
import type { DatasetContext } from './module.ts';

/** Files looked at to tell a folder that is elsewhere from files that are missing. */
const PROBES = 16;

export interface FileRules {
  readonly check: FileCheck;
  /** What puts right where the files are looked for, for messages. */
  readonly remedy: string;
  readonly progress: DatasetContext['progress'];
}

/**
 * Checks the files of a list.
 *
 * @param place what lists them, for messages
 * @param rules none: nothing is checked
 * @param pieceOf the image file of one that is a piece of its `file`, undefined of others
 * @returns the images that passed, in their order, and the others with what is wrong
 * @throws if none of some files spread over the list is there, or no image passes
 */
export async function checkListed<T extends Pick<Sample, 'file' | 'packed' | 'id'>>(
  images: readonly T[],
  place: string,
  rules: FileRules | undefined,
  pieceOf: (image: T) => Promise<Uint8Array | undefined>,
): Promise<{ readonly usable: readonly T[]; readonly skipped: readonly Skipped[] }> {
  if (rules === undefined || images.length === 0) return { usable: images, skipped: [] };
  const { check, remedy, progress } = rules;
  await probe(images, place, remedy);
  if (check === 'none') return { usable: images, skipped: [] };
  let done = 0;
  const problems = await mapInParallel(images, async (image): Promise<string | null> => {
    if (done++ % 1000 === 0)
      progress({ stage: `checking the files of ${place}`, done, total: images.length });
    const piece = await pieceOf(image).catch((error: unknown) => error as Error);
    return piece instanceof Error ? piece.message : problemOf(image.file, check, piece);
  });
  const usable = images.filter((_, i) => problems[i] === null);
  const skipped = images.flatMap((image, i) => {
    const why = problems[i] as string | null;
    return why === null ? [] : [{ file: nameOf(image), why }];
  });
  const first = skipped[0];
  if (usable.length === 0 && first !== undefined) {
    throw new Error(
      `${place}: none of its ${images.length} images can be used; the first, ${first.file}, ${first.why}`,
    );
  }
  return { usable, skipped };
}

async function probe(
  images: readonly { readonly file: string }[],
  place: string,
  remedy: string,
): Promise<void> {
  const step = Math.max(1, Math.floor(images.length / PROBES));
  const probes = images.filter((_, i) => i % step === 0).map(({ file }) => file);
  for (const file of probes) {
    const isThere = await access(file).then(
      () => true,
      () => false,
    );
    if (isThere) return;
  }
  throw new Error(
    `${place}: none of ${probes.length} images looked at is there, the first is ${probes[0] ?? 'not listed'}; ${remedy}`,
  );
}
