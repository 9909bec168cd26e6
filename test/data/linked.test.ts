import { expect } from 'chai';
import fc from 'fast-check';
import { groupNames, linked } from '../../src/data/linked.ts';

const keysOfItems = fc.array(
  fc.array(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'), { minLength: 1, maxLength: 3 }),
  { maxLength: 12 },
);

/** Whether a chain of common keys leads from one item to another, by looking at every item until nothing new is reached. */
function reachable(keys: readonly (readonly string[])[], from: number, to: number): boolean {
  const reached = new Set([from]);
  for (let before = 0; before !== reached.size;) {
    before = reached.size;
    keys.forEach((own, item) => {
      if ([...reached].some((other) => keys[other]!.some((key) => own.includes(key)))) reached.add(item);
    });
  }
  return reached.has(to);
}

describe('linked items', () => {
  it('are of one group exactly where a chain of keys in common joins them', () => {
    fc.assert(
      fc.property(keysOfItems, (keys) => {
        const groups = linked(keys);
        keys.forEach((_, a) => {
          keys.forEach((__, b) => {
            expect(groups[a] === groups[b]).to.equal(reachable(keys, a, b));
          });
        });
      }),
    );
  });

  it('have one name a group, the first of all that its members are called, in whatever order they come', () => {
    const keys = [['b'], ['z', 'c'], ['c', 'b'], ['x']];
    expect(groupNames(linked(keys), keys)).to.deep.equal(['b', 'b', 'b', 'x']);
    const turned = [...keys].reverse();
    expect(groupNames(linked(turned), turned)).to.deep.equal(['x', 'b', 'b', 'b']);
  });

  it('may be a long chain', () => {
    const chain = Array.from({ length: 20_000 }, (_, i) => [`k${i}`, `k${i + 1}`]);
    expect(new Set(linked(chain)).size).to.equal(1);
    expect(new Set(linked(chain.reverse())).size).to.equal(1);
  });
});
