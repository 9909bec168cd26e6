/**
 * The process that finds faces: reads the photo files of its request, answers with one `FoundPhoto` each. A process
 * of its own, because the face networks bring their own copy of the tensor library, which would register its kernels
 * over the ones of a training run.
 */

import { createRequire } from 'node:module';
import path from 'node:path';
import { serveParent } from './child.ts';
import type { FindRequest, FoundFace, FoundPhoto } from './face-finder.ts';
import { decodeImage } from './image.ts';

interface Network {
  loadFromDisk(folder: string): Promise<void>;
}
interface Detection {
  readonly detection: { readonly score: number };
  readonly landmarks: { readonly positions: readonly { readonly x: number; readonly y: number }[] };
  readonly descriptor: Float32Array;
}
interface FaceApi {
  readonly tf: { tensor3d(data: Uint8Array, shape: number[], dtype: 'int32'): { dispose(): void } };
  readonly nets: Record<'ssdMobilenetv1' | 'faceLandmark68Net' | 'faceRecognitionNet', Network>;
  readonly SsdMobilenetv1Options: new (options: { minConfidence: number }) => object;
  detectAllFaces(
    image: object,
    options: object,
  ): { withFaceLandmarks(): { withFaceDescriptors(): Promise<Detection[]> } };
}

const round = (value: number, digits: number): number => Number(value.toFixed(digits));

async function findInFile(faceapi: FaceApi, file: string, minConfidence: number): Promise<FoundPhoto> {
  const { width, height, data } = await decodeImage(file);
  const tensor = faceapi.tf.tensor3d(data, [height, width, 3], 'int32');
  const options = new faceapi.SsdMobilenetv1Options({ minConfidence });
  const found = await faceapi.detectAllFaces(tensor, options).withFaceLandmarks().withFaceDescriptors();
  tensor.dispose();
  // Rounded, so that the last bits, which differ between processors, do not reach the files made from them.
  const faces = found.map(({ detection, landmarks, descriptor }): FoundFace => ({
    score: round(detection.score, 3),
    landmarks: landmarks.positions.map(({ x, y }) => [round(x, 2), round(y, 2)] as const),
    descriptor: Array.from(descriptor, (value) => round(value, 4)),
  }));
  return { width, height, chroma: round(meanChroma(data), 2), faces };
}

/** Mean over the pixels of max(R, G, B) - min(R, G, B): near 0 for a grey picture. */
function meanChroma(data: Uint8Array): number {
  let sum = 0;
  for (let i = 0; i < data.length; i += 3) {
    const [r, g, b] = [data[i]!, data[i + 1]!, data[i + 2]!];
    sum += Math.max(r, g, b) - Math.min(r, g, b);
  }
  return sum / (data.length / 3);
}

serveParent(async ({ files, minConfidence }: FindRequest, send: (found: FoundPhoto) => void) => {
  const require = createRequire(import.meta.url);
  const faceapi = require('@vladmandic/face-api/dist/face-api.node.js') as FaceApi;
  const weights = path.join(path.dirname(require.resolve('@vladmandic/face-api/package.json')), 'model');
  const { ssdMobilenetv1, faceLandmark68Net, faceRecognitionNet } = faceapi.nets;
  for (const net of [ssdMobilenetv1, faceLandmark68Net, faceRecognitionNet]) await net.loadFromDisk(weights);
  for (const file of files) send(await findInFile(faceapi, file, minConfidence));
});
