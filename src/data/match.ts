/**
 * Fakes from anywhere beside real people that no run of `data=faces` was trained on, as a test set in which neither resolution nor crop nor
 * compression tells one from the other: each fake is paired with a photo of a test person, both are brought to the lower of their two
 * resolutions, and both are rendered as `data=faces` renders that photo.
 */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { alignFace, alignment, CANVAS, scaleOf, type AlignedFace } from './align.ts';
import type { RgbImage, Skipped } from './dataset.ts';
import { findFaces } from './face-finder.ts';
import { filesBelow } from './folder-layout.ts';
import { transferColour } from './forgery/colour.ts';
import { toRgb } from './forgery/float-image.ts';
import { setSharpness, sharpness } from './forgery/sharpness.ts';
import { decodeImage, encodePng, resizeTo } from './image.ts';
import type { DatasetContext } from './module.ts';
import { listPhotos, type Photo } from './photos.ts';
import { choosePortraits, type Portrait } from './portraits.ts';
import { drawsOf, renderRow, unpackFace, type RenderSettings } from './render-row.ts';
import { rngFor } from './rng.ts';
import { writeWhole } from './whole-file.ts';

export interface MatchRequest {
  /** The folder with the fakes, one portrait a file, at any depth. */
  readonly fakes: string;
  /** The folder to write to. */
  readonly out: string;
  /** Those of `data=faces` whose test people are taken: its seed decides who they are. */
  readonly settings: RenderSettings;
  /**
   * own: each picture keeps its colours and sharpness; real: the fake gets its partner's mean and deviation of each colour, and place by
   * place its sharpness. That leaves traces, so it needs a control: real photos in the place of fakes.
   */
  readonly look: 'own' | 'real';
}

/** A fake and the photo that it stands beside. Names are below their folders; `variant` counts the photo's renderings. */
export interface Pair {
  readonly fake: string;
  readonly real: string;
  readonly variant: number;
  /** JPEG quality that both were saved with once. */
  readonly quality: number;
  /** How many canvas pixels a pixel of the fake, of the photo, and of what both were reduced to becomes. */
  readonly scales: { readonly fake: number; readonly real: number; readonly common: number };
}

export interface Match {
  readonly pairs: readonly Pair[];
  /** Fakes that were left out, and why. */
  readonly skipped: readonly Skipped[];
}

/**
 * Writes `images/test/real/PERSON/VARIANT.png` and `images/test/fake/NAME/0.png`, of which `data=folder` reads `images` as a test split, and
 * `match.json` with the pairs. Every usable fake is used once, the test people's photos in turn. Fakes are left out by the rules of `choosePortraits`.
 *
 * @throws if no fake is usable, or the photos of `data=faces` are missing
 */
export async function matchFakes(
  request: MatchRequest,
  { cacheFolder, progress }: Pick<DatasetContext, 'cacheFolder' | 'progress'>,
): Promise<Match> {
  const { settings, out } = request;
  const { fakes, skipped } = await findFakes(request, { cacheFolder, progress });
  const photos = await listPhotos(cacheFolder);
  const found = await findFaces(photos, { cacheFolder, progress });
  const reals = choosePortraits(photos, found, settings.seed).portraits.filter(
    ({ split }) => split === 'test',
  );
  const rng = rngFor(settings.seed, 'match');
  const [fakesInTurn, realsInTurn] = [rng.shuffle([...fakes]), rng.shuffle([...reals])];
  const pairs: Pair[] = [];
  for (const [i, fake] of fakesInTurn.entries()) {
    progress({ stage: 'rendering pairs', done: i, total: fakes.length });
    const real = realsInTurn[i % reals.length]!;
    const variant = Math.floor(i / reals.length);
    const { pair, pictures } = await renderPair(fake, real, variant, request);
    await writeWhole(
      path.join(out, 'images/test/real', folderName(real.person), `${variant}.png`),
      pictures.real,
    );
    await writeWhole(path.join(out, 'images/test/fake', folderName(fake.photo.name), '0.png'), pictures.fake);
    pairs.push(pair);
  }
  const { look } = request;
  await writeWhole(
    path.join(out, 'match.json'),
    `${JSON.stringify({ settings, look, pairs, skipped }, null, 2)}\n`,
  );
  return { pairs, skipped };
}

