/** A fingerprint of the images that a detector was shown, taken as they pass. */
import { createHash } from 'node:crypto';
import type { Batch } from '../data/dataset.ts';

/** What a set of images was: two sets with equal digests are the same, in whatever order and from whatever place they were read. */
export interface SetDigest {
  readonly images: number;
  /** Side of the images in pixels. */
  readonly size: number;
  /** sha256 of ids, labels, manipulations and video ids. */
  readonly samples: string;
  /** sha256 of ids and float32 pixels, as the detector saw them. */
  readonly pixels: string;
}

/** Takes the digest of batches on their way to somebody else. */
export interface Digester {
  /** The batches as they are. */
  readonly passing: (batches: AsyncIterable<Batch>) => AsyncGenerator<Batch, void>;
  /** Of all that has passed. */
  readonly digest: () => SetDigest;
}

export function createDigester(): Digester {
  const samples: string[] = [];
  const pixels: string[] = [];
  let size = 0;
  return {
    async *passing(batches) {
      for await (const batch of batches) {
        const [, height, width, channels] = batch.shape;
        size = height;
        const length = height * width * channels;
        batch.samples.forEach(({ id, label, manipulation, videoId }, row) => {
          const values = batch.images.subarray(row * length, (row + 1) * length);
          samples.push(JSON.stringify([id, label, manipulation, videoId]));
          pixels.push(`${JSON.stringify(id)} ${sha256(bytesOf(values))}`);
        });
        yield batch;
      }
    },
    digest: () => ({
      images: samples.length,
      size,
      samples: sha256([...samples].sort().join('\n')),
      pixels: sha256([...pixels].sort().join('\n')),
    }),
  };
}

function bytesOf(values: Float32Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}

function sha256(content: string | Uint8Array): string {
  return createHash('sha256').update(content).digest('hex');
}
