import { join } from 'node:path';
import { expect } from 'chai';
import { parseCommandLine } from '../../src/config/command-line.ts';
import { compose } from '../../src/config/compose.ts';
import { ConfigError } from '../../src/config/config-error.ts';
import { openConfigFiles } from '../../src/config/config-files.ts';
import { defaultsTable, helpText } from '../../src/config/help.ts';

const TREE = join(import.meta.dirname, '../fixtures/config/tree');

describe('config/command-line', () => {
  it('parts flags from overrides', () => {
    expect(parseCommandLine(['--cfg', 'job', 'a=1', '--resolve', '~b', '++c=-1'])).to.deep.equal({
      overrides: ['a=1', '~b', '++c=-1'],
      cfg: 'job',
      resolve: true,
      info: undefined,
      multirun: false,
      configName: undefined,
      configDir: undefined,
      help: false,
    });
    const short = parseCommandLine(['-m', '-cn', 'other', '-cd=x/y', '-h', '--', '-z=1']);
    expect(short).to.include({ multirun: true, configName: 'other', configDir: 'x/y', help: true });
    expect(short.overrides).to.deep.equal(['-z=1']);
    expect(parseCommandLine(['--info', 'defaults']).info).to.equal('defaults');
  });

  const refused: readonly (readonly [readonly string[], string])[] = [
    [['--cfg', 'hydra'], 'not supported; known is job'],
    [['--cfg'], 'the value is missing'],
    [['--resolve'], 'goes with --cfg job'],
    [['--multirn'], "Did you mean '--multirun'?"],
    [['--multirun=yes'], 'takes no value'],
    [['--config-path', 'x'], 'name the folder with --config-dir'],
    [['-sc', 'install=bash'], 'no completion'],
    [['-x=1'], 'unknown flag'],
    [['-cn', 'a', '-cn', 'b'], 'given twice'],
  ];
  for (const [argv, problem] of refused) {
    it(`refuses ${argv.join(' ')}`, () => {
      expect(() => parseCommandLine(argv)).to.throw(ConfigError, problem);
    });
  }

  it('lists groups with their options in the help', () => {
    const help = helpText('npm run train --', openConfigFiles(TREE));
    expect(help).to.include('generator=blur|fgsm|generative|none');
    expect(help).to.include('data/augment=heavy|light|none');
  });

  it('lists the merged configurations with their packages', () => {
    const context = { env: {}, now: new Date(0), hydra: {} };
    const { placements } = compose({ configs: TREE, configName: 'variety', overrides: [], context });
    expect(
      defaultsTable(placements)
        .split('\n')
        .map((line) => line.split(/ +-> /)),
    ).to.deep.equal([
      ['optimizer/adam', 'optimizer'],
      ['optimizer/sgd', 'optimizer'],
      ['evaluation/standard', 'evaluation'],
      ['tricky/links', 'a.b'],
      ['game/simultaneous', '_global_'],
      ['data/augment/light', 'here'],
      ['variety', '_global_'],
      [''],
    ]);
  });
});
