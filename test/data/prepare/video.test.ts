import { expect } from 'chai';
import { readFile, truncate, stat } from 'node:fs/promises';
import path from 'node:path';
import type { RgbImage } from '../../../src/data/dataset.ts';
import { UnusableVideo } from '../../../src/data/prepare/ffmpeg.ts';
import { evenlySpaced, everyNth, type ChooseFrames } from '../../../src/data/prepare/frames.ts';
import { readVideo, type Decoding } from '../../../src/data/prepare/video.ts';
import { ffmpeg, FFMPEG } from '../../support/face-videos.ts';
import { errorOf, put, temporaryFolder } from '../image-files.ts';

const ALL: ChooseFrames = (total) => everyNth(1, total);
const WIDTH = 96;
const HEIGHT = 64;

describe('data/prepare/video', () => {
  const folder = temporaryFolder();
  const at = (name: string): string => path.join(folder.path(), name);

  /** A video whose n-th frame is grey of the brightness 40 + 8·n, with a white field in its upper left. */
  async function countingVideo(name: string, frames: number, ...output: readonly string[]): Promise<string> {
    const grey = `nullsrc=s=${WIDTH}x${HEIGHT}:r=25,format=gray,geq=lum='if(lt(X,24)*lt(Y,24),255,40+8*N)'`;
    await ffmpeg(
      '-f',
      'lavfi',
      '-i',
      grey,
      '-frames:v',
      String(frames),
      '-pix_fmt',
      'yuv420p',
      ...output,
      at(name),
    );
    return at(name);
  }

  async function read(file: string, choose = ALL) {
    let frames: { frame: number; image: RgbImage }[] = [];
    let restarts = 0;
    const onFrame = (frame: number, image: RgbImage): Promise<void> => {
      frames.push({ frame, image });
      return Promise.resolve();
    };
    const decoding: Decoding = await readVideo(FFMPEG, file, choose, onFrame, () => {
      frames = [];
      restarts++;
    });
    return { decoding, frames, restarts };
  }

  /** Which frame an image is, by its brightness in the lower right, where the white field never is. */
  const numberIn = ({ width, height, data }: RgbImage): number =>
    Math.round((data[3 * ((height - 8) * width + width - 8)]! - 40) / 8);

  for (const [extension, codec, ...output] of [
    ['mp4', 'h264'],
    ['mov', 'h264'],
    ['mkv', 'h264', '-bf', '3'],
    ['avi', 'mpeg4'],
    ['webm', 'vp9', '-deadline', 'realtime', '-cpu-used', '8'],
  ] as const) {
    it(`gives the frames that are asked for, by number (${extension})`, async () => {
      const file = await countingVideo(`count.${extension}`, 17, ...output);
      const { decoding, frames } = await read(file, (total) => evenlySpaced(5, total));
      expect(frames.map(({ frame }) => frame)).to.deep.equal([1, 5, 8, 11, 15]);
      expect(frames.map(({ image }) => numberIn(image))).to.deep.equal([1, 5, 8, 11, 15]);
      expect(decoding.facts).to.include({
        codec,
        width: WIDTH,
        height: HEIGHT,
        rotation: 0,
        frameRate: 25,
        packets: 17,
      });
      expect(decoding.facts.duration).to.be.closeTo(17 / 25, 0.05);
      expect(decoding).to.deep.include({ decoded: 17, damage: { frames: 0, first: null } });
    });
  }

  it('turns frames upright as the rotation flag says', async () => {
    const flat = await countingVideo('flat.mp4', 3);
    await ffmpeg('-display_rotation', '90', '-i', flat, '-c', 'copy', at('turned.mp4'));
    const { decoding, frames } = await read(at('turned.mp4'));
    expect(decoding.facts).to.include({ width: WIDTH, height: HEIGHT, rotation: 90 });
    const { width, height, data } = frames[0]!.image;
    expect([width, height]).to.deep.equal([HEIGHT, WIDTH]);
    // counter-clockwise: what was at the upper left is at the lower left
    expect(data[3 * ((height - 10) * width + 10)]).to.be.above(230);
    expect(data[3 * (10 * width + 10)]).to.be.below(100);
  });

  it('counts the frames of a variable rate as they come: none doubled, none dropped', async () => {
    const regular = await countingVideo('regular.mp4', 20, '-g', '1');
    // frames 0-9 at 25 a second, then a pause of two seconds, then 100 a second
    const times = "setpts='if(lt(N,10),N/25,2.4+N/100)/TB'";
    await ffmpeg(
      '-i',
      regular,
      '-vf',
      times,
      '-fps_mode',
      'vfr',
      '-enc_time_base',
      '1/1000',
      at('variable.mkv'),
    );
    const { decoding, frames } = await read(at('variable.mkv'));
    expect(decoding.decoded).to.equal(20);
    expect(frames.map(({ image }) => numberIn(image))).to.deep.equal(Array.from({ length: 20 }, (_, i) => i));
  });

  it('reads a clip of one frame', async () => {
    const { frames } = await read(await countingVideo('one.mp4', 1), (total) => evenlySpaced(32, total));
    expect(frames.map(({ frame }) => frame)).to.deep.equal([0]);
  });

  it('reads what is left of a video that was cut short, says so, and spaces the frames over what there is', async () => {
    const file = await countingVideo('cut.mp4', 25, '-movflags', 'faststart', '-g', '5');
    await truncate(file, Math.round((await stat(file)).size * 0.8));
    const { decoding, frames } = await read(file, (total) => evenlySpaced(4, total));
    expect(decoding.decoded).to.be.within(4, 24);
    expect(decoding.damage.first).to.match(/partial file/);
    expect(frames.map(({ frame }) => frame)).to.deep.equal(evenlySpaced(4, decoding.decoded));
    expect(frames.map(({ image }) => numberIn(image))).to.deep.equal(frames.map(({ frame }) => frame));
  });

  it('counts again where packets hold no frame of their own', async () => {
    const file = await countingVideo('edited-whole.mp4', 25, '-g', '25');
    // cut without encoding: frames before the cut are in the file, and an edit list leaves them out
    await ffmpeg('-ss', '0.4', '-i', file, '-c', 'copy', at('edited.mp4'));
    const { decoding, frames, restarts } = await read(at('edited.mp4'), (total) => evenlySpaced(3, total));
    expect(decoding.facts.packets).to.be.above(decoding.decoded);
    expect(restarts).to.equal(1);
    expect(frames.map(({ frame }) => frame)).to.deep.equal(evenlySpaced(3, decoding.decoded));
  });

  it('says that frames were concealed', async () => {
    const file = at('hurt.mp4');
    const noise = 'testsrc=s=96x64:r=25,noise=alls=60:allf=t';
    await ffmpeg('-f', 'lavfi', '-i', noise, '-frames:v', '25', '-pix_fmt', 'yuv420p', file);
    const bytes = await readFile(file);
    bytes.fill(0xff, 9000, 9400);
    await put(file, bytes);
    const { decoding } = await read(file);
    expect(decoding.damage.frames).to.be.above(0);
  });

  it('refuses what is no video, and says why', async () => {
    const wholeFile = await countingVideo('whole.mp4', 25);
    await truncate(wholeFile, Math.round((await stat(wholeFile)).size / 2)); // its index was at the end
    await put(at('text.mp4'), 'Not a video at all.\n');
    await put(at('empty.mp4'), '');
    await ffmpeg('-f', 'lavfi', '-i', 'sine=duration=0.2', at('sound.mp4'));
    for (const [file, words] of [
      [wholeFile, /moov|Invalid data/],
      [at('text.mp4'), /Invalid data/],
      [at('empty.mp4'), /Invalid data/],
      [at('missing.mp4'), /No such file/],
      [at('sound.mp4'), /ffmpeg ended by exit code/],
    ] as const) {
      const error = await errorOf(read(file));
      expect(error, file).to.be.instanceOf(UnusableVideo);
      expect(error.message).to.match(words);
    }
  });

  it('refuses a picture that changes its size on the way', async () => {
    await countingVideo('small.h264', 5, '-c:v', 'libx264', '-g', '1');
    await ffmpeg(
      '-i',
      at('small.h264'),
      '-vf',
      'scale=128:128',
      '-c:v',
      'libx264',
      '-g',
      '1',
      at('large.h264'),
    );
    await put(
      at('both.h264'),
      Buffer.concat([await readFile(at('small.h264')), await readFile(at('large.h264'))]),
    );
    expect((await errorOf(read(at('both.h264')))).message).to.contain('changes size');
  });

  it('lets an error of whoever takes the frames through', async () => {
    const file = await countingVideo('error.mp4', 5);
    const stop = (): Promise<void> => Promise.reject(new Error('no more'));
    expect((await errorOf(readVideo(FFMPEG, file, ALL, stop, () => {}))).message).to.equal('no more');
  });
});
