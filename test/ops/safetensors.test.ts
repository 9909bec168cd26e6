import { expect } from 'chai';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { decodeSafeTensors, encodeSafeTensors, type NamedArray } from '../../src/ops/safetensors.ts';
import { bits } from '../support/tensors.ts';

const EXAMPLE = encodeSafeTensors({
  tensors: new Map<string, NamedArray>([
    ['conv/kernel', { shape: [2, 3], values: Float32Array.from([1, -2, 3, 0.5, 1e-40, -0]) }],
    ['counts', { shape: [2], values: Int32Array.from([-1, 2 ** 31 - 1]) }],
    ['none', { shape: [0, 4], values: new Float32Array() }],
    ['scalar', { shape: [], values: Float32Array.from([7]) }],
  ]),
  metadata: { note: 'grüße "quoted" \n 標', empty: '' },
});

/** A file with the header and data given as they are. */
function file(header: unknown, data = 0, text = JSON.stringify(header)): Uint8Array {
  const json = new TextEncoder().encode(text);
  const bytes = new Uint8Array(8 + json.length + data);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
  bytes.set(json, 8);
  return bytes;
}

const entry = (shape: unknown, offsets: unknown, dtype: unknown = 'F32'): unknown => ({
  dtype,
  shape,
  data_offsets: offsets,
});

