/** Whether files can be used, before anything is trained on them. */
import { decodeImage, inspectImage } from './image.ts';

/** What is read of each file: nothing, its header, or all of it, so that files cut short are found too. */
export type FileCheck = 'none' | 'header' | 'full';

/**
 * What is wrong with a file, to be read after its name; null if nothing is, as far as the check goes.
 *
 * @param bytes the image file, where `file` is not it but names it
 */
export async function problemOf(file: string, check: FileCheck, bytes?: Uint8Array): Promise<string | null> {
  if (check === 'none') return null;
  return (check === 'full' ? decodeImage(file, bytes) : inspectImage(file, bytes)).then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : String(error)).replace(`${file} `, ''),
  );
}
