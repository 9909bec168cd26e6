/**
 * The face networks of @vladmandic/face-api with the weights in its package. Only for processes of their own: they bring their own copy of
 * the tensor library, which would register its kernels over the ones of a training run.
 */
import { createRequire } from 'node:module';
import path from 'node:path';
import type { RgbImage } from './dataset.ts';

/** Names the networks in what is cached or recorded of them. */
export const FACE_NETWORKS = 'face-api 1.7.15';

export interface ImageTensor {
  dispose(): void;
}

interface Network {
  loadFromDisk(folder: string): Promise<void>;
}
interface Positions {
  readonly positions: readonly { readonly x: number; readonly y: number }[];
}
interface Detection {
  readonly score: number;
  /** In pixels from the image's left and upper edge. */
  readonly box: { readonly x: number; readonly y: number; readonly width: number; readonly height: number };
}
/** A face with all that the networks tell of it. */
export interface DescribedFace {
  readonly detection: Detection;
  readonly landmarks: Positions;
  readonly descriptor: Float32Array;
}

export interface FaceApi {
  readonly tf: { tensor3d(data: Uint8Array, shape: number[], dtype: 'int32'): ImageTensor };
  readonly nets: Readonly<Record<'ssdMobilenetv1' | 'faceRecognitionNet', Network>> & {
    readonly faceLandmark68Net: Network & { detectLandmarks(face: ImageTensor): Promise<Positions> };
  };
  readonly SsdMobilenetv1Options: new (options: { minConfidence: number; maxResults?: number }) => object;
  detectAllFaces(
    image: ImageTensor,
    options: object,
  ): PromiseLike<readonly Detection[]> & {
    withFaceLandmarks(): { withFaceDescriptors(): Promise<readonly DescribedFace[]> };
  };
}

/** Loads the networks of these names. */
export async function loadFaceApi(names: readonly (keyof FaceApi['nets'])[]): Promise<FaceApi> {
  const require = createRequire(import.meta.url);
  const faceapi = require('@vladmandic/face-api/dist/face-api.node.js') as FaceApi;
  const weights = path.join(path.dirname(require.resolve('@vladmandic/face-api/package.json')), 'model');
  for (const name of names) await faceapi.nets[name].loadFromDisk(weights);
  return faceapi;
}

/** The image as the networks take it. */
export function imageTensor(faceapi: FaceApi, { width, height, data }: RgbImage): ImageTensor {
  return faceapi.tf.tensor3d(data, [height, width, 3], 'int32');
}

/** Rounds what a network tells, so that the last bits, which differ between processors, do not reach the files made of it. */
export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
