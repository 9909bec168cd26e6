/** Manifests for tests: rows with everything in them, and folders of small pictures that rows list. */
import { join } from 'node:path';
import { UNPACKED, type ManifestRow } from '../../../src/data/manifest/row.ts';
import { picture, put } from '../image-files.ts';

/** A row of which nothing but the image is told. */
export function rowOf(image: string, told: Partial<ManifestRow> = {}): ManifestRow {
  const label = told.label ?? 0;
  return {
    image,
    label,
    manipulation: label === 0 ? 'real' : 'fake',
    compression: null,
    video: image,
    frame: null,
    face: null,
    pair: image,
    identities: [],
    split: null,
    source_hash: null,
    landmarks: null,
    ...UNPACKED,
    ...told,
  };
}

/** Landmarks that float32 holds exactly. */
export function landmarks(seed: number): number[] {
  return Array.from({ length: 136 }, (_, i) => seed + i / 4);
}

/** Two methods over some pairs of people as FaceForensics++ has them: `count` pairs, a real and two fakes of each of two people. */
export function corpusRows(count: number, frames: number): ManifestRow[] {
  return Array.from({ length: count }, (_, i) => [2 * i, 2 * i + 1]).flatMap(([a, b]) =>
    [
      [a!, b!],
      [b!, a!],
    ].flatMap(([target, source]) =>
      ['real', 'Deepfakes', 'FaceSwap'].flatMap((manipulation) =>
        Array.from({ length: frames }, (_, frame): ManifestRow => {
          const video = manipulation === 'real' ? String(target) : `${manipulation}/${target}_${source}`;
          return rowOf(`${manipulation === 'real' ? 'original/' : ''}${video}/${frame}.png`, {
            label: manipulation === 'real' ? 0 : 1,
            manipulation,
            compression: 'c23',
            video,
            frame,
            pair: `${target}/${frame}`,
            identities: manipulation === 'real' ? [String(target)] : [String(target), String(source)],
            source_hash: 'ab'.repeat(32),
            landmarks: landmarks(frame),
          });
        }),
      ),
    ),
  );
}

/** A small picture for every row, below the folder. */
export async function writePictures(folder: string, rows: readonly ManifestRow[], side = 24): Promise<void> {
  for (const [i, { image }] of rows.entries()) await put(join(folder, image), picture(i, side).png());
}
