/** The process that finds faces: reads the photo files of its request, answers with one `FoundPhoto` each. */

import { serveParent } from './child.ts';
import type { FindRequest, FoundFace, FoundPhoto } from './face-finder.ts';
import { imageTensor, loadFaceApi, round, type FaceApi } from './face-networks.ts';
import { decodeImage } from './image.ts';

async function findInFile(faceapi: FaceApi, file: string, minConfidence: number): Promise<FoundPhoto> {
  const photo = await decodeImage(file);
  const tensor = imageTensor(faceapi, photo);
  const options = new faceapi.SsdMobilenetv1Options({ minConfidence });
  const found = await faceapi.detectAllFaces(tensor, options).withFaceLandmarks().withFaceDescriptors();
  tensor.dispose();
  const faces = found.map(({ detection, landmarks, descriptor }): FoundFace => ({
    score: round(detection.score, 3),
    landmarks: landmarks.positions.map(({ x, y }) => [round(x, 2), round(y, 2)] as const),
    descriptor: Array.from(descriptor, (value) => round(value, 4)),
  }));
  return { width: photo.width, height: photo.height, chroma: round(meanChroma(photo.data), 2), faces };
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
  const faceapi = await loadFaceApi(['ssdMobilenetv1', 'faceLandmark68Net', 'faceRecognitionNet']);
  for (const file of files) send(await findInFile(faceapi, file, minConfidence));
});
