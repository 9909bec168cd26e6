import { cpSync, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, symlinkSync } from 'node:fs';
import { expect } from 'chai';
import { evaluateScores } from '../../src/evaluation/evaluate-scores.ts';
import { readEvaluation } from '../../src/evaluation/evaluation-file.ts';
import { sigmoid } from '../../src/evaluation/logistic.ts';
import { readScores } from '../../src/evaluation/scores.ts';
import { testFigures } from '../../src/evaluation/test-figures.ts';
import { readCheckpoint } from '../../src/game/checkpoint.ts';
import { fastRun, put, readJson, runScript, workplace, writeDataset } from './command-line.ts';

interface Figures {
  readonly round: number;
  readonly threshold: number;
  readonly overall: { readonly auc: { readonly value: number } };
}

interface OtherFigures extends Figures {
  readonly data: Readonly<Record<string, unknown>>;
  readonly shared: { readonly videos: readonly string[] };
}

describe('npm run evaluate, npm run bench', function () {
  this.timeout(900_000);
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
    const [head, , row, ofVideos, ...rest] = stdout.trimEnd().split('\n');
    expect(head).to.match(/^opponent +of +AUC seen +fake +AP +EER +accuracy +minutes$/);
    expect(row).to.match(/^fgsm \(run\) +frames +[01]\.\d{3} \[/);
    expect(ofVideos).to.match(/^fgsm \(run\) +videos +[01]\.\d{3} \[/);
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
    const options = { threshold, seed: 1, resamples: 20, groups: { seen: ['fake'] } };
    expect(kept).to.deep.include({ ...evaluateScores(rows, options), round });

    // val is scored too, by the same checkpoint, and every figure follows from the two tables
    const val = readScores(place.path('run/scores-val.csv'));
    expect(new Set(val.map(({ split }) => split))).to.deep.equal(new Set(['val']));
    const stored = readEvaluation(place.path('run/evaluation.json'));
    expect(stored).to.deep.include(testFigures(val, rows, options));
    expect(stored.val!.auc).to.equal(stored.valAuc);
    expect(stored.test).to.include({ images: 16, size: 32 });
    expect(stored.videos!.overall).to.include({ reals: 4, fakes: 4 });
    for (const { logit, score } of rows) expect(score).to.equal(sigmoid(logit!));

    // AUC from its definition: the share of real-fake pairs in order, ties half.
    const scoresOf = (label: 0 | 1) => rows.filter((r) => r.label === label).map((r) => r.score);
    const pairs = scoresOf(1).flatMap((fake) =>
      scoresOf(0).map((real) => (fake > real ? 1 : fake === real ? 0.5 : 0)),
    );
    const auc = pairs.reduce((sum: number, won) => sum + won, 0) / pairs.length;
    expect(kept.overall.auc.value).to.be.closeTo(auc, 1e-12);
  });

  it('prints the same in other formats', async () => {
    const markdown = await evaluate('--markdown', 'run');
    expect(markdown.code, markdown.stderr).to.equal(0);
    expect(markdown.stdout).to.match(/^\| opponent .*\n\|[-:| ]+\n(\| fgsm \(run\) .*\n){2}$/);
    const csv = await evaluate('--format', 'csv', 'run');
    expect(csv.stdout).to.match(
      /^opponent,of,AUC seen,AUC seen low,AUC seen high,fake,.*\n(fgsm \(run\),.*\n){2}$/,
    );
    const wrong = await evaluate('run', '--format=cvs');
    expect([wrong.code, wrong.stdout]).to.deep.equal([1, '']);
    expect(wrong.stderr).to.match(
      /--format cvs: formats are text, markdown, csv, latex\. Did you mean 'csv'\?/,
    );
  });

  it('tells where val is not what it was when the checkpoint was chosen', async () => {
    cpSync(place.path('data/val'), place.path('val-kept'), { recursive: true });
    for (const kind of ['real', 'fake'] as const) {
      const other = kind === 'real' ? 'fake' : 'real';
      rmSync(place.path('data/val', kind), { recursive: true });
      cpSync(place.path('val-kept', other), place.path('data/val', kind), { recursive: true });
    }
    const { code, stderr } = await evaluate('run');
    rmSync(place.path('data/val'), { recursive: true });
    cpSync(place.path('val-kept'), place.path('data/val'), { recursive: true });
    expect(code, stderr).to.equal(0);
    expect(stderr).to.match(
      /run: AUC on val is [01]\.\d{4}, and was [01]\.\d{4} when .* the data have changed since/,
    );
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

  describe('on other data', () => {
    const other = (...overrides: string[]) => evaluate('run', 'data=folder', ...overrides);
    const results = () =>
      readdirSync(place.path('run')).filter((name) => /^(evaluation|scores-test)/.test(name));
    const figuresOf = (name: string) => readJson(place.path('run', name)) as OtherFigures;

    before(async () => {
      expect((await evaluate('run')).code).to.equal(0);
      await writeDataset(place.path('material'));
      // both classes of the test videos, without split folders, the fakes under the name of a method
      for (const [from, to] of [
        ['real', 'real'],
        ['fake', 'synthesis'],
      ] as const) {
        cpSync(place.path('material/test', from), place.path('other', to), { recursive: true });
      }
      put(place.path('other/real/note.txt'), 'no image');
    });

    it('tests on the named data at the threshold of the own val, and leaves the results of the own test', async () => {
      const kept = ['evaluation.json', 'scores-test.csv'].map((name) =>
        readFileSync(place.path('run', name), 'utf8'),
      );
      const { code, stdout, stderr } = await other('data.path=./other', 'data.test_fraction=1');
      expect(code, stderr).to.equal(0);
      const [head, , row] = stdout.split('\n');
      expect(head).to.match(/^opponent +of +data +AUC unseen +synthesis +AP/);
      expect(row).to.match(/^fgsm \(run\) +frames +folder path=other test_fraction=1 +[01]\.\d{3} \[/);
      expect(stderr).to.match(
        /1 file of the data left out, listed in .*: .*note\.txt: is no image of a known extension/,
      );
      expect(stderr).not.to.match(/in common/);

      const [evaluation, ownEvaluation, scores, own, ...more] = results();
      expect([ownEvaluation, own, more]).to.deep.equal(['evaluation.json', 'scores-test.csv', []]);
      expect(evaluation).to.match(/^evaluation-folder_path=other_test_fraction=1-[0-9a-f]{8}\.json$/);
      expect(scores).to.equal(evaluation!.replace('evaluation', 'scores-test').replace('.json', '.csv'));
      expect(kept).to.deep.equal(
        [ownEvaluation, own].map((name) => readFileSync(place.path('run', name!), 'utf8')),
      );

      const rows = readScores(place.path('run', scores!));
      const again = { seed: 1, resamples: 20, groups: { unseen: ['synthesis'] } };
      const { threshold } = readJson(place.path('run/evaluation.json')) as Figures;
      const figures = figuresOf(evaluation!);
      expect(figures).to.deep.include(evaluateScores(rows, { threshold, ...again }));
      expect(figures.data).to.include({ name: 'folder', path: './other', size: 32, test_fraction: 1 });
      // the same pictures as in the own test, so the same scores
      const ownRows = readScores(place.path('run/scores-test.csv'));
      const sorted = (scored: readonly { readonly score: number }[]) =>
        scored.map(({ score }) => score).sort();
      expect(sorted(rows)).to.deep.equal(sorted(ownRows));
    });

    it('other settings have other files; the same ones write the same again', async () => {
      rmSync(place.path('other/real/note.txt'));
      const before = results().length;
      expect((await other('data.path=./other', 'data.test_fraction=1')).code).to.equal(0);
      expect(results()).to.have.length(before);
      expect((await other('data.path=./other', 'data.test_fraction=0.5')).code).to.equal(0);
      expect(results()).to.have.length(before + 2);
    });

    it("without data= the run's own data with changes: a manipulation seen in training", async () => {
      cpSync(place.path('material/test'), place.path('changed/test'), { recursive: true });
      const { code, stdout, stderr } = await evaluate('run', 'data.path=changed', '--markdown');
      expect(code, stderr).to.equal(0);
      expect(stdout).to.match(
        /^\| opponent \| of \| data \| AUC seen \| fake \|.*\n.*\n\| fgsm \(run\) \| frames \| path=changed \|/,
      );
    });

    it('names in common with train and val are told, files in common are refused', async () => {
      cpSync(place.path('material/train'), place.path('namesakes'), { recursive: true });
      const named = await other('data.path=namesakes', 'data.test_fraction=1');
      expect(named.code, named.stderr).to.equal(0);
      expect(named.stderr).to.match(
        /run: the test has names of videos in common with train and val, 6, such as train0: if they mean the same/,
      );
      const [evaluation] = results().filter((name) => name.includes('namesakes'));
      expect(figuresOf(evaluation!).shared.videos).to.have.length(6);

      const count = results().length;
      mkdirSync(place.path('linked'));
      symlinkSync(place.path('data/train/real'), place.path('linked/real'));
      symlinkSync(place.path('material/test/fake'), place.path('linked/fake'));
      const trained = await other('data.path=linked', 'data.test_fraction=1');
      expect([trained.code, trained.stdout]).to.deep.equal([1, '']);
      expect(trained.stderr).to.match(
        /its test split has 12 files of the data that run was trained on .* the first: .*data\/train\/real\/train0\/0\.png/,
      );
      expect(results()).to.have.length(count);
    });

    const bad: readonly (readonly [string, readonly string[], RegExp])[] = [
      [
        'a misspelt key',
        ['data=folder', 'data.pth=other'],
        /there is no key 'data\.pth'\. Did you mean 'path'\?/,
      ],
      [
        'a misspelt group',
        ['dta=folder'],
        /^'dta=folder': only settings of the group data .* Did you mean 'data'\?/,
      ],
      [
        'another group',
        ['generator=pgd'],
        /^'generator=pgd': only settings of the group data can be changed/,
      ],
      ['a dataset that there is not', ['data=fodler'], /fodler.*folder/s],
      ['no path', ['data=folder'], /data\.path/],
      [
        'another size',
        ['data=folder', 'data.path=other', 'data.size=64', 'data.test_fraction=1'],
        /its images have 64 pixels a side, and the detector of run sees 32; set data\.size=32/,
      ],
      [
        'one class',
        ['data=folder', 'data.path=one', 'data.test_fraction=1'],
        /one .*no folder of fake images/,
      ],
      [
        'nothing in the test split',
        ['data=folder', 'data.path=other', 'data.test_fraction=0'],
        /no samples in test/,
      ],
      ['a size that the dataset cannot have', ['data=faces', 'data.size=256'], /data\.size/],
      ['the group taken away', ['~data'], /data/],
    ];
    for (const [what, overrides, message] of bad) {
      it(`${what} is an error, and nothing is written`, async () => {
        cpSync(place.path('material/test/real'), place.path('one/real'), { recursive: true });
        const count = results().length;
        const { code, stdout, stderr } = await evaluate('run', ...overrides);
        expect([code, stdout], stderr).to.deep.equal([1, '']);
        expect(stderr).to.match(message);
        expect(results()).to.have.length(count);
      });
    }
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