/** The usable portraits among the files. The finder's cache goes by contents: other folders may have files of the same names and sizes. */
async function findFakes(
  { fakes: folder, settings }: MatchRequest,
  context: Pick<DatasetContext, 'cacheFolder' | 'progress'>,
): Promise<{ readonly fakes: readonly Portrait[]; readonly skipped: readonly Skipped[] }> {
  const photos: Photo[] = [];
  const contents: Photo[] = [];
  const broken: Skipped[] = [];
  for (const name of await filesBelow(folder)) {
    const file = path.join(folder, name);
    try {
      await decodeImage(file);
    } catch (error) {
      broken.push({ file, why: (error as Error).message.replace(`${file} `, '') });
      continue;
    }
    const bytes = await readFile(file);
    photos.push({ name, file, bytes: bytes.length });
    contents.push({ name: createHash('sha256').update(bytes).digest('hex'), file, bytes: bytes.length });
  }
  const found = photos.length === 0 ? [] : await findFaces(contents, context);
  const { portraits, skipped } = choosePortraits(photos, found, settings.seed);
  const all = [...broken, ...skipped];
  if (portraits.length === 0) {
    const [first] = all;
    const why =
      first === undefined ? 'it is empty' : `${all.length} left out, the first: ${first.file}: ${first.why}`;
    throw new Error(`${folder}: no usable portrait (${why}); name a folder of images with one face each`);
  }
  return { fakes: portraits, skipped: all };
}

async function renderPair(
  fake: Portrait,
  real: Portrait,
  variant: number,
  { settings, look }: MatchRequest,
): Promise<{ readonly pair: Pair; readonly pictures: Record<'real' | 'fake', Uint8Array> }> {
  const scales = { fake: scaleOf(alignment(fake.landmarks)), real: scaleOf(alignment(real.landmarks)) };
  const common = Math.max(scales.fake, scales.real);
  const faces = { real: await alignAt(real, common), fake: await alignAt(fake, common) };
  if (look === 'real') faces.fake = withLookOf(faces.real, faces.fake);
  const { name } = real.photo;
  const render = async (face: AlignedFace): Promise<Uint8Array> =>
    encodePng(await renderRow('real', { name, face, variant, donors: [] }, settings));
  return {
    pair: {
      fake: fake.photo.name,
      real: name,
      variant,
      quality: drawsOf(name, variant, settings).quality,
      scales: { ...scales, common },
    },
    pictures: { real: await render(faces.real), fake: await render(faces.fake) },
  };
}

/**
 * The face on the canvas with no more detail than a photo has of which a pixel becomes `scale` canvas pixels: reduced to that first, where
 * the photo is finer. Up to scale 1 the canvas itself is the limit, and aligning reduces to it.
 */
async function alignAt({ photo, landmarks }: Portrait, scale: number): Promise<AlignedFace> {
  const picture = await decodeImage(photo.file);
  const reduction = scaleOf(alignment(landmarks)) / scale;
  if (scale <= 1 || reduction >= 1) return onCanvas(picture, landmarks);
  const size = (length: number): number => Math.max(1, Math.round(length * reduction));
  const reduced = await resizeTo(picture, size(picture.width), size(picture.height));
  // pixel centres: u = (x + 1/2)·s - 1/2 for each axis
  const [sx, sy] = [reduced.width / picture.width, reduced.height / picture.height];
  const moved = landmarks.map(([x, y]) => [(x + 0.5) * sx - 0.5, (y + 0.5) * sy - 0.5] as const);
  return onCanvas(reduced, moved);
}

/** The aligned face in whole grey levels, as `data=faces` keeps it. */
async function onCanvas(picture: RgbImage, landmarks: Portrait['landmarks']): Promise<AlignedFace> {
  const { image, landmarks: moved } = await alignFace(picture, landmarks);
  return unpackFace({ image: toRgb(image), landmarks: moved });
}

/** The fake with the real's colours and local sharpness, all over the canvas: synthesis leaves no part of a picture as it was. */
function withLookOf(real: AlignedFace, fake: AlignedFace): AlignedFace {
  const everywhere = { width: CANVAS, height: CANVAS, data: new Float32Array(CANVAS * CANVAS).fill(1) };
  const coloured = transferColour(fake.image, real.image, everywhere, 1);
  return { ...fake, image: setSharpness(coloured, everywhere, sharpness(real.image)) };
}

/** A name with `/` as one folder's, no two the same. */
function folderName(name: string): string {
  return encodeURIComponent(name);
}
