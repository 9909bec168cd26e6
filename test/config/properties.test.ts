import { expect } from 'chai';
import fc from 'fast-check';
import { didYouMean, editDistance } from '../../src/config/did-you-mean.ts';
import { resolveConfig } from '../../src/config/interpolate.ts';
import { mergeMaps } from '../../src/config/merge.ts';
import { parseOverrideValue, printOverrideValue } from '../../src/config/override-values.ts';
import type { OverrideValue } from '../../src/config/override-values.ts';
import { nodeOfValue } from '../../src/config/overrides.ts';
import { toYaml } from '../../src/config/print-yaml.ts';
import { reprFloat } from '../../src/config/python-number.ts';
import { cloneNode, plainValue } from '../../src/config/tree.ts';
import type { MapNode } from '../../src/config/tree.ts';
import { parseConfig } from '../../src/config/yaml-source.ts';

const CONTEXT = { env: {}, now: new Date(2026, 0, 2, 3, 4, 5), hydra: { 'job.num': 3 } };

const anyText = fc
  .string({ unit: 'grapheme', maxLength: 120 })
  .filter((value) => !value.includes('${') && value !== '???');
const key = fc
  .stringMatching(/^[a-z][a-z0-9_]{0,5}$/)
  .filter((name) => !/^(?:yes|no|on|off|y|n|true|false|null)$/.test(name));
const scalar: fc.Arbitrary<OverrideValue> = fc.oneof(
  fc.constant<OverrideValue>({ kind: 'null' }),
  fc.boolean().map((value): OverrideValue => ({ kind: 'bool', value })),
  fc.bigInt({ min: -(2n ** 70n), max: 2n ** 70n }).map((value): OverrideValue => ({ kind: 'int', value })),
  fc.double().map((value): OverrideValue => ({ kind: 'float', value })),
  fc
    .tuple(anyText, fc.constantFrom<'"' | "'">('"', "'"))
    .map(([value, quote]): OverrideValue => ({ kind: 'text', value, quote })),
  fc
    .stringMatching(/^[a-z][a-z ,:=()[\]{}\\]{0,8}[a-z]$/)
    .map((value): OverrideValue => ({ kind: 'text', value })),
);
const { value: anyValue, map: anyMap } = fc.letrec<{
  value: OverrideValue;
  list: OverrideValue;
  map: OverrideValue;
}>((tie) => ({
  value: fc.oneof({ depthSize: 'small', withCrossShrink: true }, scalar, tie('list'), tie('map')),
  list: fc.array(tie('value'), { maxLength: 4 }).map((items) => ({ kind: 'list', items })),
  map: fc
    .uniqueArray(fc.tuple(key, tie('value')), { maxLength: 4, selector: ([name]) => name })
    .map((entries) => ({
      kind: 'map',
      entries: entries.map(([name, item]) => [{ kind: 'text', value: name }, item]),
    })),
}));

const anyTree = anyMap.map((map) => nodeOfValue(map, 'generated') as MapNode);

function merged(into: MapNode, from: MapNode): MapNode {
  const result = cloneNode(into);
  mergeMaps(result, from, [], { closed: false, containerOf: () => undefined });
  return result;
}

describe('config properties', () => {
  it('a printed override value is read back as itself', () => {
    fc.assert(
      fc.property(anyValue, (value) => {
        const special =
          value.kind === 'text' &&
          value.quote === undefined &&
          /^(?:true|false|null|inf|nan)$/i.test(value.value);
        fc.pre(!special);
        const [again, ...more] = parseOverrideValue(printOverrideValue(value));
        expect(more).to.be.empty;
        expect(again === undefined || again.kind === 'call' ? again : printOverrideValue(again)).to.equal(
          printOverrideValue(value),
        );
        expect(nodeOfValue(again as OverrideValue, '')).to.deep.equal(nodeOfValue(value, ''));
      }),
    );
  });

  it('printed YAML is read back as the same tree', () => {
    fc.assert(
      fc.property(anyTree, (tree) => {
        expect(toYaml(parseConfig(toYaml(tree), 'x'))).to.equal(toYaml(tree));
      }),
    );
  });

  it('resolving leaves a tree without interpolations as it is, and resolves once and for all', () => {
    fc.assert(
      fc.property(anyTree, (tree) => {
        expect(resolveConfig(tree, CONTEXT)).to.deep.equal(tree);
      }),
    );
    const tree = parseConfig(
      'a: {b: "${c}", n: "${hydra:job.num}", t: "${now:%Y-%m-%d_%H-%M-%S}"}\nc: [1, "${a.t}"]\n',
      'x',
    );
    const once = resolveConfig(tree, CONTEXT);
    expect(plainValue(once)).to.deep.equal({
      a: { b: [1, '2026-01-02_03-04-05'], n: 3, t: '2026-01-02_03-04-05' },
      c: [1, '2026-01-02_03-04-05'],
    });
    expect(resolveConfig(once, CONTEXT)).to.deep.equal(once);
  });

  it('merging keeps every key, and what comes later wins', () => {
    fc.assert(
      fc.property(anyTree, anyTree, (one, other) => {
        const clash = [...one.entries].some(([name, node]) => {
          const kinds = new Set([node.kind, other.entries.get(name)?.kind]);
          return node.kind === 'map' || (kinds.has('map') && kinds.has('list'));
        });
        fc.pre(!clash);
        const result = merged(one, other);
        const expected = { ...(plainValueOf(one) as object), ...(plainValueOf(other) as object) };
        expect(plainValueOf(result)).to.deep.equal(expected);
        expect([...result.entries.keys()]).to.deep.equal(Object.keys(expected));
      }),
    );
    fc.assert(
      fc.property(anyTree, (tree) => {
        expect(plainValueOf(merged(tree, tree))).to.deep.equal(plainValueOf(tree));
      }),
    );
  });

  it('floats are spelled so that they read back', () => {
    fc.assert(
      fc.property(fc.double({ noDefaultInfinity: true, noNaN: true }), (value) => {
        expect(Object.is(Number(reprFloat(value)), value)).to.be.true;
        expect(reprFloat(value)).to.match(/[.e]/);
      }),
    );
  });

  it('the edit distance is symmetric, zero only for equals, and one for a slip', () => {
    const word = fc.string({ maxLength: 8 });
    fc.assert(
      fc.property(word, word, (one, other) => {
        expect(editDistance(one, other)).to.equal(editDistance(other, one));
        expect(editDistance(one, other) === 0).to.equal(one === other);
      }),
    );
    expect(
      ['lambda', 'lamda', 'labmda', 'lambdaa', 'lanbda'].map((text) => editDistance('lambda', text)),
    ).to.deep.equal([0, 1, 1, 1, 1]);
    expect(didYouMean('epsilom', ['steps', 'epsilon'])).to.equal(" Did you mean 'epsilon'?");
    expect(didYouMean('zzz', ['steps', 'epsilon'])).to.equal('');
  });
});

/** Integers of any size as bigints: generated ones need not fit a number. */
function plainValueOf(tree: MapNode): unknown {
  const plain = (node: MapNode['entries'] extends Map<string, infer N> ? N : never): unknown => {
    if (node.kind === 'map')
      return Object.fromEntries([...node.entries].map(([name, child]) => [name, plain(child)]));
    if (node.kind === 'list') return node.items.map(plain);
    return node.kind === 'null' ? null : node.value;
  };
  return plain(tree);
}
