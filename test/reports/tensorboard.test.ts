import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { cacheFolder } from '../../src/data/cache-folder.mjs';
import { reportToTensorBoard } from '../../src/reports/tensorboard.ts';
import { openTensorFlow } from '../../src/tensorflow/binding.ts';
import { tensorBoardFolder } from '../../scripts/setup/tensorboard.mjs';

interface Found {
  plugin: string;
  dataClass: number;
  content: Record<string, unknown> | null;
  steps: number[];
  values: unknown[];
}

const root = join(import.meta.dirname, '../..');

/** What TensorBoard's own reader finds; TensorBoard is brought by the project's set-up if it is not there. */
async function readBack(logdir: string): Promise<Record<string, Found>> {
  const folder = await tensorBoardFolder(cacheFolder());
  if (folder === undefined || !existsSync(folder)) {
    execFileSync(process.execPath, [join(root, 'scripts/setup.mjs'), '--quiet', '--tensorboard'], {
      stdio: 'inherit',
    });
  }
  const json = execFileSync('python3', [join(import.meta.dirname, 'read-events.py'), logdir], {
    encoding: 'utf8',
    env: { ...process.env, PYTHONPATH: folder },
    maxBuffer: 2 ** 26,
  });
  return JSON.parse(json) as Record<string, Found>;
}

describe('reports in TensorBoard, read back by its own reader', function () {
  this.timeout(300_000); // the first time, TensorBoard is downloaded

  let folder: string;
  let found: Record<string, Found>;
  const picture = { width: 5, height: 3, data: Uint8Array.from({ length: 45 }, (_, i) => (i * 17) % 256) };
  const values = Float32Array.from({ length: 1000 }, (_, i) => (i % 100) / 100);
  const curve = {
    truePositives: [3, 2, 0],
    falsePositives: [3, 1, 0],
    trueNegatives: [0, 2, 3],
    falseNegatives: [0, 1, 3],
    precision: [0.5, 0.75, 1],
    recall: [1, 0.625, 0],
  };

  before(async () => {
    openTensorFlow({ device: 'cpu' });
    folder = mkdtempSync(join(tmpdir(), 'tensorboard-'));
    const reporter = reportToTensorBoard(folder);
    for (const step of [1, 2, 2 ** 33 + 5]) reporter.scalar('train/loss_d', step / 4, step);
    reporter.histogram('weights', values, 4);
    reporter.histogram('constant', new Float32Array(7).fill(2), 4);
    void reporter.image('opponent', picture, 6); // close waits for it
    reporter.text('config', '# Ünïcode\n\n`a: 1`', 0);
    reporter.prCurve('val/pr', curve, 8);
    reporter.hparams({ 'game.lambda': 0.5, generator: 'blur', amsgrad: false }, { 'final/auc': 0.75 });
    await reporter.close();
    found = await readBack(folder);
  });
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('scalars, steps beyond 32 bits too', () => {
    const scalar = found['train/loss_d']!;
    expect(scalar).to.include({ plugin: 'scalars', dataClass: 1 });
    expect(scalar.steps).to.deep.equal([1, 2, 2 ** 33 + 5]);
    expect(scalar.values).to.deep.equal([0.25, 0.5, Math.fround((2 ** 33 + 5) / 4)]);
  });

  it('histograms', () => {
    const histogram = found['weights']!;
    expect(histogram).to.deep.include({ plugin: 'histograms', dataClass: 2, steps: [4] });
    const bins = histogram.values[0] as [number, number, number][];
    expect(bins).to.have.length(30);
    expect(bins.reduce((sum, [, , count]) => sum + count, 0)).to.equal(1000);
    expect([bins[0]![0], bins[29]![1]]).to.deep.equal([0, Math.fround(0.99)]);
    bins.slice(1).forEach(([left], index) => expect(left).to.equal(bins[index]![1]));
    for (const [left, right, count] of bins.slice(0, 29)) {
      expect(count).to.equal(values.filter((value) => value >= left && value < right).length);
    }
    expect(found['constant']!.values).to.deep.equal([[[1.5, 2.5, 7]]]);
  });

  it('images, pixel for pixel', async () => {
    const image = found['opponent']!;
    expect(image).to.deep.include({ plugin: 'images', dataClass: 3, steps: [6] });
    const { said, inside, png } = image.values[0] as { said: number[]; inside: number[]; png: number[] };
    expect([said, inside]).to.deep.equal([
      [5, 3],
      [5, 3],
    ]);
    const pixels = await sharp(Buffer.from(png)).raw().toBuffer();
    expect(new Uint8Array(pixels)).to.deep.equal(picture.data);
  });

  it('text', () => {
    expect(found['config']).to.deep.include({
      plugin: 'text',
      dataClass: 2,
      steps: [0],
      values: [['# Ünïcode\n\n`a: 1`']],
    });
  });

  it('precision-recall curves', () => {
    expect(found['val/pr']).to.deep.include({
      plugin: 'pr_curves',
      content: { numThresholds: 3 },
      steps: [8],
      values: [Object.values(curve)],
    });
  });

  it('settings and final metrics', () => {
    expect(found['_hparams_/experiment']).to.deep.include({
      plugin: 'hparams',
      content: { hparams: { 'game.lambda': 3, generator: 1, amsgrad: 2 }, metrics: ['final/auc'] },
    });
    const start = found['_hparams_/session_start_info']!.content!;
    expect(start['hparams']).to.deep.equal({ 'game.lambda': 0.5, generator: 'blur', amsgrad: false });
    expect(Math.abs((start['started'] as number) - Date.now() / 1000)).to.be.lessThan(3600);
    expect(found['_hparams_/session_end_info']!.content!['status']).to.equal(1); // success
    expect(found['final/auc']).to.deep.include({ plugin: 'scalars', values: [0.75] });
  });

  it('what a resumed run repeats replaces what the first one wrote', async () => {
    const logdir = mkdtempSync(join(tmpdir(), 'tensorboard-'));
    const first = reportToTensorBoard(logdir);
    for (const step of [1, 2, 3, 4, 5]) first.scalar('loss', step, step);
    await first.close();
    const resumed = reportToTensorBoard(logdir, { resumedStep: 3 });
    for (const step of [4, 5, 6]) resumed.scalar('loss', 10 * step, step);
    await resumed.close();
    const { loss } = await readBack(logdir);
    expect([loss!.steps, loss!.values]).to.deep.equal([
      [1, 2, 3, 4, 5, 6],
      [1, 2, 3, 40, 50, 60],
    ]);
    rmSync(logdir, { recursive: true });
  });

  it('a folder that cannot be made names itself and the remedy', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => reportToTensorBoard(join(folder, 'file/logs'))).to.throw(
      /file\/logs: .*Choose another folder/,
    );
  });
});
