/** Whether files can be used, before anything is trained on them. */
import { decodeImage, inspectImage } from './image.ts';

/** What is read of each file: nothing, its header, or all of it, so that files cut short are found too. */
export type FileCheck = 'none' | 'header' | 'full';

/** What is wrong with a file, to be read after its name; null if nothing is, as far as the check goes. */
export async function problemOf(file: string, check: FileCheck): Promise<string | null> {
  if (check === 'none') return null;
  return (check === 'full' ? decodeImage(file) : inspectImage(file)).then(
    () => null,
    (error: unknown) => (error instanceof Error ? error.message : String(error)).replace(`${file} `, ''),
  );
}

/** Eight files at a time: enough to hide the disk, few enough for any limit of open files. Keeps the order. */
export async function mapInParallel<T, R>(items: readonly T[], work: (item: T) => Promise<R>): Promise<R[]> {
  const results = new Array<R>(items.length);
  let next = 0;
  const lane = async (): Promise<void> => {
    while (next < items.length) {
      const i = next++;
      results[i] = await work(items[i] as T);
    }
  };
  await Promise.all(Array.from({ length: 8 }, lane));
  return results;
}
