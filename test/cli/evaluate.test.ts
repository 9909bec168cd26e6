import { cpSync, existsSync, rmSync } from 'node:fs';
import { expect } from 'chai';
import { evaluateScores } from '../../src/evaluation/evaluate-scores.ts';
import { readScores } from '../../src/evaluation/scores.ts';
import { readCheckpoint } from '../../src/game/checkpoint.ts';
import { fastRun, readJson, runScript, workplace, writeDataset } from './command-line.ts';

interface Figures {
  readonly round: number;
  readonly threshold: number;
  readonly overall: { readonly auc: { readonly value: number } };
}

describe('npm run evaluate, npm run bench', function () {
  this.timeout(60_000);
  const place = workplace();
  const train = (dir: string, ...more: string[]) =>
    runScript('train', fastRun('data', dir, ['game.rounds=4', ...more]), place.path());
  const evaluate = (...args: string[]) => runScript('evaluate', args, place.path());

  before(async () => {
    await writeDataset(place.path('data'));
    const { code, stderr } = await train('run', 'generator=fgsm');
    expect(code, stderr).to.equal(0);
  });

  it('prints a table, and keeps scores from which all figures can be computed again', async () => {
    const { code, stdout, stderr } = await evaluate('run');
    expect(code, stderr).to.equal(0);
    const [head, , row, ...rest] = stdout.trimEnd().split('\n');
    expect(head).to.match(/^opponent +AUC seen +fake +AP +EER +accuracy +minutes$/);
    expect(row).to.match(/^fgsm \(run\) +[01]\.\d{3} \[/);
    expect(rest).to.deep.equal([]);

    const rows = readScores(place.path('run/scores-test.csv'));
    expect(rows).to.have.length(16);
    expect(new Set(rows.map(({ split }) => split))).to.deep.equal(new Set(['test']));
    const kept = readJson(place.path('run/evaluation.json')) as Figures;
    const { notes } = readCheckpoint(place.path('run/checkpoints/best.safetensors'));
    const { round, threshold } = JSON.parse(notes['best']!) as Figures;
    expect(JSON.parse(notes['config']!))
      .to.deep.include({ seed: 1 })
      .and.to.have.nested.property('generator.name', 'fgsm');
    const again = evaluateScores(rows, { threshold, seed: 1, resamples: 20, groups: { seen: ['fake'] } });
    expect(kept).to.deep.include({ ...again, round });

    // AUC from its definition: the share of real-fake pairs in order, ties half.
    const scoresOf = (label: 0 | 1) => rows.filter((r) => r.label === label).map((r) => r.score);
    const pairs = scoresOf(1).flatMap((fake) =>
      scoresOf(0).map((real) => (fake > real ? 1 : fake === real ? 0.5 : 0)),
    );
    const auc = pairs.reduce((sum: number, won) => sum + won, 0) / pairs.length;
    expect(kept.overall.auc.value).to.be.closeTo(auc, 1e-12);
  });

  it('--markdown prints the same as Markdown', async () => {
    const { code, stdout } = await evaluate('--markdown', 'run');
    expect(code).to.equal(0);
    expect(stdout).to.match(/^\| opponent .*\n\|[-:| ]+\n\| fgsm \(run\) .*\n$/);
  });

  it('a test split of one class is an error, not a figure', async () => {
    cpSync(place.path('run'), place.path('one-class'), { recursive: true });
    rmSync(place.path('one-class/evaluation.json'));
    cpSync(place.path('data'), place.path('all-data'), { recursive: true });
    rmSync(place.path('data/test/fake'), { recursive: true });
    const { code, stdout, stderr } = await evaluate('one-class');
    rmSync(place.path('data'), { recursive: true });
    cpSync(place.path('all-data'), place.path('data'), { recursive: true });
    expect([code, stdout]).to.deep.equal([1, '']);
    expect(stderr).to.match(/data\/test has no folder of fake images/);
    expect(existsSync(place.path('one-class/evaluation.json'))).to.equal(false);
  });

  it('a run that was never evaluated on val, and a folder that holds no run', async () => {
    cpSync(place.path('run'), place.path('no-best'), { recursive: true });
    rmSync(place.path('no-best/checkpoints/best.safetensors'));
    const noBest = await evaluate('no-best');
    expect(noBest.code).to.equal(1);
    expect(noBest.stderr).to.match(/best\.safetensors is missing: .* --resume no-best/);
    const noRun = await evaluate('nowhere');
    expect([noRun.code, noRun.stderr]).to.deep.equal([
      1,
      'nowhere: no run here (config.yaml is missing). Name the folder of a run\n',
    ]);
    const nothing = await evaluate();
    expect(nothing.code).to.equal(1);
    expect(nothing.stderr).to.match(/^no run folder: usage: npm run evaluate -- /);
  });

  it('bench prints its measurement as one line of JSON', async () => {
    const { code, stdout, stderr } = await runScript(
      'bench',
      [
        'step',
        '--size',
        '32',
        '--rounds=3',
        'generator=blur',
        'discriminator.channels=[4,8]',
        'discriminator.strides=[2,2]',
        'game.batch_size=4',
        'game.clean_rounds=0',
      ],
      place.path(),
    );
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^\{.*\}\n$/);
    const { ms_per_step: ms, ...result } = JSON.parse(stdout) as Record<string, unknown> & {
      ms_per_step: { median: number; min: number; max: number };
    };
    expect(result).to.include({
      bench: 'step',
      discriminator: 'small-cnn',
      generator: 'blur',
      size: 32,
      batch: 4,
      rounds: 3,
      precision: 'float32',
      device: 'cpu',
      threads: null,
    });
    expect(ms.min).to.be.above(0);
    expect(ms.median).to.be.within(ms.min, ms.max);
    expect(result['images_per_second']).to.be.closeTo((4 / ms.median) * 1000, 5);
    expect(result['peak_memory_mb']).to.be.above(50);
    expect(result['parameters']).to.be.above(300);
    const wrong = await runScript('bench', ['stepp'], place.path());
    expect([wrong.code, wrong.stdout]).to.deep.equal([1, '']);
    expect(wrong.stderr).to.match(/there is no benchmark 'stepp'/);
  });
});
