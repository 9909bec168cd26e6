import { expect } from 'chai';
import { chosen, readArguments, required, wholeNumber } from '../../scripts/arguments.ts';

const KEYS = ['run', 'format', 'limit'] as const;
const read = (...argv: string[]) =>
  readArguments(argv, KEYS, 'npm run x', (argument) => argument.startsWith('generator'));

describe('command lines: key=value arguments', () => {
  it('are known keys with values, and overrides in their order', () => {
    const args = read('run=a=b', 'generator=pgd', 'limit=3', 'generator.eps=1');
    expect(args).to.deep.equal({
      values: { run: 'a=b', limit: '3' },
      overrides: ['generator=pgd', 'generator.eps=1'],
    });
    expect(required(args, 'run', 'npm run x')).to.equal('a=b');
    expect(chosen(args, 'format', ['safetensors', 'onnx'])).to.equal('safetensors');
    expect(wholeNumber(args, 'limit', 1)).to.equal(3);
    expect(wholeNumber(read(), 'limit', 1)).to.equal(undefined);
  });

  const mistakes: readonly (readonly [string, () => unknown, string])[] = [
    ['no key', () => read('outputs/x'), "'outputs/x' is not of the form key=value; usage: npm run x"],
    ['a flag', () => read('--run'), "'--run' is not of the form key=value; usage: npm run x"],
    [
      'an unknown key',
      () => read('rnu=x'),
      "unknown key 'rnu'. Did you mean 'run'? Known: run, format, limit; usage: npm run x",
    ],
    ['no value', () => read('run='), "'run' is empty; usage: npm run x"],
    ['a key twice', () => read('run=a', 'run=b'), "'run' is given twice; usage: npm run x"],
    ['a key too few', () => required(read(), 'run', 'npm run x'), "'run' must be given; usage: npm run x"],
    [
      'an unknown choice',
      () => chosen(read('format=safetensor'), 'format', ['safetensors', 'onnx']),
      "format=safetensor: there is no such format. Did you mean 'safetensors'? Known: safetensors, onnx",
    ],
    [
      'no number',
      () => wholeNumber(read('limit=1e3'), 'limit', 1),
      'limit=1e3: limit must be a whole number >= 1',
    ],
    [
      'too small',
      () => wholeNumber(read('limit=0'), 'limit', 1),
      'limit=0: limit must be a whole number >= 1',
    ],
  ];
  for (const [what, job, message] of mistakes) {
    it(`${what} is an error that says what is known`, () => {
      expect(job).to.throw().with.property('message', message);
    });
  }
});
