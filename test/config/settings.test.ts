import { expect } from 'chai';
import { choice, flag, integer, isSetting, list, nullable, number, text } from '../../src/config/settings.ts';
import type { SettingsOf } from '../../src/config/settings.ts';

/** Compiles only if the two types are the same. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;

const settings = {
  epsilon: number({ min: 0, max: 1, doc: 'budget on the [0,1] pixel scale' }),
  steps: integer({ min: 1, doc: 'gradient steps' }),
  norm: choice(['l2', 'linf'], 'the ball'),
  size: choice([3, 5, 7], 'window'),
  clip: flag('clip to [0,1]'),
  path: nullable(text('where the images are')),
  seeds: list(integer({ min: 0, doc: 'seed' })),
  inner: { rate: number({ above: 0, below: 1, doc: 'rate' }) },
};

interface Expected {
  readonly epsilon: number;
  readonly steps: number;
  readonly norm: 'l2' | 'linf';
  readonly size: 3 | 5 | 7;
  readonly clip: boolean;
  readonly path: string | null;
  readonly seeds: readonly number[];
  readonly inner: { readonly rate: number };
}

describe('config/settings', () => {
  it('derives the type of the values', () => {
    const same: Same<
      { [K in Exclude<keyof Expected, 'inner'>]: SettingsOf<typeof settings>[K] },
      { [K in Exclude<keyof Expected, 'inner'>]: Expected[K] }
    > = true;
    const inner: Same<SettingsOf<typeof settings>['inner']['rate'], number> = true;
    expect([same, inner]).to.deep.equal([true, true]);
  });

  const table: readonly [keyof typeof settings, readonly unknown[], readonly unknown[]][] = [
    ['epsilon', [0, 1, 0.5], [-0.1, 1.1, '0.5', NaN, Infinity, null, true, undefined]],
    ['steps', [1, 7], [0, 1.5, '7', NaN, 2 ** 53, null]],
    ['norm', ['l2', 'linf'], ['L2', 2, null, ['l2']]],
    ['size', [3, 5, 7], [4, '3', null]],
    ['clip', [true, false], ['yes', 'true', 1, 0, null]],
    ['path', [null, '', 'a'], [1, undefined, []]],
    ['seeds', [[], [0, 1]], [0, [1.5], ['1'], [null], {}, null]],
  ];
  for (const [key, good, bad] of table) {
    it(`${key} takes what it says and converts nothing`, () => {
      const setting = settings[key];
      if (!isSetting(setting)) throw new Error(`${key} is a section`);
      for (const value of good) expect(setting.accepts(value), String(value)).to.be.true;
      for (const value of bad) expect(setting.accepts(value), String(value)).to.be.false;
    });
  }

  it('says what it expects', () => {
    expect(settings.epsilon.expects).to.equal('a number from 0 to 1');
    expect(settings.steps.expects).to.equal('an integer >= 1');
    expect(settings.inner.rate.expects).to.equal('a number > 0 and < 1');
    expect(settings.norm.expects).to.equal('one of l2, linf');
    expect(settings.path.expects).to.equal('null or text');
    expect(settings.seeds.expects).to.equal('a list, each item an integer >= 0');
    expect(list(text('names'), { min: 1 }).expects).to.equal('a list of length >= 1, each item text');
    expect(list(text('names'), { min: 1 }).accepts([])).to.be.false;
  });
});
