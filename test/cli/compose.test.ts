import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { compose } from '../../src/config/compose.ts';
import { openConfigFiles } from '../../src/config/config-files.ts';
import { resolveConfig } from '../../src/config/interpolate.ts';
import { toYaml } from '../../src/config/print-yaml.ts';
import { runScript, workplace, type Outcome } from './command-line.ts';

const CONFIGS = join(import.meta.dirname, '../../configs');
const context = { env: process.env, now: new Date(), hydra: { 'job.num': 0 } };

function composed(overrides: readonly string[]): ReturnType<typeof compose>['config'] {
  return compose({ configs: openConfigFiles(CONFIGS), configName: 'train', overrides, context }).config;
}

describe('npm run train: settings', function () {
  this.timeout(60_000);
  const place = workplace();
  const train = (...args: string[]): Promise<Outcome> => runScript('train', args, place.path());

  afterEach(() => expect(readdirSync(place.path()), 'files that it left').to.deep.equal([]));

  it('--cfg job prints the composed settings on standard output, and nothing else', async () => {
    const overrides = ['generator=fgsm', 'game.lambda=0.25', 'data=folder', '+note=${seed}'];
    const outcome = await train('--cfg', 'job', ...overrides);
    expect(outcome).to.deep.equal({ code: 0, signal: null, stdout: toYaml(composed(overrides)), stderr: '' });
    expect(outcome.stdout).to.contain('dir: outputs/${now:').and.to.contain('note: ${seed}');
  });

  it('--resolve resolves them', async () => {
    const overrides = ['generator=generative', 'run.dir=x-${generator.name}-${seed}'];
    const outcome = await train(...overrides, '--resolve', '--cfg', 'job');
    const resolved = toYaml(resolveConfig(composed(overrides), context));
    expect(outcome).to.deep.equal({ code: 0, signal: null, stdout: resolved, stderr: '' });
    expect(outcome.stdout).to.contain('dir: x-generative-1\n');
  });

  it('--help lists flags, groups and options', async () => {
    const { code, stdout, stderr } = await train('--help');
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(stdout).to.match(/^npm run train -- /);
    const files = openConfigFiles(CONFIGS);
    for (const group of files.groups()) {
      expect(stdout).to.contain(`  ${group}=${files.options(group).join('|')}\n`);
    }
    for (const flag of ['--cfg job', '--resolve', '--multirun', '--resume FOLDER']) {
      expect(stdout).to.contain(flag);
    }
  });

  const folder = ['data=folder', 'data.path=x'];
  const mistakes: readonly (readonly [string, readonly string[], RegExp])[] = [
    ['an unknown key', ['game.lamda=2'], /^override 'game\.lamda=2': .*Did you mean 'lambda'\?/],
    ['an unknown group', ['generatr=blur'], /^override 'generatr=blur': .*Did you mean 'generator'\?/],
    [
      'an unknown choice',
      ['generator=blurr'],
      /train\.yaml:\d+: .*generator\/blurr.*Did you mean 'blur'\? Known in 'generator': .*blur, .*fgsm, /,
    ],
    [
      'a key that is new to the settings',
      [...folder, '+game.lamda=2'],
      /unknown key 'game\.lamda'.*Did you mean 'lambda'\?.*Known in 'game': /,
    ],
    [
      'values out of range, all of them at once',
      [...folder, 'game.lambda=-1', 'generator.k=4', 'game.batch_size=7'],
      /^(?=[^]*'game\.lambda' must be a number >= 0, got -1)(?=[^]*'generator\.k' must be one of 3, 5, 7, 9, got 4)(?=[^]*'game\.batch_size' must be an even integer >= 2, got 7)/,
    ],
    [
      'a value that must be given',
      ['data=folder'],
      /configs\/data\/folder\.yaml:\d+: 'data\.path' must be given/,
    ],
    ['an unknown flag', ['--cfgs', 'job'], /^--cfgs: unknown flag\. Did you mean '--cfg'\? See --help\./],
    ['--resume without a folder', ['--resume'], /^--resume needs the folder of a run/],
    [
      '--resume with a folder that holds no run',
      ['--resume', 'x'],
      /^x: no run here .*Name the folder of a run/,
    ],
    ['--resume with overrides', ['--resume', 'x', 'seed=2'], /^--resume takes no overrides \(seed=2\)/],
  ];
  mistakes.forEach(([what, args, message]) => {
    it(`${what}: an error, and nothing is made`, async () => {
      const { code, stdout, stderr } = await train(...args);
      expect(stderr).to.match(message);
      expect(stderr, 'stack trace').not.to.match(/^\s+at /m);
      expect([code, stdout]).to.deep.equal([1, '']);
    });
  });
});
