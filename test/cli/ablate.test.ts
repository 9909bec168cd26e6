import { readFileSync, statSync } from 'node:fs';
import { expect } from 'chai';
import { readScores } from '../../src/evaluation/scores.ts';
import { aucByPairs } from '../support/studies.ts';
import { put, readJson, runScript, workplace, writeDataset } from './command-line.ts';

const ROWS = ['none', 'blur'];
const SEEDS = [1, 2];

describe('npm run ablate', function () {
  this.timeout(900_000);
  const place = workplace();
  /** Two rows and two seeds of four rounds on tiny images. */
  const ablate = (...more: string[]) =>
    runScript(
      'ablate',
      [
        'ablation=auxiliary_bn',
        '~rows.blur-apart',
        '~rows.blur-one',
        '~rows.generative-apart',
        '~rows.generative-one',
        "+rows.none=['generator=none']",
        "+rows.blur=['generator=blur','optimizer_d.lr=0.02']",
        'name=small',
        'reference=none',
        'seeds=1,2',
        'jobs=2',
        'columns=all',
        'resamples=20',
        'dir=study',
        'debug=smoke',
        'data=folder',
        'data.path=data',
        'data.size=32',
        'discriminator.channels=[4,8]',
        'discriminator.strides=[2,2]',
        'discriminator.input=rgb',
        'runtime.threads=1',
        ...more,
      ],
      place.path(),
    );

  before(() => writeDataset(place.path('data')));

  it('--dry-run prints the commands, and makes nothing', async () => {
    const { code, stdout, stderr } = await ablate('--dry-run');
    expect(code, stderr).to.equal(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines).to.have.length(8);
    expect(lines[2]).to.match(
      /^npm run train -- generator=blur optimizer_d\.lr=0\.02 debug=smoke .*'discriminator\.channels=\[4,8\]' .* seed=1 run\.dir=study\/blur-s1$/,
    );
    expect(lines[3]).to.equal('npm run evaluate -- study/blur-s1');
  });

  it('trains and tests every row with every seed; each number of the table is that of the score files', async () => {
    put(place.path('page.md'), 'above\n<!-- ablation: small -->\n<!-- end of ablation: small -->\nbelow\n');
    const { code, stdout, stderr } = await ablate('markdown=page.md');
    expect(code, stderr).to.equal(0);
    expect(stderr).to.match(/run 4 of 4: blur-s2, done after \d+\.\d minutes of training/);
    expect(stdout).to.match(/^AUC +row +mean ± sd +seeds 1 \/ 2 +− none +p \(Holm\) +says/);
    expect(readJson(place.path('study/none-s2/status.json'))).to.include({ state: 'finished', step: 4 });

    const [head, ...lines] = readFileSync(place.path('study/table.csv'), 'utf8').trimEnd().split('\n');
    const cell = (row: number, column: string): string =>
      lines[row]!.split(',')[head!.split(',').indexOf(column)]!;
    const aucs = ROWS.map((row) =>
      SEEDS.map((seed) => aucByPairs(readScores(place.path(`study/${row}-s${seed}/scores-test.csv`)))),
    ) as [[number, number], [number, number]];
    const mean = ([a, b]: [number, number]): number => (a + b) / 2;
    aucs.forEach((own, row) => {
      expect(cell(row, 'row')).to.equal(ROWS[row]);
      own.forEach((auc, i) => expect(Number(cell(row, `all seed ${SEEDS[i]}`))).to.be.closeTo(auc, 1e-12));
      expect(Number(cell(row, 'all mean'))).to.be.closeTo(mean(own), 1e-12);
      expect(Number(cell(row, 'all sd'))).to.be.closeTo(Math.abs(own[0] - own[1]) / Math.SQRT2, 1e-12);
    });
    expect(Number(cell(1, 'all difference'))).to.be.closeTo(mean(aucs[1]) - mean(aucs[0]), 1e-12);
    expect(cell(0, 'all difference')).to.equal('');

    const table = readFileSync(place.path('study/table.md'), 'utf8');
    expect(table).to.contain(`| all | none | ${mean(aucs[0]).toFixed(3)} ± `);
    expect(readFileSync(place.path('page.md'), 'utf8')).to.equal(
      `above\n<!-- ablation: small -->\n\n${table}\n<!-- end of ablation: small -->\nbelow\n`,
    );
    expect(readFileSync(place.path('study/table.tex'), 'utf8')).to.match(/^\\begin\{tabular\}/);
  });

  it('again: nothing is trained, and the same table is made', async () => {
    const files = ['study/blur-s1/checkpoints/best.safetensors', 'study/blur-s1/evaluation.json'];
    const before = files.map((file) => statSync(place.path(file)).mtimeMs);
    const table = readFileSync(place.path('study/table.csv'), 'utf8');
    const { code, stderr } = await ablate();
    expect(code, stderr).to.equal(0);
    expect(stderr).not.to.match(/run \d/);
    expect(files.map((file) => statSync(place.path(file)).mtimeMs)).to.deep.equal(before);
    expect(readFileSync(place.path('study/table.csv'), 'utf8')).to.equal(table);
  });

  it('other settings are refused with the key, whatever else there is to do', async () => {
    const { code, stdout, stderr } = await ablate('game.rounds=5', '--tables-only');
    expect([code, stdout]).to.deep.equal([1, '']);
    expect(stderr).to.match(
      /none-s1: holds a run with other settings: 'game\.rounds' is 4 there, and the study asks for 5/,
    );
  });

  it('--tables-only with a run missing: marked, and exit code 1', async () => {
    const { code, stdout, stderr } = await ablate('--tables-only', 'seeds=1,2,3');
    expect(code).to.equal(1);
    expect(stdout).to.match(/MISSING, and no mean without them: none-s3, blur-s3/);
    expect(stderr).to.match(/2 of 6 runs have no figures: none-s3, blur-s3/);
  });
});
