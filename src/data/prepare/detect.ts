/** Faces in a frame: boxes by SSD MobileNet v1, and the 68 landmarks of iBUG 300-W within a box, wherever the box is from. */
import type { RgbImage } from '../dataset.ts';
import { imageTensor, loadFaceApi, round, type FaceApi } from '../face-networks.ts';
import type { Point } from '../forgery/geometry.ts';

/** Left and upper edge, width and height in pixels; the image's own left and upper edge are at 0. */
export type Box = readonly [x: number, y: number, width: number, height: number];

export interface Detected {
  readonly box: Box;
  /** In (0, 1]. */
  readonly score: number;
}

export interface FaceNetworks {
  /** The faces of an image, surest first, at most {@link MOST_FACES}. */
  detect(image: RgbImage, minScore: number): Promise<readonly Detected[]>;
  /** The landmarks of the face in a box, in pixels of the image, centres at whole numbers; the box must meet the image. */
  landmarks(image: RgbImage, box: Box): Promise<readonly Point[]>;
}

/** In a crowd the small ones are left out. */
export const MOST_FACES = 8;

/** Loads both networks, which takes about two seconds. Call it in a process of its own (face-networks.ts). */
export async function loadFaceNetworks(): Promise<FaceNetworks> {
  const faceapi = await loadFaceApi(['ssdMobilenetv1', 'faceLandmark68Net']);
  return {
    detect: (image, minScore) => detect(faceapi, image, minScore),
    landmarks: (image, box) => landmarks(faceapi, image, box),
  };
}

async function detect(faceapi: FaceApi, image: RgbImage, minConfidence: number): Promise<Detected[]> {
  const tensor = imageTensor(faceapi, image);
  const options = new faceapi.SsdMobilenetv1Options({ minConfidence, maxResults: MOST_FACES });
  const found = await faceapi.detectAllFaces(tensor, options);
  tensor.dispose();
  return found
    .map(({ score, box: { x, y, width, height } }): Detected => ({
      box: [round(x, 2), round(y, 2), round(width, 2), round(height, 2)],
      score: round(score, 3),
    }))
    .filter(({ box }) => meets(box, image));
}

function meets([x, y, width, height]: Box, image: RgbImage): boolean {
  return (
    width >= 1 &&
    height >= 1 &&
    x + width >= 1 &&
    y + height >= 1 &&
    x <= image.width - 1 &&
    y <= image.height - 1
  );
}

async function landmarks(faceapi: FaceApi, image: RgbImage, box: Box): Promise<Point[]> {
  const { left, top, part } = cutBox(image, box);
  const tensor = imageTensor(faceapi, part);
  const { positions } = await faceapi.nets.faceLandmark68Net.detectLandmarks(tensor);
  tensor.dispose();
  // the network measures from the edge of the first pixel, we from its centre
  return positions.map(({ x, y }) => [round(left + x - 0.5, 2), round(top + y - 0.5, 2)] as const);
}

/** The whole pixels of a box, as far as they lie in the image. */
function cutBox(image: RgbImage, [x, y, w, h]: Box): { left: number; top: number; part: RgbImage } {
  const [left, top] = [Math.max(0, Math.floor(x)), Math.max(0, Math.floor(y))];
  const width = Math.min(image.width, Math.floor(x + w)) - left;
  const height = Math.min(image.height, Math.floor(y + h)) - top;
  return { left, top, part: cutOut(image, left, top, width, height) };
}

/** A part of an image. Throws unless it is a whole part of it, of at least one pixel. */
export function cutOut(image: RgbImage, left: number, top: number, width: number, height: number): RgbImage {
  if (!(
    left >= 0 &&
    top >= 0 &&
    width >= 1 &&
    height >= 1 &&
    left + width <= image.width &&
    top + height <= image.height
  )) {
    throw new RangeError(
      `${width}×${height} pixels from (${left}, ${top}) are no part of ${image.width}×${image.height}`,
    );
  }
  const data = new Uint8Array(width * height * 3);
  for (let row = 0; row < height; row++) {
    const from = 3 * ((top + row) * image.width + left);
    data.set(image.data.subarray(from, from + 3 * width), 3 * row * width);
  }
  return { width, height, data };
}
