/** What a video is, and the pixels of some of its frames. There is no ffprobe: ffmpeg's own account of what it read is taken. */
import type { RgbImage } from '../dataset.ts';
import type { ChooseFrames } from './frames.ts';
import { runFfmpeg, UnusableVideo, type FfmpegLog } from './ffmpeg.ts';
import { readPpm } from './ppm.ts';

/** A video's description. */
export interface VideoFacts {
  readonly codec: string;
  /** As stored, before any rotation. */
  readonly width: number;
  readonly height: number;
  /** Degrees by which a player turns it, counter-clockwise, as ffmpeg tells them; 0 without a flag. */
  readonly rotation: number;
  /** Frames a second on average, and seconds; null where the file does not tell. */
  readonly frameRate: number | null;
  readonly duration: number | null;
  /** Frames in the file, whether or not they can be decoded. */
  readonly packets: number;
}

/** What became of decoding. */
export interface Decoding {
  readonly facts: VideoFacts;
  /** How many frames the whole video has, as far as they can be decoded. */
  readonly decoded: number;
  /** Frames that the decoder gave up or called corrupt, and its first words. */
  readonly damage: { readonly frames: number; readonly first: string | null };
}

const COMMON = ['-hide_banner', '-nostdin', '-nostats', '-loglevel', 'level+verbose', '-threads', '1'];
/** Only this file, and no packet that the demuxer knows to be cut short. */
const INPUT = ['-protocol_whitelist', 'file', '-fflags', '+discardcorrupt'];
/** The first picture stream that is no cover art. */
const STREAM = ['-map', '0:V:0'];

/**
 * Reads a video: the frames that `choose` names for its number of frames go to `onFrame` in order, turned upright as its rotation flag says.
 * Frames are counted as they are decoded, whatever their times: none is doubled or dropped for a constant rate.
 *
 * @throws UnusableVideo if there is no picture stream, nothing can be decoded, or the picture's size changes on the way
 */
export async function readVideo(
  ffmpeg: string,
  file: string,
  choose: ChooseFrames,
  onFrame: (frame: number, image: RgbImage) => Promise<void>,
  restart: () => void,
): Promise<Decoding> {
  const input = [...INPUT, '-i', `file:${file}`, ...STREAM];
  const copied = await runFfmpeg(ffmpeg, [...COMMON, ...input, '-c', 'copy', '-f', 'null', '-'], drain);
  const facts = parseFacts(copied);
  const first = await decode(ffmpeg, input, choose(facts.packets), onFrame);
  if (first.decoded === 0)
    throw new UnusableVideo(`no frame can be decoded: ${first.damage.first ?? 'ffmpeg says no more'}`);
  if (String(choose(first.decoded)) === String(choose(facts.packets))) return { facts, ...first };
  restart(); // some packets made no frame of their own, so that others are wanted
  return { facts, ...(await decode(ffmpeg, input, choose(first.decoded), onFrame)) };
}

async function decode(
  ffmpeg: string,
  input: readonly string[],
  frames: readonly number[],
  onFrame: (frame: number, image: RgbImage) => Promise<void>,
): Promise<Omit<Decoding, 'facts'>> {
  let at = 0;
  const filter = `select='${selection(frames)}',scale=flags=bicubic+accurate_rnd+full_chroma_int,format=rgb24`;
  const output = ['-vf', filter, '-fps_mode', 'passthrough', '-c:v', 'ppm', '-f', 'image2pipe', '-'];
  const log = await runFfmpeg(ffmpeg, [...COMMON, ...input, ...output], async (stdout) => {
    for await (const image of readPpm(stdout)) await onFrame(frames[at++] as number, image);
  });
  const { lines } = log;
  if (lines.some((line) => line.includes('Reconfiguring filter graph'))) {
    throw new UnusableVideo(
      'its picture changes size or format on the way, so that frames cannot be counted; encode it anew',
    );
  }
  const counts = lines
    .map((line) => /(\d+) frames decoded; (\d+) decode errors/.exec(line))
    .findLast(Boolean);
  if (!counts) throw new UnusableVideo('ffmpeg does not tell how many frames it decoded');
  const corrupt = lines.filter((line) => line.includes('corrupt decoded frame')).length;
  return {
    decoded: Number(counts[1]),
    damage: { frames: Number(counts[2]) + corrupt, first: log.errors[0] ?? null },
  };
}

/** ffmpeg's expression for frames by number; runs of equal steps are told by their step, so that long lists stay short. */
function selection(frames: readonly number[]): string {
  const [first = 0, second] = frames;
  const last = frames.at(-1) ?? -1;
  const step = second === undefined ? 1 : second - first;
  const isRun = frames.every((frame, i) => frame === first + i * step);
  if (frames.length === 0) return '0';
  if (isRun) return `between(n,${first},${last})*not(mod(n-${first},${step}))`;
  return frames.map((frame) => `eq(n,${frame})`).join('+');
}

/** ffmpeg's description of the input's first picture stream, and the packets that it counted. */
function parseFacts({ lines }: FfmpegLog): VideoFacts {
  const output = lines.findIndex((line) => line.startsWith('Output #0'));
  const head = lines.slice(0, output < 0 ? undefined : output);
  const at = head.findIndex(
    (line) => /Stream #0:\d+.*: Video: /.test(line) && !line.includes('attached pic'),
  );
  const stream = head[at] ?? '';
  const codec = /: Video: (\w+)/.exec(stream)?.[1];
  const size = /, (\d+)x(\d+)/.exec(stream);
  const packets = lines.map((line) => /\(video\): (\d+) packets read/.exec(line)).findLast(Boolean);
  if (codec === undefined || size === null || !packets) {
    throw new UnusableVideo(`ffmpeg does not tell what it holds: ${stream || 'no picture stream'}`);
  }
  const side = head.slice(at + 1).findIndex((line) => /Stream #/.test(line));
  const own = head.slice(at, side < 0 ? undefined : at + 1 + side).join('\n');
  const [, hours, minutes, seconds] = /Duration: (\d+):(\d+):([\d.]+)/.exec(head.join('\n')) ?? [];
  const rate = /, ([\d.]+)(k?) fps/.exec(stream);
  return {
    codec,
    width: Number(size[1]),
    height: Number(size[2]),
    rotation: Number(/rotation of (-?[\d.]+) degrees/.exec(own)?.[1] ?? 0),
    frameRate: rate === null ? null : Number(rate[1]) * (rate[2] === 'k' ? 1000 : 1),
    duration: seconds === undefined ? null : 3600 * Number(hours) + 60 * Number(minutes) + Number(seconds),
    packets: Number(packets[1]),
  };
}

async function drain(stream: AsyncIterable<unknown>): Promise<void> {
  for await (const chunk of stream) void chunk;
}
