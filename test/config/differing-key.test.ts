import { expect } from 'chai';
import fc from 'fast-check';
import { differingKey } from '../../src/config/differing-key.ts';

describe('the differing key of two sets of settings', () => {
  it('is none where all are the same, in any order of keys', () => {
    fc.assert(
      fc.property(fc.dictionary(fc.string(), fc.jsonValue()), (settings) => {
        const turned = Object.fromEntries(Object.entries(settings).reverse());
        expect(differingKey(settings, JSON.parse(JSON.stringify(turned)))).to.equal(null);
      }),
    );
  });

  const cases: [unknown, unknown, string, string, string][] = [
    [{ a: 1, b: { c: [1, 2] } }, { a: 1, b: { c: [2, 1] } }, 'b.c', '[1,2]', '[2,1]'],
    [{ a: '1' }, { a: 1 }, 'a', '"1"', '1'],
    [{ a: 1 }, {}, 'a', '1', 'not there'],
    [{}, { a: { b: null } }, 'a', 'not there', '{"b":null}'],
    [{ a: null }, { a: {} }, 'a', 'null', '{}'],
  ];
  for (const [here, there, key, a, b] of cases) {
    it(`${JSON.stringify(here)} and ${JSON.stringify(there)}: ${key}`, () => {
      expect(differingKey(here, there)).to.deep.equal({ key, here: a, there: b });
    });
  }
});
