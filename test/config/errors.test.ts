import { join } from 'node:path';
import { expect } from 'chai';
import { compose } from '../../src/config/compose.ts';
import { ConfigError } from '../../src/config/config-error.ts';
import { openConfigFiles } from '../../src/config/config-files.ts';
import { resolveConfig } from '../../src/config/interpolate.ts';
import { parseConfig, readPackageHeader } from '../../src/config/yaml-source.ts';
import { expandSweep } from '../../src/config/sweep.ts';

const TREE = join(import.meta.dirname, '../fixtures/config/tree');
const CONTEXT = { env: {}, now: new Date(0), hydra: { 'job.num': 0 } };

function composed(configName: string, ...overrides: string[]) {
  return compose({ configs: TREE, configName, overrides, context: CONTEXT });
}

describe('config errors name the place and the remedy', () => {
  const table: readonly (readonly [string, readonly string[], string])[] = [
    ['train', ['generator=blurr'], "Did you mean 'blur'? Known in 'generator': blur, fgsm, generative, none"],
    ['train', ['generater=blur'], "Did you mean 'generator'?"],
    ['train', ['generator/netwrk=plain'], "Did you mean 'generator/network'?"],
    [
      'train',
      ['game.lamda=1'],
      "there is no key 'game.lamda'. Did you mean 'lambda'? To add it write +game.lamda=1",
    ],
    ['train', ['+seed=1'], 'write ++ to set it in either case'],
    ['train', ['steps=1,2'], 'add --multirun'],
    ['train', ['steps=range(3)'], 'range() needs --multirun'],
    ['train', ['hydra.run.dir=x'], "the run folder is 'run.dir'"],
    ['train', ['optimizer=adam'], 'Known: optimizer@discriminator_optimizer, optimizer@generator_optimizer'],
    ['train', ['~game=simultaneous'], "override '~game=simultaneous': nothing in the defaults list matches"],
    ['train', ['seed.__proto__.x=1'], "the key '__proto__' is not allowed"],
    ['trian', [], "Did you mean 'train'?"],
    ['../tree/train', [], 'lies outside'],
    ['needs_choice', [], 'needs_choice.yaml:3: choose an option of'],
    ['no_option', [], 'no_option.yaml:2: there is no configuration'],
    ['twice', [], "'generator' is chosen twice"],
    ['two_selves', [], 'two_selves.yaml:4: _self_ stands twice'],
    ['duplicate', [], 'duplicate.yaml:3: '],
    ['tabs', [], 'tabs.yaml:2: '],
    ['unclosed', [], 'unclosed.yaml:1: the interpolation'],
    ['clash', [], 'clash.yaml:5: a list cannot be merged into the map'],
  ];
  for (const [name, overrides, message] of table) {
    it(`${name} ${overrides.join(' ')}`, () => {
      expect(() => composed(name, ...overrides)).to.throw(ConfigError, message);
    });
  }

  it('where values came from', () => {
    const { sources, choices } = composed('train', 'experiment=blur_at', 'seed=7');
    expect(sources.get('seed')).to.equal("override 'seed=7'");
    expect(sources.get('generator.sigma.max')).to.equal(join(TREE, 'experiment/blur_at.yaml:12'));
    expect(sources.get('generator.kernel')).to.equal(join(TREE, 'generator/blur.yaml:2'));
    expect(sources.get('run.keep[1]')).to.equal(join(TREE, 'train.yaml:21'));
    expect(choices).to.include({
      generator: 'blur',
      experiment: 'blur_at',
      debug: null,
      'optimizer@discriminator_optimizer': 'radam',
    });
  });

  const unresolved: readonly (readonly [string, string])[] = [
    ['a: ${b}\nb: ${a}', 'a -> b -> a lead in a circle'],
    ['a: {x: "${a}"}', 'lead in a circle'],
    ['a: "${sead}"\nseed: 1', "x.yaml:1: ${sead} names nothing. Did you mean 'seed'?"],
    ['a: "${b}"\nb: ???', 'needs b, which must still be given'],
    ['a: "${...b}"', 'reaches above the root'],
    ['a: "${oc.env:NOT_THERE}"', "the environment variable 'NOT_THERE' is not set"],
    ['a: "${oc.decode:1}"', "the resolver 'oc.decode' is not supported; known are oc.env, now, hydra"],
    ['a: "${constructor:1}"', "the resolver 'constructor' is not supported"],
    ['a: "${now:%Q}"', "'%Q' is not supported"],
    ['a: "${hydra:job.id}"', 'known are job.num'],
  ];
  for (const [yaml, message] of unresolved) {
    it(`resolving ${yaml.replace('\n', ' ')}`, () => {
      expect(() => resolveConfig(parseConfig(yaml, 'x.yaml'), CONTEXT)).to.throw(ConfigError, message);
    });
  }

  it('YAML that would be misread', () => {
    expect(() => parseConfig('yes: 1', 'x.yaml')).to.throw(
      ConfigError,
      "x.yaml:1: the key 'yes' reads as bool",
    );
    expect(() => parseConfig('a: &x [*x]', 'x.yaml')).to.throw(ConfigError, 'the alias holds itself');
    expect(() => parseConfig('a: !!str 1', 'x.yaml')).to.throw(ConfigError, 'x.yaml:1');
    expect(() => parseConfig('constructor: 1', 'x.yaml')).to.throw(
      ConfigError,
      "'constructor' is not allowed",
    );
    expect(() => readPackageHeader('# @package a b\n', 'x.yaml')).to.throw(ConfigError, 'x.yaml:1: a header');
    const bomb = ['a0: &a0 [x, x]'];
    for (let level = 1; level < 30; level++)
      bomb.push(`a${level}: &a${level} [*a${level - 1}, *a${level - 1}]`);
    expect(() => parseConfig(bomb.join('\n'), 'x.yaml')).to.throw(ConfigError, 'too many values');
  });

  it('sweeps that cannot be counted', () => {
    const files = openConfigFiles(TREE);
    expect(() => expandSweep(['generator=glob(q*)'], files)).to.throw(
      ConfigError,
      'blur, fgsm, generative, none',
    );
    expect(() => expandSweep(['a=range(0,1e9,1)'], files)).to.throw(ConfigError, 'more than 100000');
    expect(() => expandSweep(['a=range(400)', 'b=range(400)'], files)).to.throw(ConfigError, '160000 jobs');
    expect(() => expandSweep(['a=interval(0,1)'], files)).to.throw(
      ConfigError,
      'interval() is not supported',
    );
  });
});
