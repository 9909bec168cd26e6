import { expect } from 'chai';
import fc from 'fast-check';
import { bytesField, doubleField, fieldsOf, message, varintField } from '../../src/tensorflow/protobuf.ts';

describe('protocol-buffer messages', () => {
  const field = fc.integer({ min: 1, max: 2 ** 29 - 1 });

  it('are read as they were written', () => {
    const part = fc.oneof(
      fc.tuple(fc.constant('varint' as const), field, fc.maxSafeNat()),
      fc.tuple(fc.constant('bytes' as const), field, fc.uint8Array({ maxLength: 300 })),
    );
    fc.assert(
      fc.property(fc.array(part), (parts) => {
        const written = parts.map(([, number, value]) =>
          typeof value === 'number' ? varintField(number, value) : bytesField(number, value),
        );
        const read = fieldsOf(message(...written));
        expect(read.map(({ number }) => number)).to.deep.equal(parts.map(([, number]) => number));
        read.forEach(({ value, bytes }, i) => {
          const expected = parts[i]![2];
          if (typeof expected === 'number') expect(value).to.equal(expected);
          else expect([...bytes]).to.deep.equal([...expected]);
        });
      }),
    );
  });

  it('are read past fixed-width fields, and refused at groups', () => {
    const both = fieldsOf(message(doubleField(3, 0.5), varintField(4, 300)));
    expect(both.map(({ number, bytes, value }) => [number, bytes.length, value])).to.deep.equal([
      [3, 8, 0],
      [4, 0, 300],
    ]);
    expect(() => fieldsOf(Uint8Array.of(3 * 8 + 3))).to.throw(/field 3 .* wire type 3/);
  });
});
