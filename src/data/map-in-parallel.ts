/** Work on many files, a few at a time. */

/** The results of `work`, in the order of the items. Eight at a time: enough to hide the disk, few enough for any limit of open files. */
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
