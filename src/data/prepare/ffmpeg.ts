/** Runs ffmpeg, and says why where it fails. */
import { spawn } from 'node:child_process';
import { access, constants } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { ffmpegFile } from '../ffmpeg-file.mjs';

/** A video that ffmpeg cannot make anything of; the message says why, without the file's name. */
export class UnusableVideo extends Error {}

/** How ffmpeg ended, and what it said. */
export interface FfmpegLog {
  /** Lines of standard error without their tags; the input's description among them. */
  readonly lines: readonly string[];
  /** The lines that ffmpeg calls errors. */
  readonly errors: readonly string[];
}

/** More than a description needs; a broken video can complain about every block. */
const MAX_LINES = 4000;
/** `[h264 @ 0x55d] [error] text`: the part that speaks, whose address differs each time, and the level. */
const TAG = /^(?:\[[^\]]* @ 0x[0-9a-f]+\] )*(?:\[(quiet|panic|fatal|error|warning|info|verbose)\] )?/;

/**
 * Where ffmpeg is: `DEEPFAKE_GAME_FFMPEG`, or what set-up has brought. Throws an error with the remedy if no program is there.
 */
export async function findFfmpeg(cache: string): Promise<string> {
  const { file, own } = ffmpegFile(cache);
  await access(file, constants.X_OK).catch((cause: unknown) => {
    const remedy = own
      ? 'DEEPFAKE_GAME_FFMPEG must be the path of an executable file'
      : 'run `npm run setup -- --video`, or name another with DEEPFAKE_GAME_FFMPEG=/path/to/ffmpeg';
    throw new Error(`there is no ffmpeg at ${file}; ${remedy}`, { cause });
  });
  return file;
}

/** The version as ffmpeg tells it, `7.0.2-static`. Throws if the program is none, or older than 5.1, which lacks `-fps_mode`. */
export async function ffmpegVersion(ffmpeg: string): Promise<string> {
  let output = '';
  await runFfmpeg(ffmpeg, ['-version'], async (stdout) => {
    for await (const chunk of stdout) output += String(chunk);
  });
  const version = /^ffmpeg version (\S+)/.exec(output)?.[1];
  if (version === undefined) throw new Error(`${ffmpeg} does not say what an ffmpeg says; is it one?`);
  const [major = 0, minor = 0] = version.split('.').map(Number.parseFloat);
  if (/^\d/.test(version) && major + minor / 10 < 5.1) {
    throw new Error(`${ffmpeg} is of version ${version}; 5.1 or newer is needed`);
  }
  return version;
}

/**
 * Runs ffmpeg to its end.
 *
 * @param read takes all of its standard output
 * @param input its standard input; left out: it has none
 * @throws UnusableVideo with the exit code and the last errors if it fails, or what `read` throws
 */
export async function runFfmpeg(
  ffmpeg: string,
  args: readonly string[],
  read: (stdout: Readable) => Promise<void>,
  input?: Uint8Array,
): Promise<FfmpegLog> {
  const child = spawn(ffmpeg, args, { stdio: ['pipe', 'pipe', 'pipe'] });
  child.stdin.on('error', () => {}); // one that ends early says why itself
  child.stdin.end(input);
  const lines: string[] = [];
  const errors: string[] = [];
  let rest = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    const parts = (rest + text).split(/[\r\n]+/);
    rest = parts.pop() ?? '';
    for (const part of parts) {
      const [tag, level] = TAG.exec(part) as unknown as [string, string | undefined];
      const line = part.slice(tag.length);
      if (lines.length < MAX_LINES) lines.push(line);
      else lines[MAX_LINES - 1] = line; // the counts come last
      if (level === 'error' || level === 'fatal' || level === 'panic') errors.push(line);
    }
  });
  const ended = new Promise<string | null>((resolve, reject) => {
    child.once('error', (cause) =>
      reject(new Error(`${ffmpeg} cannot be started: ${cause.message}`, { cause })),
    );
    child.once('close', (code, signal) => resolve(code === 0 ? null : (signal ?? `exit code ${code}`)));
  });
  ended.catch(() => {}); // told below, also where `read` fails first
  try {
    await read(child.stdout);
  } catch (error) {
    child.kill('SIGKILL');
    await ended;
    throw error;
  }
  const failure = await ended;
  if (failure !== null) throw new UnusableVideo(`ffmpeg ended by ${failure}: ${lastOf(errors, lines)}`);
  return { lines, errors };
}

function lastOf(errors: readonly string[], lines: readonly string[]): string {
  const said = errors.length > 0 ? errors : lines;
  return said.slice(-3).join(' | ') || 'it said nothing';
}
