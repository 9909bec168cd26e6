import { chmodSync, readFileSync } from 'node:fs';
import { expect } from 'chai';
import { spreadOf } from '../../bench/statistics.ts';
import type { RowResult } from '../../bench/measure-row.ts';
import { put, readJson, runScript, workplace } from '../cli/command-line.ts';

/** Smaller than any row, and with a detector that is made in no time. */
const TINY = ['--size=16', '--batch=4', '--rounds=2'];
const SMALL = ['discriminator.channels=[4]', 'discriminator.strides=[2]'];

/** A stand-in for Python: it keeps to the protocol and claims times by recipe and precision. */
const PEER = (log: string) => `#!${process.execPath}
import { appendFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
const value = (name) => process.argv[process.argv.indexOf('--' + name) + 1];
const recipe = value('recipe'), precision = recipe === 'tuned' ? value('precision') : 'float32';
const ms = { reference: { float32: 800 }, tuned: { float32: 400, bfloat16: 200 } }[recipe][precision];
const say = (answer) => console.log(JSON.stringify(answer));
say({ framework: 'stand-in', precision, threads: Number(value('threads')) });
for await (const line of createInterface({ input: process.stdin })) {
  appendFileSync(${JSON.stringify(log)}, [line, recipe, precision, value('work'), value('network'), value('size'), value('batch')].join(' ') + '\\n');
  say({ ms, cpu_ms: 2 * ms });
}
say({ peak_memory_mb: 100 });
`;

describe('npm run bench', function () {
  this.timeout(240_000);
  const place = workplace();
  const bench = (...args: string[]) => runScript('bench', args, place.path());
  const executable = (name: string, text: string): string => {
    const file = put(place.path(name), text);
    chmodSync(file, 0o755);
    return file;
  };

  it('our side alone: a table with a line for the row', async () => {
    const { code, stdout, stderr } = await bench('blur-cnn7', ...TINY, ...SMALL);
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^\| work \| unit \| ours \|\n\| --- \| ---: \| ---: \|\n/m);
    expect(stdout).to.match(/^\| blur-cnn7, 4 images of 16 px \| ms \| \d+ \(\d+–\d+; \d+–\d+\) \|$/m);
    expect(stdout).to.match(/ours: TensorFlow [\d.]+, Node [\d.]+, b?float(32|16), \d+ threads\.\n$/);
  });

  for (const [args, message] of [
    [['step', '--json', 'step.json'], /--json has no effect on step, which takes --rounds, --size/],
    [['scaling', '--peer', 'python'], /--peer has no effect on scaling/],
    [['plain-cnn7', '--steps', '1,2'], /--steps has no effect on rows/],
    [['step', 'blur-cnn7'], /'blur-cnn7' has no effect on step/],
  ] as const) {
    it(`refuses what would have no effect: ${args.join(' ')}`, async () => {
      const { code, stderr } = await bench(...args, '--size=16', '--rounds=1');
      expect(code).to.equal(1);
      expect(stderr).to.match(message);
    });
  }

  it('beside a peer: both recipes in turns, the faster precision kept, ratios of rounds', async () => {
    const log = place.path('turns.log');
    const peer = executable('peer.mjs', PEER(log));
    const json = place.path('rows.json');
    const rows = ['plain-cnn7', 'evaluate-b0'];
    const { code, stdout, stderr } = await bench(...rows, ...TINY, '--peer', peer, '--json', json);
    expect(code, stderr).to.equal(0);
    expect(stderr).to.match(/tuned: bfloat16 is the faster one here \(float32 400 ms, bfloat16 200 ms/);

    const { results } = readJson(json) as { results: RowResult[] };
    expect(results.map(({ row }) => row)).to.deep.equal(rows);
    for (const { batch, size, sides } of results) {
      expect([batch, size]).to.deep.equal([4, 16]);
      expect(sides.map(({ name, about }) => [name, about.precision])).to.deep.equal([
        ['ours', sides[0]!.about.precision],
        ['reference', 'float32'],
        ['tuned', 'bfloat16'],
      ]);
      sides.forEach(({ times }) => expect(times).to.have.length(2));
      sides.slice(1).forEach(({ peak_memory_mb }) => expect(peak_memory_mb).to.equal(100));
    }
    const [plain, evaluate] = results as [RowResult, RowResult];
    const ratio = spreadOf(plain.sides[0]!.times.map(({ ms }) => ms / 200)).median.toFixed(2);
    expect(stdout).to.match(new RegExp(String.raw`^\| plain-cnn7, .*\| 200 \(.*\) \| ${ratio} \(`, 'm'));
    // images a second: 4 in 200 ms
    const rate = spreadOf(evaluate.sides[0]!.times.map(({ ms }) => 200 / ms)).median.toFixed(2);
    expect(stdout).to.match(new RegExp(String.raw`^\| evaluate-b0, .*\| 20\.0 \(.*\) \| ${rate} \(`, 'm'));

    const turns = readFileSync(log, 'utf8').trimEnd().split('\n');
    expect(turns.every((line) => line.startsWith('round '))).to.equal(true);
    const counted = turns.filter((line) => line.includes('tuned bfloat16 plain cnn7 16 4'));
    expect(counted).to.have.length(3 + 2 + 2); // trial, warm-up, rounds
    expect(
      turns.filter((line) => line.includes('reference float32 evaluate efficientnet-b0')),
    ).to.have.length(4);
  });

  it('an error of our side in a round ends it, and is told', async () => {
    const opponent = put(
      place.path('opponent.ts'),
      `export const settings = {};
       export const plays = ['alternating'];
       export const create = () => ({ name: 'broken', learners: [], state: new Map(), dispose: () => {}, perturb: () => { throw new Error('no move'); } });\n`,
    );
    const { code, stdout, stderr } = await bench(
      ...['fgsm-cnn7', ...TINY, ...SMALL, 'generator=module', `generator.module=${opponent}`],
    );
    expect([code, stdout]).to.deep.equal([1, '']);
    expect(stderr).to.match(/ours gave no answer: it ended with code 1: [^]*no move/);
  });

  it('errors name what is wrong, and leave no process behind', async () => {
    const misspelt = await bench('blur-cnn');
    expect([misspelt.code, misspelt.stdout]).to.deep.equal([1, '']);
    expect(misspelt.stderr).to.match(/there is no benchmark 'blur-cnn'. Did you mean 'blur-cnn7'\?/);
    const failing = executable('fails.mjs', `#!${process.execPath}\nthrow new Error('no torch here');\n`);
    const failed = await bench('plain-cnn7', ...TINY, ...SMALL, '--peer', failing);
    expect([failed.code, failed.stdout]).to.deep.equal([1, '']);
    expect(failed.stderr).to.match(/reference gave no answer: it ended with code 1: [^]*no torch here/);
    const talking = executable(
      'talks.mjs',
      `#!${process.execPath}\nconsole.log('welcome');\nprocess.stdin.resume();\n`,
    );
    const talked = await bench('plain-cnn7', ...TINY, ...SMALL, '--peer', talking);
    expect(talked.stderr).to.match(/reference answered 'welcome', which is no JSON/);
    const absent = await bench('plain-cnn7', ...TINY, ...SMALL, '--peer', place.path('no-python'));
    expect(absent.stderr).to.match(/reference gave no answer: it could not be started: .*ENOENT/);
    expect((await bench('plain-cnn7', '--rounds', '0')).stderr).to.match(
      /--rounds must be a whole number above 0/,
    );
    expect((await bench('plain-cnn7', '--peer-precision=half')).stderr).to.match(
      /one of faster, float32, bfloat16/,
    );
  });
});
