import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { decodeSafeTensors, type NamedArray } from '../../src/ops/safetensors.ts';
import { isTorchFile, readTorchFile } from '../../src/weights/torch-file.ts';
import { bits } from '../support/tensors.ts';

interface Files {
  readonly good: Record<
    string,
    { file: string; tensors: Record<string, { shape: number[]; values: string[] }> }
  >;
  readonly evil: Record<string, { file: string; says: string }>;
}

const FILES = JSON.parse(
  readFileSync(new URL('../fixtures/weights/files.json', import.meta.url), 'utf8'),
) as Files;
const fileOf = (name: string): Uint8Array => Buffer.from(FILES.good[name]!.file, 'base64');
const read = (bytes: Uint8Array): ReadonlyMap<string, NamedArray> => readTorchFile(bytes, 'some.pth');

/** Python's text of a number. */
function numberOf(text: string): number {
  return { inf: Infinity, '-inf': -Infinity, True: 1, False: 0 }[text] ?? Number(text);
}

/** A copy of a file with other bytes at a place. */
function patched(bytes: Uint8Array, at: number, by: readonly number[]): Uint8Array {
  const copy = Uint8Array.from(bytes);
  copy.set(by, at);
  return copy;
}

/** Where an ASCII text begins in a file, from a place on. */
function find(bytes: Uint8Array, text: string, from = 0): number {
  const at = Buffer.from(bytes).indexOf(text, from, 'latin1');
  expect(at, text).to.be.at.least(0);
  return at;
}

describe('files of PyTorch', () => {
  for (const [name, { tensors }] of Object.entries(FILES.good)) {
    it(`are read with all kinds of numbers, strides and offsets: ${name}`, () => {
      const bytes = fileOf(name);
      const found = name === 'safetensors' ? decodeSafeTensors(bytes, name).tensors : read(bytes);
      expect([...found.keys()]).to.have.members(Object.keys(tensors));
      for (const [tensor, { shape, values }] of Object.entries(tensors)) {
        expect(found.get(tensor)!.shape, tensor).to.deep.equal(shape);
        const own = found.get(tensor)!.values;
        const expected = values.map(numberOf);
        if (own instanceof Float32Array) expect(bits(own), tensor).to.deep.equal(bits(expected));
        else expect([...own], tensor).to.deep.equal(expected);
      }
    });
  }

  it('are known by their first bytes', () => {
    expect([...Object.keys(FILES.good)].filter((name) => !isTorchFile(fileOf(name)))).to.deep.equal([
      'safetensors',
    ]);
    expect(isTorchFile(new Uint8Array())).to.equal(false);
  });

  it('keep their values when the file’s bytes are reused', () => {
    const bytes = Uint8Array.from(fileOf('stream'));
    const { values } = read(bytes).get('scalar')!;
    bytes.fill(0);
    expect([...values]).to.deep.equal([0.25]);
  });

  for (const name of ['views, zip', 'views, stream']) {
    it(`are refused when they are cut anywhere: ${name}`, () => {
      const bytes = fileOf(name);
      for (let length = 16; length < bytes.length; length++) {
        expect(() => read(bytes.subarray(0, length)), String(length)).to.throw(
          /^some\.pth is no readable state dict/,
        );
      }
    });

    it(`never give anything but an error or the whole, whichever byte is damaged: ${name}`, () => {
      const bytes = fileOf(name);
      const names = Object.keys(FILES.good[name]!.tensors);
      for (let at = 16; at < bytes.length; at++) {
        let found: ReadonlyMap<string, NamedArray>;
        try {
          found = read(patched(bytes, at, [bytes[at]! ^ 0x41]));
        } catch (error) {
          expect((error as Error).message, String(at)).to.match(/^some\.pth is no readable state dict/);
          continue;
        }
        expect(found.size, String(at)).to.be.at.most(names.length);
      }
    });
  }
});

describe('pickles that want to do something', () => {
  for (const [name, { file, says }] of Object.entries(FILES.evil)) {
    it(`are refused, with what they want and where: ${name}`, () => {
      expect(() => read(Buffer.from(file, 'base64')))
        .to.throw(new RegExp(says))
        .with.property('message')
        .that.matches(/^some\.pth is no readable state dict of PyTorch's: (byte \d+|.*more than one)/);
    });
  }
});

describe('files of PyTorch with lies in them', () => {
  const stream = fileOf('views, stream');
  const zip = fileOf('views, zip');

  it('a tensor larger than its storage, by shape, stride or offset', () => {
    // the first tensor: BININT1 offset, three sizes, TUPLE3, BINPUT, three strides
    const at = find(zip, 'K\x00K\x02K\x03K\x04\x87');
    for (const [offset, value] of [
      [1, 1], // offset 0 → 1
      [3, 3], // size 2 → 3
      [7, 255], // size 4 → 255
      [12, 13], // stride 12 → 13
    ] as const) {
      expect(() => read(patched(zip, at + offset, [value])), `${offset}`).to.throw(
        /does not fit into its storage of 24 numbers/,
      );
    }
  });

  it('one number shown as many: a stride of 0 makes no more values than there are', () => {
    const at = find(zip, 'K\x00K\x02K\x03K\x04\x87');
    const many = patched(patched(zip, at + 3, [200]), at + 12, [0]);
    expect(() => read(many)).to.throw(/does not fit into its storage/);
  });

  it('a storage of another length than it says', () => {
    const at = find(stream, 'cpuq');
    const count = find(stream, 'K\x18N', at); // 24 elements, no view
    expect(() => read(patched(stream, count + 1, [25]))).to.throw(
      /says that it has 24 numbers|two things|ends at byte/,
    );
    const inZip = find(zip, 'K\x18t', find(zip, 'cpuq'));
    expect(() => read(patched(zip, inZip + 1, [23]))).to.throw(/fit into its storage of 23|two things/);
  });

  it('a compressed archive, which could unpack to any size', () => {
    const central = find(zip, 'PK\x01\x02');
    expect(() => read(patched(zip, central + 10, [8]))).to.throw(/is compressed or encrypted/);
    expect(() => read(patched(zip, central + 8, [1]))).to.throw(/is compressed or encrypted/);
  });

  it('archives whose files have two sizes, share bytes, or lie outside', () => {
    const central = find(zip, 'PK\x01\x02');
    expect(() => read(patched(zip, central + 24, [1, 0, 0, 0]))).to.throw(/two sizes/);
    expect(() => read(patched(zip, central + 20, [255, 255, 255, 0, 255, 255, 255, 0]))).to.throw(
      /cut off or damaged/,
    );
    expect(() => read(patched(zip, central + 42, [255, 255, 255, 0]))).to.throw(/cut off or damaged/);
  });

  it('numbers of the other byte order', () => {
    const at = find(zip, 'little');
    expect(() =>
      read(
        patched(
          zip,
          at,
          [...'bigend'].map((c) => c.charCodeAt(0)),
        ),
      ),
    ).to.throw(/not little-endian/);
  });
});
