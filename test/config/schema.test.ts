import { expect } from 'chai';
import { ConfigError } from '../../src/config/config-error.ts';
import { checkSettings } from '../../src/config/schema.ts';
import { choice, flag, integer, list, nullable, number, text } from '../../src/config/settings.ts';
import { parseConfig } from '../../src/config/yaml-source.ts';

const settings = {
  name: choice(['blur', 'fgsm'], 'the opponent'),
  steps: integer({ min: 1, max: 10, doc: 'gradient steps' }),
  path: nullable(text('where the images are')),
  inner: {
    rate: number({ above: 0, doc: 'rate' }),
    seeds: list(integer({ doc: 'seed' })),
    use: flag('whether'),
  },
  empty: {},
};

const GOOD = 'name: blur\nsteps: 3\npath: null\ninner: {rate: 1, seeds: [1, 2], use: yes}\nempty: {}\n';

function check(yaml: string): unknown {
  return checkSettings(parseConfig(yaml, 'x.yaml'), settings);
}

function problemsOf(yaml: string): readonly string[] {
  try {
    check(yaml);
  } catch (error) {
    if (error instanceof ConfigError) return error.problems;
    throw error;
  }
  return [];
}

describe('config/schema', () => {
  it('gives back the plain values, frozen through and through', () => {
    const config = checkSettings(parseConfig(GOOD, 'x.yaml'), settings);
    const rate: number = config.inner.rate;
    const name: 'blur' | 'fgsm' = config.name;
    expect([rate, name]).to.deep.equal([1, 'blur']);
    expect(config).to.deep.equal({
      name: 'blur',
      steps: 3,
      path: null,
      inner: { rate: 1, seeds: [1, 2], use: true },
      empty: {},
    });
    expect(Object.isFrozen(config)).to.be.true;
    expect(Object.isFrozen(config.inner.seeds)).to.be.true;
  });

  it('reports everything at once, with key, place, problem and remedy', () => {
    const problems = problemsOf(
      'name: blurr\nsteps: 0\npath: 3\ninner:\n  rate: "7"\n  seeds: [1, x]\n  usee: true\nempty: {}\nstep: 5\n',
    );
    expect(problems).to.have.length(8);
    const expected = [
      ["x.yaml:9: unknown key 'step'", "Did you mean 'steps'?", 'Known: name, steps, path, inner, empty'],
      ["x.yaml:7: unknown key 'inner.usee'", "Did you mean 'use'?"],
      ["x.yaml:5: the key 'inner.use' is missing: true or false"],
      ["x.yaml:1: 'name' must be one of blur, fgsm, got the text 'blurr'", "Did you mean 'blur'?"],
      ["x.yaml:2: 'steps' must be an integer from 1 to 10, got 0"],
      ["x.yaml:3: 'path' must be null or text, got 3"],
      ["x.yaml:5: 'inner.rate' must be a number > 0, got the text '7'"],
      ['x.yaml:6: \'inner.seeds\' must be a list, each item an integer, got [1,"x"]'],
    ];
    expected.forEach((parts, index) => parts.forEach((part) => expect(problems[index]).to.include(part)));
  });

  const refused: readonly (readonly [string, string])[] = [
    [GOOD.replace('steps: 3', 'steps: ???'), "'steps' must be given"],
    [GOOD.replace('path: null\n', ''), "the key 'path' is missing"],
    [GOOD.replace('steps: 3', "steps: '3'"), "got the text '3'"],
    [GOOD.replace('steps: 3', 'steps: 12345678901234567890'), 'got 12345678901234567890'],
    [GOOD.replace('steps: 3', 'steps: {a: {b: 1}}'), 'got a section'],
    [GOOD.replace('steps: 3', 'steps: null'), 'got null'],
    [GOOD.replace('rate: 1', 'rate: .nan'), 'got NaN'],
    [GOOD.replace('rate: 1', 'rate: .inf'), 'got Infinity'],
    [GOOD.replace('use: yes', "use: 'yes'"), "got the text 'yes'"],
    [
      GOOD.replace('{rate: 1, seeds: [1, 2], use: yes}', '5'),
      "'inner' must be a section with rate, seeds, use",
    ],
    [GOOD.replace('empty: {}', 'empty: {a: 1}'), "unknown key 'empty.a'"],
  ];
  for (const [yaml, problem] of refused) {
    it(`refuses: ${problem}`, () => {
      const problems = problemsOf(yaml);
      expect(problems.join('\n')).to.include(problem);
    });
  }

  it('refuses setting names that convict would misread', () => {
    const config = parseConfig('inner: {default: 1}\n', 'x.yaml');
    const record = { inner: { default: integer({ doc: 'x' }) } };
    expect(() => checkSettings(config, record)).to.throw(TypeError, "'inner.default' needs another name");
  });

  it('reads neither the environment nor the arguments of the process', () => {
    process.argv.push('--steps=9');
    try {
      expect(check(GOOD)).to.have.property('steps', 3);
    } finally {
      process.argv.pop();
    }
  });
});
