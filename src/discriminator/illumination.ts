/**
 * Where the light comes from: a face lit from elsewhere than its surroundings, or one half from elsewhere than the other, was put together (Johnson &
 * Farid, "Exposing digital forgeries by detecting inconsistencies in lighting", 2005, and "Exposing digital forgeries in complex lighting environments",
 * TIFS 2007). A matt surface of one colour under a far light shows intensity N·L + A, N its normals; L and A are what fits best.
 */
import * as tf from '@tensorflow/tfjs';
import type { DiscriminatorVariant } from './discriminator.ts';
import { faceHalves, faceNormal, pixelPlaces, type Place } from './face-shape.ts';
import { grey, statisticsDetector, statisticsSettings, type Statistics } from './statistics.ts';

/** A linear classifier on the light of a face, of its halves and of its surroundings. */
export const illumination: DiscriminatorVariant<typeof statisticsSettings> = {
  name: 'illumination',
  settings: statisticsSettings,
  create: (config, context) =>
    statisticsDetector('illumination', lightStatistics(context.imageSize), config, context),
};

/** What each region's pixels say about its light, the terms that intensity is linear in: null where a pixel is not of the region. */
type Terms = (place: Place) => readonly number[] | null;

/** The terms of a part of the face: L's and A's. */
const onFace =
  (within: (place: Place) => boolean): Terms =>
  (place) => {
    const normal = within(place) ? faceNormal(place) : null;
    return normal && [...normal, 1];
  };

const REGIONS: readonly Terms[] = [
  onFace(() => true),
  onFace((place) => faceHalves(place).left),
  onFace((place) => !faceHalves(place).left),
  onFace((place) => faceHalves(place).above),
  onFace((place) => !faceHalves(place).above),
  // nobody knows the normals there: a slope across and down, and a level
  (place) => (faceNormal(place) === null ? [place.x - 0.5, place.y - 0.5, 1] : null),
];
const FACE_REGIONS = 5;
const COEFFICIENTS = FACE_REGIONS * 4 + 3;

/** Squared intensity: a light fainter than a grey level has no direction. */
const FAINT = 1e-5;

/** Direction (3), ln |L|² and A beside L for each region of the face; direction (2) and ln of the slope around it; three disagreements. */
const FEATURES = FACE_REGIONS * 5 + 3 + 3;

/**
 * The lights of a face and how they disagree: 1 − cos of the angle between left and right half, upper and lower half, and, in the plane of the
 * picture, face and surroundings.
 */
export function lightStatistics(size: number): Statistics {
  const lightOf = lightCoefficients(size);
  return {
    count: FEATURES,
    of: (images) =>
      tf.tidy(() => {
        const n = images.shape[0];
        const coefficients = lightOf(images);
        const face = tf.reshape(coefficients.slice([0, 0], [n, FACE_REGIONS * 4]), [n, FACE_REGIONS, 4]);
        const lights = face.slice([0, 0, 0], [n, FACE_REGIONS, 3]);
        const ambient = face.slice([0, 0, 3], [n, FACE_REGIONS, 1]);
        const slope = coefficients.slice([0, FACE_REGIONS * 4], [n, 2]);
        const [light, around] = [directed(lights), directed(slope)];
        const region = (i: number): tf.Tensor => tf.squeeze(light.direction.slice([0, i, 0], [n, 1, 3]), [1]);
        const flat = directed(tf.squeeze(lights.slice([0, 0, 0], [n, 1, 2]), [1])).direction;
        const features = [
          light.direction,
          light.strength,
          // bounded, and smooth where there is no light at all
          tf.div(ambient, tf.sqrt(tf.add(tf.add(tf.square(ambient), light.square), FAINT))),
          around.direction,
          around.strength,
          disagreement(region(1), region(2)),
          disagreement(region(3), region(4)),
          disagreement(flat, around.direction),
        ];
        return tf.concat(
          features.map((feature) => tf.reshape(feature, [n, -1])),
          1,
        ) as tf.Tensor2D;
      }),
  };
}

/** Unit vectors along the last axis, and the logarithm of their squared length. */
function directed(vectors: tf.Tensor): {
  readonly direction: tf.Tensor;
  readonly strength: tf.Tensor;
  readonly square: tf.Tensor;
} {
  const square = tf.sum(tf.square(vectors), -1, true);
  const floored = tf.add(square, FAINT);
  return { direction: tf.div(vectors, tf.sqrt(floored)), strength: tf.log(floored), square };
}

function disagreement(a: tf.Tensor, b: tf.Tensor): tf.Tensor {
  return tf.sub(1, tf.sum(tf.mul(a, b), 1, true));
}

/**
 * The least-squares coefficients of each region's intensities, by a product with one constant matrix, its pseudo-inverses side by side.
 *
 * @returns a function of [N, size, size, 3] to [N, 23]: Lx, Ly, Lz, A of the face, its left, right, upper and lower half; slope across and down, and level, around it
 * @throws if an image is so small that a region has no more pixels than unknowns
 */
export function lightCoefficients(size: number): (images: tf.Tensor4D) => tf.Tensor2D {
  const places = pixelPlaces(size);
  const matrix = new Float32Array(size * size * COEFFICIENTS);
  REGIONS.forEach((terms, region) => {
    const rows = places.map(terms);
    const inverse = pseudoInverse(
      rows.filter((row) => row !== null),
      size,
    );
    let at = 0;
    rows.forEach((row, pixel) => {
      if (row === null) return;
      inverse.forEach((line, k) => {
        matrix[pixel * COEFFICIENTS + region * 4 + k] = line[at]!;
      });
      at++;
    });
  });
  return (images) =>
    tf.tidy(() =>
      tf.matMul(
        tf.reshape(grey(images), [images.shape[0], size * size]),
        tf.tensor2d(matrix, [size * size, COEFFICIENTS]),
      ),
    );
}

/** (MᵀM)⁻¹ Mᵀ of a matrix given by rows, row by row: [unknowns][rows]. */
function pseudoInverse(rows: readonly (readonly number[])[], size: number): number[][] {
  const unknowns = rows[0]?.length ?? 0;
  if (rows.length <= unknowns) {
    throw new Error(
      `images of ${size} pixels are too small to tell the light of a part of a face: use larger ones (data.size)`,
    );
  }
  const across = Array.from({ length: unknowns }, (_, i) => i);
  // Gauss–Jordan on [MᵀM | Mᵀ]; the first is positive definite, so that no pivot is 0
  const system = across.map((i) => [
    ...across.map((j) => rows.reduce((sum, row) => sum + row[i]! * row[j]!, 0)),
    ...rows.map((row) => row[i]!),
  ]);
  for (const i of across) {
    const pivot = system[i]![i]!;
    system[i] = system[i]!.map((value) => value / pivot);
    for (const j of across) {
      if (j === i) continue;
      const factor = system[j]![i]!;
      system[j] = system[j]!.map((value, k) => value - factor * system[i]![k]!);
    }
  }
  return system.map((row) => row.slice(unknowns));
}
