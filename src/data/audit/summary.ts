/** Files of each manipulation in a few numbers, to see what differs between classes. */
import type { Looked } from './audit.ts';

export interface FileSummary {
  readonly manipulation: string;
  readonly images: number;
  /** Medians. */
  readonly bytes: number;
  readonly width: number;
  readonly height: number;
  /** Null where no file is a JPEG. */
  readonly quality: number | null;
  /** Share of each format and chroma subsampling, `jpeg 4:2:0`, the most frequent first. */
  readonly formats: Readonly<Record<string, number>>;
}

/** One summary a manipulation, in the order of their first image. */
export function describeFiles(looked: readonly Looked[]): readonly FileSummary[] {
  const kinds = new Map<string, Looked[]>();
  for (const each of looked) {
    const kind = kinds.get(each.sample.manipulation);
    if (kind === undefined) kinds.set(each.sample.manipulation, [each]);
    else kind.push(each);
  }
  return [...kinds].map(([manipulation, images]) => {
    const of = (value: (each: Looked) => number | null): number | null =>
      median(images.flatMap((each) => value(each) ?? []));
    const formats = new Map<string, number>();
    for (const { traits } of images) {
      const format = traits.format === 'jpeg' ? `jpeg ${traits.subsampling}` : traits.format;
      formats.set(format, (formats.get(format) ?? 0) + 1);
    }
    return {
      manipulation,
      images: images.length,
      bytes: of(({ traits }) => traits.bytes)!,
      width: of(({ traits }) => traits.width)!,
      height: of(({ traits }) => traits.height)!,
      quality: of(({ traits }) => traits.quality),
      formats: Object.fromEntries(
        [...formats].sort((a, b) => b[1] - a[1]).map(([format, count]) => [format, count / images.length]),
      ),
    };
  });
}

function median(values: readonly number[]): number | null {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted[Math.floor((sorted.length - 1) / 2)] ?? null;
}
