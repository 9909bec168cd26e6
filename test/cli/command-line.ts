/** The project's own command lines in processes of their own, on a small folder of generated images. */
import { spawn, type ChildProcess } from 'node:child_process';
import { createRequire } from 'node:module';
import { pathToFileURL } from 'node:url';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import sharp from 'sharp';
import { readCheckpoint } from '../../src/game/checkpoint.ts';

const ROOT = resolve(import.meta.dirname, '../..');
const TSX = pathToFileURL(createRequire(join(ROOT, 'package.json')).resolve('tsx')).href;

export interface Outcome {
  /** Exit code; null where a signal ended the process. */
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly outcome: Promise<Outcome>;
  /** What it has said so far. */
  readonly said: () => { readonly stdout: string; readonly stderr: string };
}

export type Script =
  | 'train'
  | 'models'
  | 'evaluate'
  | 'start'
  | 'bench'
  | 'ablate'
  | 'attack'
  | 'robustness'
  | 'audit'
  | 'match'
  | 'explain'
  | 'pack'
  | 'export'
  | 'profile'
  | 'prepare'
  | 'report';

/** Starts `scripts/SCRIPT.ts` in `cwd`; the arguments reach it as a shell would hand them over. */
export function launch(script: Script, args: readonly string[], cwd: string): Running {
  const child = spawn(process.execPath, ['--import', TSX, join(ROOT, `scripts/${script}.ts`), ...args], {
    cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let stdout = '';
  let stderr = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const outcome = new Promise<Outcome>((done, fail) => {
    child.once('error', fail);
    child.once('close', (code, signal) => done({ code, signal, stdout, stderr }));
  });
  return { child, outcome, said: () => ({ stdout, stderr }) };
}

/** Runs a script to its end. */
export function runScript(script: Script, args: readonly string[], cwd: string): Promise<Outcome> {
  return launch(script, args, cwd).outcome;
}

/** Waits until `happened`; throws with what the process said if it ends first. */
export async function until(running: Running, happened: () => boolean): Promise<void> {
  let ended: Outcome | undefined;
  void running.outcome.then((outcome) => (ended = outcome));
  while (!happened()) {
    if (ended !== undefined) throw new Error(`the process ended too early: ${JSON.stringify(ended)}`);
    await new Promise((next) => setTimeout(next, 2));
  }
}

/** A temporary folder for the tests of the enclosing describe, removed after them. */
export function workplace(): { readonly path: (...parts: string[]) => string } {
  let folder = '';
  before(() => (folder = mkdtempSync(join(tmpdir(), 'command-line-'))));
  after(() => rmSync(folder, { recursive: true, force: true }));
  return { path: (...parts) => join(folder, ...parts) };
}

/** Where generated images go: split folders, six videos in train and four in val and test, two frames each. */
const VIDEOS = { train: 6, val: 4, test: 4 } as const;
const FRAMES = 2;
const SIDE = 32;

/**
 * Writes a data set of 56 PNG files: smooth colour gradients as `real`, the same with a faint checkerboard as `fake`, so that a detector
 * can learn it in a few rounds. Pictures differ by video and frame and are the same every time.
 */
export async function writeDataset(folder: string): Promise<void> {
  for (const [s, [split, videos]] of Object.entries(VIDEOS).entries()) {
    for (let video = 0; video < videos; video++) {
      for (let frame = 0; frame < FRAMES; frame++) {
        const picture = 100 * s + FRAMES * video + frame;
        for (const kind of ['real', 'fake'] as const) {
          const file = join(folder, split, kind, `${split}${video}`, `${frame}.png`);
          mkdirSync(dirname(file), { recursive: true });
          const raw = { width: SIDE, height: SIDE, channels: 3 } as const;
          await sharp(pixels(picture, kind === 'fake' ? 12 : 0), { raw })
            .png()
            .toFile(file);
        }
      }
    }
  }
}

/** A gradient of its own for each number, plus a checkerboard of the given height in grey levels. */
function pixels(picture: number, height: number): Uint8Array {
  return Uint8Array.from({ length: SIDE * SIDE * 3 }, (_, i) => {
    const [x, y, c] = [Math.floor(i / 3) % SIDE, Math.floor(i / 3 / SIDE), i % 3];
    const smooth =
      128 + 60 * Math.sin((x * (1 + (picture % 5)) + y * (1 + (picture % 3))) / 20 + c + picture);
    return Math.round(smooth + ((x + y) % 2 === 0 ? height : -height));
  });
}

/** Overrides of a run of seconds: a tiny detector, small batches, everything reported and saved often. */
export function fastRun(data: string, dir: string, more: readonly string[] = []): string[] {
  return [
    'data=folder',
    `data.path=${data}`,
    'data.size=32',
    `run.dir=${dir}`,
    'discriminator.channels=[4,8]',
    'discriminator.strides=[2,2]',
    'discriminator.input=rgb',
    'game.batch_size=8',
    'game.rounds=12',
    'game.clean_rounds=2',
    'evaluation.every=4',
    'evaluation.resamples=20',
    'run.report_every=1',
    'run.picture_every=6',
    'run.checkpoint_every=3',
    ...more,
  ];
}

export function readJson(file: string): unknown {
  return JSON.parse(readFileSync(file, 'utf8'));
}

/** Everything of a checkpoint that is to be the same bit for bit: tensors' bytes as text, counters, identity, notes. */
export function checkpointContents(file: string): unknown {
  const { tensors, counters, identity, notes } = readCheckpoint(file);
  const bytes = [...tensors].map(([name, { shape, values }]) => [
    name,
    shape,
    Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString('base64'),
  ]);
  return { tensors: bytes, counters, identity, notes };
}

/** The checkpoints of a run, by file name. */
export function checkpointFiles(dir: string): string[] {
  const folder = join(dir, 'checkpoints');
  return existsSync(folder) ? readdirSync(folder).sort() : [];
}

/** What was logged, without the figures that the machine's speed and memory make. */
export function learningMetrics(dir: string): string[] {
  return readFileSync(join(dir, 'metrics.jsonl'), 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !/"(speed|memory)\//.test(line));
}

/** A file with something in it, its folder too. */
export function put(file: string, content: string | Uint8Array): string {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, content);
  return file;
}
