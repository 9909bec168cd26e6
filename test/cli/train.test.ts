import { readFileSync, readdirSync } from 'node:fs';
import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { checkpointName, readCheckpoint } from '../../src/game/checkpoint.ts';
import { readRunStatus } from '../../src/reports/run-folder.ts';
import {
  checkpointFiles,
  fastRun,
  learningMetrics,
  put,
  readJson,
  runScript,
  workplace,
  writeDataset,
  type Outcome,
} from './command-line.ts';
import { readTensorBoard } from './read-tensorboard.ts';

describe('npm run train: a whole run', function () {
  this.timeout(300_000); // the first time, TensorBoard is downloaded
  const place = workplace();
  let outcome: Outcome;
  let run: string;

  before(async () => {
    run = place.path('run');
    await writeDataset(place.path('data'));
    outcome = await runScript('train', [...fastRun('data', 'run'), 'generator=blur'], place.path());
  });

  it('ends well and says where the best round is', () => {
    expect(outcome.code, outcome.stderr).to.equal(0);
    expect(outcome.stdout).to.equal('');
    expect(outcome.stderr).to.match(/best val AUC [01]\.\d{4} at round \d+; run folder run\n$/);
  });

  it('shows step, losses, speed and time left', () => {
    expect(outcome.stderr).to.match(
      /^blur {2}step 1\/12 {2}loss_d \d+\.\d{3} {2}loss_clean \S+ {2}\d+ images\/s {2}\d+:\d\d left$/m,
    );
    expect(outcome.stderr).to.match(/^blur {2}step 12\/12 .* loss_adversarial \S+ .* 0:00 left$/m);
    expect(outcome.stderr).to.match(/^round 4: val AUC/m);
  });

  it('leaves a folder that explains itself', () => {
    expect(readdirSync(run).sort()).to.deep.equal([
      'checkpoints',
      'config.yaml',
      'metrics.jsonl',
      'results.json',
      'status.json',
      'tensorboard',
      'versions.json',
    ]);
    expect(checkpointFiles(run)).to.deep.equal([
      'best.safetensors',
      'step-0000009.safetensors',
      'step-0000012.safetensors',
    ]);
    expect(readRunStatus(run)).to.include({ state: 'finished', step: 12 });
    const starts = readJson(join(run, 'versions.json')) as readonly Record<string, unknown>[];
    expect(starts).to.have.length(1);
    expect(starts[0]!['command']).to.contain('generator=blur');
    const { settings, metrics } = readJson(join(run, 'results.json')) as Record<
      string,
      Record<string, unknown>
    >;
    expect(settings).to.include({ generator: 'blur', seed: 1, 'game.rounds': 12 });
    expect(metrics!['best/val_auc']).to.be.within(0, 1);
  });

  it('keeps the settings that make the same run again', async () => {
    const overrides = [...fastRun('data', 'run'), 'generator=blur'];
    const printed = await runScript('train', ['--cfg', 'job', '--resolve', ...overrides], place.path());
    expect(readFileSync(join(run, 'config.yaml'), 'utf8')).to.equal(printed.stdout);
  });

  it('logs every round once', () => {
    const losses = learningMetrics(run)
      .map((line) => JSON.parse(line) as { step: number; tag: string; value: number })
      .filter(({ tag }) => tag === 'train/loss_d');
    expect(losses.map(({ step }) => step)).to.deep.equal(Array.from({ length: 12 }, (_, i) => i + 1));
    losses.forEach(({ value }) => expect(value).to.be.above(0));
  });

  it('TensorBoard reads scalars, pictures, histograms, curves, settings', async () => {
    const found = await readTensorBoard(join(run, 'tensorboard'));
    const rounds = Array.from({ length: 12 }, (_, i) => i + 1);
    for (const tag of [
      'train/loss_d',
      'train/loss_clean',
      'train/accuracy_clean',
      'train/lr_d',
      'train/lr_g',
      'speed/ms_per_round',
      'memory/resident_mb',
      'memory/tensors',
    ]) {
      expect(found[tag], tag).to.deep.include({ plugin: 'scalars', steps: rounds });
    }
    for (const tag of ['train/loss_adversarial', 'train/accuracy_adversarial']) {
      expect(found[tag], tag).to.deep.include({ plugin: 'scalars', steps: rounds.slice(2) });
    }
    expect(found['val/auc'], 'val/auc').to.deep.include({ plugin: 'scalars', steps: [4, 8, 12] });
    expect(found['val/pr'], 'val/pr').to.deep.include({ plugin: 'pr_curves', steps: [4, 8, 12] });
    const tagsOf = (plugin: string): string[] =>
      Object.keys(found).filter((tag) => found[tag]!.plugin === plugin);
    expect(tagsOf('images')).to.have.length(1);
    expect(found[tagsOf('images')[0]!]!.steps).to.deep.equal([6, 12]);
    expect(tagsOf('histograms'))
      .to.include('opponent/sigma')
      .and.to.satisfy((tags: string[]) => tags.some((tag) => tag.startsWith('detector/')));
    const [text] = tagsOf('text');
    expect(String(found[text!]!.values[0])).to.contain(readFileSync(join(run, 'config.yaml'), 'utf8'));
    const started = tagsOf('hparams').map((tag) => found[tag]!.content!['hparams'] as object);
    expect(started).to.deep.include((readJson(join(run, 'results.json')) as { settings: object }).settings);
    // The last value of the log is the one of metrics.jsonl, to float32.
    const last = learningMetrics(run).map((line) => JSON.parse(line) as { tag: string; value: number });
    const loss = last.filter(({ tag }) => tag === 'train/loss_d').at(-1)!.value;
    expect(found['train/loss_d']!.values.at(-1)).to.equal(Math.fround(loss));
  });

  it('a folder that holds a run is left alone: the new run gets a suffix', async () => {
    const before = readFileSync(join(run, 'metrics.jsonl'), 'utf8');
    const more = ['generator=none', 'game.rounds=2'];
    const again = await runScript('train', fastRun('data', 'run', more), place.path());
    expect(again.stderr).to.match(/run folder run_1\n$/);
    expect(readFileSync(join(run, 'metrics.jsonl'), 'utf8')).to.equal(before);
    expect(readRunStatus(place.path('run_1'))).to.include({ state: 'finished', step: 2 });
  });

  it('a run that diverges stops, with the round, the batch and the last good checkpoint named', async () => {
    const overrides = fastRun('data', 'diverges', ['generator=none', 'optimizer_d.lr=1e30']);
    const { code, stderr } = await runScript('train', overrides, place.path());
    expect(code).to.equal(1);
    expect(stderr).to.match(
      /^round 2: loss_d is NaN\. Lower the learning rate .* last good checkpoint is none yet/m,
    );
    expect(stderr.match(/train\/(real|fake)\/train\d\/\d\.png \(.*\.png\)/g)).to.have.length(8);
    expect(stderr).not.to.match(/^\s+at /m);
    const status = readRunStatus(place.path('diverges'));
    expect(status).to.include({ state: 'failed', step: 1 });
    expect(stderr).to.contain(status.message!);
  });

  it('a run that diverges where val is scored says so too, and keeps no broken checkpoint', async () => {
    const more = ['generator=none', 'optimizer_d.lr=1e30', 'evaluation.every=1', 'run.checkpoint_every=1'];
    const { code, stderr } = await runScript('train', fastRun('data', 'diverges-val', more), place.path());
    expect(code).to.equal(1);
    expect(stderr).to.match(/^round 1, on val: .* is NaN: .*last good checkpoint is none yet$/m);
    expect(checkpointFiles(place.path('diverges-val'))).to.deep.equal([]);
  });

  it('when the opponent joins, adversarial images start from the batch norm that clean ones have made', async () => {
    const more = [
      'generator=fgsm',
      'optimizer@optimizer_d=sgd',
      'optimizer_d.lr=0.5',
      'optimizer_d.weight_decay=0',
      'game.rounds=6',
      'game.clean_rounds=5',
      'run.checkpoint_every=1',
      'run.checkpoints_kept=6',
    ];
    const { code, stderr } = await runScript('train', fastRun('data', 'joins', more), place.path());
    expect(code, stderr).to.equal(0);
    const largest = (step: number, of: (main: number, auxiliary: number) => number): number => {
      const file = join(place.path('joins'), 'checkpoints', checkpointName(step));
      const { tensors } = readCheckpoint(file);
      const auxiliary = tensors.get('detector/block1_bn/auxiliary_gamma')!.values;
      return [...tensors.get('detector/block1_bn/gamma')!.values].reduce(
        (most, value, i) => Math.max(most, Math.abs(of(value as number, auxiliary[i] as number))),
        0,
      );
    };
    const apart = (main: number, auxiliary: number): number => main - auxiliary;
    // until then it is as it was made; the last round's learning rate is next to nothing
    expect(largest(5, (_, auxiliary) => auxiliary - 1)).to.equal(0);
    expect(largest(5, apart)).to.be.above(0.01);
    expect(largest(6, apart)).to.be.below(1e-3);
  });

  it('an opponent that leaves its bound, or [0, 1], stops the run with the image named, and what was saved is good', async () => {
    for (const [change, said] of [
      ['0.2', /the opponent brightens left its budget: pixels reached \d\.\d{4} of its linf bound 0\.1/],
      ['2', /the opponent brightens gave pixels outside \[0, 1\]/],
    ] as const) {
      const dir = `breaks-${change}`;
      put(
        place.path(`${dir}.mjs`),
        `import tf from '${pathToFileURL(createRequire(import.meta.url).resolve('@tensorflow/tfjs')).href}';
        export const settings = {};
        export const create = () => ({
          name: 'brightens',
          learners: [],
          state: new Map(),
          dispose() {},
          perturb: ({ images }) => ({
            // the first four rounds are as promised; then the third image of the batch is not
            images: ++globalThis.rounds < 5 ? images.clone() : tf.tidy(() => {
              const row = tf.oneHot(tf.tensor1d([2], 'int32'), images.shape[0]).reshape([-1, 1, 1, 1]);
              return images.mul(0.5).mul(row).add(images.mul(tf.sub(1, row))).add(row.mul(${change}));
            }),
            maps: {},
            bounds: { pixels: { norm: 'linf', limit: 0.1 } },
          }),
        });
        globalThis.rounds = 0;`,
      );
      const more = ['generator=module', `generator.module=${dir}.mjs`, 'run.picture_every=100'];
      const { code, stderr } = await runScript('train', fastRun('data', dir, more), place.path());
      expect(code, stderr).to.equal(1);
      expect(stderr).to.match(said);
      expect(stderr).to.match(/^round \d+: .*, on train\/(real|fake)\/train\d\/\d\.png \(.*\.png\)$/m);
      expect(stderr).not.to.match(/^\s+at /m);
      expect(readRunStatus(place.path(dir)).state).to.equal('failed');
      expect(checkpointFiles(place.path(dir))).to.include('step-0000003.safetensors');
    }
  });

  it('a run folder that cannot be made', async () => {
    put(place.path('file'), '');
    const { code, stderr } = await runScript('train', fastRun('data', 'file/run'), place.path());
    expect([code, stderr]).to.deep.equal([
      1,
      `file/run: the run folder cannot be made (EEXIST: file already exists, mkdir 'file'); choose a writable one with run.dir=FOLDER\n`,
    ]);
  });
});
