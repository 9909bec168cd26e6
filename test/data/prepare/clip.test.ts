import { expect } from 'chai';
import { readFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import sharp from 'sharp';
import type { RgbImage } from '../../../src/data/dataset.ts';
import type { Point } from '../../../src/data/forgery/geometry.ts';
import { crop, toCrop } from '../../../src/data/prepare/crop.ts';
import { applyAffine } from '../../../src/data/forgery/geometry.ts';
import { prepareClip, type Unreadable } from '../../../src/data/prepare/clip.ts';
import type { Box, Detected, FaceNetworks } from '../../../src/data/prepare/detect.ts';
import { readRecord, type ClipRecord } from '../../../src/data/prepare/record.ts';
import type { CropSettings } from '../../../src/data/prepare/settings.ts';
import { ffmpeg, FFMPEG } from '../../support/face-videos.ts';
import { errorOf, picture, put, temporaryFolder } from '../image-files.ts';

const SETTINGS: CropSettings = {
  frames: { count: 4, every: null },
  face: { min_score: 0.5, margin: 1.3, align: 'eyes' },
  size: 48,
  format: 'png',
  quality: 90,
};

/** Landmarks at fixed places of the box, the eyes a little tilted. */
const landmarksOf = ([x, y, w, h]: Box): Point[] =>
  Array.from({ length: 68 }, (_, i): Point => {
    const right = i >= 42 && i < 48 ? 1 : 0;
    return [x + w * (0.3 + 0.4 * right), y + h * (0.4 + 0.05 * right)];
  });

/** Networks that find what the test says, frame after frame; they note how often they were asked. */
function networks(frames: readonly (readonly Detected[])[]): FaceNetworks & { readonly asked: () => number } {
  let asked = 0;
  return {
    detect: () => Promise.resolve(frames[asked++ % frames.length]!),
    landmarks: (_image, box) => Promise.resolve(landmarksOf(box)),
    asked: () => asked,
  };
}

const one = (x: number, score = 0.9): Detected => ({ box: [x, 20, 30, 36], score });

describe('data/prepare/clip', () => {
  const folder = temporaryFolder();
  const at = (name: string): string => path.join(folder.path(), name);

  async function video(name: string, source: string, frames: number): Promise<string> {
    await put(at(name), '');
    await ffmpeg(
      '-f',
      'lavfi',
      '-i',
      `${source}:r=25`,
      '-frames:v',
      String(frames),
      '-pix_fmt',
      'yuv420p',
      at(name),
    );
    return at(name);
  }

  async function prepare(
    id: string,
    file: string,
    found: FaceNetworks,
    real: ClipRecord | null = null,
    settings = SETTINGS,
  ): Promise<ClipRecord> {
    const made = await prepareClip(
      { clip: { id, file }, settings, out: at('out'), ffmpeg: FFMPEG, real },
      found,
    );
    expect(made).to.not.have.property('unreadable');
    expect(await readRecord(at('out'), id)).to.deep.equal(made);
    return made as ClipRecord;
  }

  const pixels = async (image: string): Promise<RgbImage> => {
    const { data, info } = await sharp(path.join(at('out'), image))
      .raw()
      .toBuffer({ resolveWithObject: true });
    return { width: info.width, height: info.height, data: new Uint8Array(data) };
  };

  let real: ClipRecord;
  before(async () => {
    const file = await video('real/a.mp4', 'testsrc=s=128x96', 16);
    real = await prepare('real/a', file, networks([[one(20)], [one(25)], [one(28), one(90, 0.99)], []]));
  });

  it('records a clip: frames, faces, squares, landmarks in the crop, and why a frame has none', async () => {
    expect(real).to.deep.include({
      id: 'real/a',
      faces_of: null,
      size: [128, 96],
      decoded: 16,
      damage: null,
      skipped: null,
    });
    expect(real.frames.map(({ frame }) => frame)).to.deep.equal([2, 6, 10, 14]);
    expect(real.frames.map(({ found }) => found)).to.deep.equal([1, 1, 2, 0]);
    expect(real.frames[3]).to.include({ face: null, why: 'no face found' });
    const face = real.frames[2]!.face!;
    expect(face).to.deep.include({ image: 'images/real/a/000010.png', box: [28, 20, 30, 36], score: 0.9 });
    expect(face.square.side).to.equal(46.8);
    expect(face.square.centre).to.deep.equal([42.5, 37.5]);
    expect(face.square.tilt).to.be.closeTo((Math.atan2(0.05 * 36, 0.4 * 30) * 180) / Math.PI, 0.01);
    const [x, y] = applyAffine(toCrop(face.square, 48), landmarksOf(face.box)[40]!);
    expect(face.landmarks[80]).to.be.closeTo(x, 0.01);
    expect(face.landmarks[81]).to.be.closeTo(y, 0.01);
    expect((await readdir(at('out/images/real/a'))).sort()).to.deep.equal([
      '000002.png',
      '000006.png',
      '000010.png',
    ]);
    expect(await pixels(face.image)).to.include({ width: 48, height: 48 });
  });

  it('cuts a fake at its real clip’s frames and squares, to the pixel, and seeks where the real has none', async () => {
    const file = await video('fake/a.mp4', 'mandelbrot=s=128x96', 20);
    const found = networks([[one(30)]]);
    const fake = await prepare('fake/a', file, found, real);
    expect(found.asked()).to.equal(1);
    expect(fake.frames.map(({ frame }) => frame)).to.deep.equal([2, 6, 10, 14]); // not 2, 7, 12, 17
    fake.frames.slice(0, 3).forEach(({ face, found: sought }, i) => {
      expect(face!.square).to.deep.equal(real.frames[i]!.face!.square);
      expect(face!.box).to.deep.equal(real.frames[i]!.face!.box);
      expect(face!.score).to.equal(null);
      expect(sought).to.equal(null);
    });
    expect(fake.frames[3]!.face).to.deep.include({ box: [30, 20, 30, 36], score: 0.9 });
    // a fake with the real's own pixels has the real's own crops, byte for byte
    const twin = await prepare('fake/twin', at('real/a.mp4'), networks([[]]), real);
    for (const [i, { face }] of real.frames.slice(0, 3).entries()) {
      const [mine, its] = [face!.image, twin.frames[i]!.face!.image];
      expect(await readFile(path.join(at('out'), its))).to.deep.equal(
        await readFile(path.join(at('out'), mine)),
      );
    }
  });

  it('seeks faces of its own where the fake has frames of another size', async () => {
    const found = networks([[one(10)]]);
    const fake = await prepare(
      'fake/small',
      await video('fake/small.mp4', 'testsrc=s=96x64', 16),
      found,
      real,
    );
    expect(found.asked()).to.equal(4);
    expect(fake.frames.every(({ face }) => face!.score === 0.9)).to.equal(true);
  });

  it('counts the real clip’s frames that a shorter fake lacks', async () => {
    const fake = await prepare(
      'fake/short',
      await video('fake/short.mp4', 'testsrc=s=128x96', 8),
      networks([[]]),
      real,
    );
    expect(fake.frames.map(({ frame, face }) => [frame, face !== null])).to.deep.equal([
      [2, true],
      [6, true],
      [10, false],
      [14, false],
    ]);
    expect(fake.frames[3]!.why).to.contain('ends before');
  });

  it('stays with one person, and says where another was', async () => {
    const frames = [
      [one(10), one(80, 0.6)],
      [one(12), one(82, 0.6)],
      [one(84, 0.6)],
      [one(86, 0.6), one(16)],
    ];
    const clip = await prepare('real/two', at('real/a.mp4'), networks(frames));
    expect(clip.frames.map(({ face }) => face?.box[0] ?? null)).to.deep.equal([10, 12, null, 16]);
    expect(clip.frames[2]).to.include({ found: 1, why: 'no face where the person of this clip would be' });
  });

  it('takes still images too, as the crop of their decoded pixels', async () => {
    const file = await put(at('real/still.png'), picture(3, 128, 96).png());
    const still = await prepare('real/still', file, networks([[one(50)]]));
    expect(still).to.deep.include({ size: [128, 96], video: null, decoded: 1 });
    const { face } = still.frames[0]!;
    expect(still.frames[0]).to.include({ frame: null, found: 1 });
    const { data } = await picture(3, 128, 96).raw().toBuffer({ resolveWithObject: true });
    const expected = await crop({ width: 128, height: 96, data }, face!.square, 48);
    expect(await pixels(face!.image)).to.deep.equal(expected);
  });

  it('writes JPEG files of the quality that is asked for', async () => {
    const settings = { ...SETTINGS, format: 'jpeg', quality: 30 } as const;
    const clip = await prepare('real/jpeg', at('real/a.mp4'), networks([[one(50)]]), null, settings);
    const { image } = clip.frames[0]!.face!;
    expect(image).to.match(/\.jpg$/);
    const coarse = await readFile(path.join(at('out'), image));
    expect(await sharp(coarse).metadata()).to.include({ format: 'jpeg', chromaSubsampling: '4:2:0' });
    const fine = await prepare('real/fine', at('real/a.mp4'), networks([[one(50)]]), null, {
      ...settings,
      quality: 95,
    });
    expect((await readFile(path.join(at('out'), fine.frames[0]!.face!.image))).length).to.be.above(
      coarse.length,
    );
  });

  it('removes what an earlier attempt left, and nothing of other clips', async () => {
    await put(at('out/images/real/again/000099.png'), 'old');
    await put(at('out/images/real/again/below/still.png'), 'of another clip');
    await prepare('real/again', at('real/a.mp4'), networks([[one(50)]]));
    expect((await readdir(at('out/images/real/again'))).sort()).to.deep.equal([
      '000002.png',
      '000006.png',
      '000010.png',
      '000014.png',
      'below',
    ]);
    expect(await readdir(at('out/images/real/again/below'))).to.deep.equal(['still.png']);
  });

  it('records why nothing can be made of a file; one that cannot be read now is not recorded', async () => {
    const broken = await prepare('real/text', await put(at('real/text.mp4'), 'no video'), networks([[]]));
    expect(broken.skipped).to.match(/^ffmpeg ended by exit code.*Invalid data/);
    expect(broken.skipped).to.not.contain(folder.path());
    const image = await prepare('real/image', await put(at('real/image.png'), 'no image'), networks([[]]));
    expect(image.skipped).to.match(/^is broken, or no image/);
    const job = {
      clip: { id: 'real/gone', file: at('real/gone.mp4') },
      settings: SETTINGS,
      out: at('out'),
      ffmpeg: FFMPEG,
      real: null,
    };
    expect(((await prepareClip(job, networks([[]]))) as Unreadable).unreadable).to.contain('ENOENT');
    expect(await readRecord(at('out'), 'real/gone')).to.equal(undefined);
  });

  it('does not take its own failures for bad input', async () => {
    const job = {
      clip: { id: 'real/a', file: at('real/a.mp4') },
      settings: SETTINGS,
      out: at('real/a.mp4'),
      ffmpeg: FFMPEG,
      real: null,
    };
    expect((await errorOf(prepareClip(job, networks([[one(20)]])))).message).to.match(/ENOTDIR|EEXIST/);
    const failing: FaceNetworks = {
      ...networks([[]]),
      detect: () => Promise.reject(new Error('out of memory')),
    };
    expect((await errorOf(prepare('real/b', at('real/a.mp4'), failing))).message).to.equal('out of memory');
  });
});