describe('safetensors', () => {
  it('round-trips names, shapes, values and texts, from any kind of byte array', () => {
    const shifted = new Uint8Array(EXAMPLE.length + 1);
    shifted.set(EXAMPLE, 1);
    // a Buffer from Node's pool, as reading a small file gives, and a view that is not aligned
    for (const bytes of [EXAMPLE, Buffer.from(EXAMPLE), shifted.subarray(1)]) {
      const { tensors, metadata } = decodeSafeTensors(bytes, 'example');
      expect(metadata).to.deep.equal({ note: 'grüße "quoted" \n 標', empty: '' });
      expect([...tensors.keys()]).to.deep.equal(['conv/kernel', 'counts', 'none', 'scalar']);
      expect(tensors.get('conv/kernel')!.shape).to.deep.equal([2, 3]);
      expect(bits(tensors.get('conv/kernel')!.values)).to.deep.equal(bits([1, -2, 3, 0.5, 1e-40, -0]));
      expect(tensors.get('counts')!.values).to.deep.equal(Int32Array.from([-1, 2 ** 31 - 1]));
      expect(tensors.get('none')!).to.deep.equal({ shape: [0, 4], values: new Float32Array() });
      expect(tensors.get('scalar')!).to.deep.equal({ shape: [], values: Float32Array.from([7]) });
    }
  });

  it('round-trips arbitrary tensors, NaN and infinity included', () => {
    const names = fc.string().filter((name) => name !== '__metadata__' && name !== '__proto__');
    fc.assert(
      fc.property(
        fc.uniqueArray(fc.tuple(names, fc.float32Array({ maxLength: 9 })), { selector: ([n]) => n }),
        (list) => {
          const tensors = new Map(list.map(([name, values]) => [name, { shape: [values.length], values }]));
          const back = decodeSafeTensors(encodeSafeTensors({ tensors, metadata: {} }), 'any').tensors;
          expect(back.size).to.equal(tensors.size);
          for (const [name, { values }] of tensors) {
            expect(bits(back.get(name)!.values)).to.deep.equal(bits(values));
          }
        },
      ),
      { numRuns: 60, seed: 1 },
    );
  });

  it('aligns the data to 8 bytes, as other readers map it', () => {
    const length = Number(new DataView(EXAMPLE.buffer).getBigUint64(0, true));
    expect(length % 8).to.equal(0);
  });

  it('reads what the safetensors package of Python wrote', () => {
    const fixture = JSON.parse(
      readFileSync(new URL('../fixtures/ops/safetensors.json', import.meta.url), 'utf8'),
    ) as { file: string; tensors: Record<string, { shape: number[]; values: number[] }> };
    const { tensors, metadata } = decodeSafeTensors(Buffer.from(fixture.file, 'base64'), 'python');
    expect(metadata).to.deep.equal({ note: 'grüße' });
    expect([...tensors.keys()]).to.have.members(Object.keys(fixture.tensors));
    for (const [name, { shape, values }] of Object.entries(fixture.tensors)) {
      expect(tensors.get(name)!.shape).to.deep.equal(shape);
      expect([...tensors.get(name)!.values]).to.deep.equal(values);
    }
  });

  it('is refused when it is cut anywhere, with its name', () => {
    for (let length = 0; length < EXAMPLE.length; length++) {
      expect(
        () => decodeSafeTensors(EXAMPLE.subarray(0, length), 'half.safetensors'),
        String(length),
      ).to.throw(/^half\.safetensors is not a readable safetensors file: /);
    }
  });

  const lies: readonly [what: string, bytes: Uint8Array, says: RegExp][] = [
    ['a header longer than the file', new Uint8Array(8).fill(255), /truncated/],
    ['a header that is no JSON', file(null, 0, '{"a":'), /no JSON/],
    ['a header that is no UTF-8', Uint8Array.from([2, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xfe]), /no JSON/],
    ['a header that is null', file(null), /header is no object/],
    ['a header that is a list', file([]), /header is no object/],
    ['a header that is a number', file(3), /header is no object/],
    ['texts that are no map', file({ __metadata__: 'x' }), /__metadata__/],
    ['texts that are null', file({ __metadata__: null }), /__metadata__/],
    ['texts that are numbers', file({ __metadata__: { step: 3 } }), /__metadata__/],
    ['an entry that is null', file({ a: null }), /tensor a has no/],
    ['another dtype', file({ a: entry([1], [0, 1], 'F8_E5M2') }, 1), /tensor a has no dtype of F64, F32/],
    [
      'a name of every object’s as dtype',
      file({ a: entry([0], [0, 0], 'toString') }),
      /tensor a has no dtype/,
    ],
    ['narrow numbers of a wide size', file({ a: entry([1], [0, 4], 'F16') }, 4), /shape \[1\] has 4 bytes/],
    ['a negative size', file({ a: entry([-1], [0, 0]) }), /tensor a has no/],
    ['a fractional size', file({ a: entry([0.5], [0, 2]) }, 2), /tensor a has no/],
    ['three offsets', file({ a: entry([1], [0, 4, 8]) }, 8), /tensor a has no/],
    ['no shape', file({ a: { dtype: 'F32', data_offsets: [0, 4] } }, 4), /tensor a has no/],
    ['a range beyond the file', file({ a: entry([2], [0, 8]) }, 4), /truncated/],
    ['a range that runs backwards', file({ a: entry([1], [4, 0]) }, 4), /bytes 4 to 0/],
    ['a range of another size than the shape', file({ a: entry([3], [0, 8]) }, 8), /shape \[3\] has 8 bytes/],
    ['a size beyond counting', file({ a: entry([2 ** 40, 2 ** 40], [0, 4]) }, 4), /has 4 bytes/],
    [
      'tensors that overlap',
      file({ a: entry([2], [0, 8]), b: entry([1], [4, 8]) }, 8),
      /tensor b .*overlap|gap/,
    ],
    [
      'a gap between tensors',
      file({ a: entry([1], [0, 4]), b: entry([1], [8, 12]) }, 12),
      /tensor b .*gap|overlap/,
    ],
    ['bytes after the last tensor', file({ a: entry([1], [0, 4]) }, 8), /4 bytes that belong to no tensor/],
  ];
  for (const [what, bytes, says] of lies) {
    it(`is refused for ${what}`, () => {
      expect(() => decodeSafeTensors(bytes, 'lie.safetensors'))
        .to.throw(says)
        .with.property('message')
        .that.includes('lie.safetensors');
    });
  }

  it('is not written when shape and values disagree', () => {
    const tensors = new Map([['a', { shape: [3], values: new Float32Array(2) }]]);
    expect(() => encodeSafeTensors({ tensors, metadata: {} })).to.throw('tensor a of shape [3] has 2 values');
  });

  it('keeps a tensor’s values when the file’s bytes are reused', () => {
    const bytes = Uint8Array.from(EXAMPLE);
    const { tensors } = decodeSafeTensors(bytes, 'x');
    bytes.fill(0);
    expect(tensors.get('scalar')!.values[0]).to.equal(7);
  });
});
