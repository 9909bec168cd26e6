import { mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { createNpz } from '../../src/reports/npz.ts';
import { readNpz } from '../support/read-npz.ts';
import { noise } from '../support/tensors.ts';

describe('reports: .npz files, read back by NumPy', function () {
  let folder = '';
  before(() => (folder = mkdtempSync(join(tmpdir(), 'npz-'))));
  after(() => rmSync(folder, { recursive: true, force: true }));

  it('arrays in pieces, integers, texts beyond ASCII, in one file', async () => {
    const file = join(folder, 'all.npz');
    const npz = createNpz(file);
    const values = Float32Array.of(...noise(1, 60), -0, 1e-45, Infinity, NaN);
    const images = npz.array('images', 'float32', [4, 2, 2, 4]);
    for (const [from, to] of [
      [0, 16],
      [16, 17],
      [17, 17],
      [17, 64],
    ] as const) {
      images.append(values.subarray(from, to));
    }
    images.end();
    const labels = npz.array('labels', 'int32', [4]);
    labels.append(Int32Array.of(0, 1, -1, 2 ** 31 - 1));
    labels.end();
    const ids = ['a/b.png', '', 'ü\u{1f600}é', 'ten chars!'];
    npz.texts('ids', ids);
    expect(readdirSync(folder), 'no file by its name before it is whole').not.to.include('all.npz');
    npz.close();
    npz.discard();
    expect(readdirSync(folder)).to.deep.equal(['all.npz']);
    expect(await readNpz(file)).to.deep.equal({
      images: {
        dtype: '<f4',
        shape: [4, 2, 2, 4],
        c: true,
        values: [...new Uint32Array(values.buffer)],
      },
      labels: { dtype: '<i4', shape: [4], c: true, values: [0, 1, -1, 2 ** 31 - 1] },
      ids: { dtype: '<U10', shape: [4], c: true, values: ids },
    });
  });

  it('nothing at all, and no texts', async () => {
    const file = join(folder, 'empty.npz');
    const npz = createNpz(file);
    npz.array('images', 'float32', [0, 8, 8, 3]).end();
    npz.texts('ids', []);
    npz.close();
    expect(await readNpz(file)).to.deep.equal({
      images: { dtype: '<f4', shape: [0, 8, 8, 3], c: true, values: [] },
      ids: { dtype: '<U1', shape: [0], c: true, values: [] },
    });
  });

  it('the same arrays give the same bytes, and data starts at a multiple of 64 within its .npy', () => {
    const write = (name: string): Buffer => {
      const npz = createNpz(join(folder, name));
      const array = npz.array('x', 'float32', [3]);
      array.append(Float32Array.of(1, 2, 3));
      array.end();
      npz.close();
      return readFileSync(join(folder, name));
    };
    const bytes = write('one.npz');
    expect(write('two.npz').equals(bytes)).to.equal(true);
    const start = bytes.indexOf('\x93NUMPY', 'latin1');
    expect(bytes.readUInt16LE(start + 8) % 64).to.equal(54);
    expect(bytes.readFloatLE(start + 10 + bytes.readUInt16LE(start + 8))).to.equal(1);
  });

  it('refuses what would not be the array that it says it is, and leaves nothing behind', () => {
    const file = join(folder, 'refused.npz');
    const before = readdirSync(folder);
    const npz = createNpz(file);
    const array = npz.array('x', 'float32', [2, 3]);
    expect(() => array.append(new Int32Array(3))).to.throw('array x of shape [2, 3] wants float32 values');
    expect(() => array.append(new Float32Array(7))).to.throw('array x of shape [2, 3] gets too many values');
    array.append(new Float32Array(5));
    expect(() => array.end()).to.throw('array x of shape [2, 3] lacks 1 values');
    expect(() => npz.texts('y', ['a'])).to.throw('x.npy has not ended, so y.npy cannot begin');
    expect(() => npz.close()).to.throw('x.npy has not ended');
    array.append(new Float32Array(1));
    array.end();
    expect(() => npz.array('x', 'int32', [1])).to.throw('x.npy is written twice');
    expect(() => npz.array('ü', 'int32', [1])).to.throw("'ü.npy' is no name of an entry: use ASCII");
    expect(() => npz.texts('ids', ['a', 'b\0'])).to.throw('text 1 of array ids has a NUL character');
    npz.discard();
    expect(readdirSync(folder)).to.deep.equal(before);
  });

  it('a folder that is not there names itself', () => {
    expect(() => createNpz(join(folder, 'nowhere/x.npz'))).to.throw(/cannot write .*nowhere\/x\.npz/);
    mkdirSync(join(folder, 'taken.npz'));
    const npz = createNpz(join(folder, 'taken.npz'));
    expect(() => npz.close()).to.throw(/cannot write .*taken\.npz/);
  });
});
