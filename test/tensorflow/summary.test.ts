import { expect } from 'chai';
import { mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openTensorFlow } from '../../src/tensorflow/binding.ts';
import { bytesField, doubleField, message, varintField } from '../../src/tensorflow/protobuf.ts';
import { histogramBins, openSummaryWriter } from '../../src/tensorflow/summary.ts';

describe('protobuf', () => {
  it('encodes the examples of the format’s documentation', () => {
    expect([...varintField(1, 150)]).to.deep.equal([0x08, 0x96, 0x01]);
    expect([...bytesField(2, 'testing')]).to.deep.equal([0x12, 0x07, ...Buffer.from('testing')]);
    expect([...bytesField(3, varintField(1, 150))]).to.deep.equal([0x1a, 0x03, 0x08, 0x96, 0x01]);
  });

  it('encodes doubles, large varints and lengths, and joins', () => {
    expect([...doubleField(1, 1)]).to.deep.equal([0x09, 0, 0, 0, 0, 0, 0, 0xf0, 0x3f]);
    expect([...varintField(1, 2 ** 33)]).to.deep.equal([0x08, 0x80, 0x80, 0x80, 0x80, 0x20]);
    expect(bytesField(1, new Uint8Array(300)).slice(0, 3)).to.deep.equal(Uint8Array.of(0x0a, 0xac, 0x02));
    expect(message(varintField(1, 1), varintField(2, 0))).to.deep.equal(Uint8Array.of(8, 1, 16, 0));
    expect(() => varintField(1, -1)).to.throw('not -1');
  });
});

describe('histogramBins', () => {
  it('counts every value once, the largest into the last bin', () => {
    expect([...histogramBins('t', Float32Array.of(0, 1, 1.5, 2, 4), 2)]).to.deep.equal([0, 2, 3, 2, 4, 2]);
  });

  it('one bin for equal values, none for no values, an error for NaN', () => {
    expect([...histogramBins('t', Float32Array.of(3, 3), 30)]).to.deep.equal([2.5, 3.5, 2]);
    expect([...histogramBins('t', new Float32Array(0), 30)]).to.deep.equal([]);
    expect(() => histogramBins('weights', Float32Array.of(1, NaN), 30)).to.throw("'weights': holds NaN");
  });
});

describe('openSummaryWriter', () => {
  const tf = openTensorFlow({ device: 'cpu' });
  const { binding } = tf.backend() as unknown as { binding: { getNumOfTensors(): number } };
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'summary-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('leaks no tensor, neither of tfjs nor of the binding', () => {
    const before = [tf.memory().numTensors, binding.getNumOfTensors()];
    const writer = openSummaryWriter(folder);
    for (let step = 0; step < 5; step++) {
      writer.scalar('a', step, step);
      writer.histogram('b', Float32Array.of(1, 2), step);
      writer.image('c', { width: 1, height: 1, png: Uint8Array.of(0, 255, 128) }, step);
      writer.text('d', 'x', step);
      writer.prCurve('e', [[1], [1], [1], [1], [1], [1]], step);
    }
    writer.hparams({ a: 1 }, ['m']);
    expect(() => writer.scalar('a', 1, 0.5)).to.throw('a step is a whole number');
    writer.flush();
    writer.close();
    expect([tf.memory().numTensors, binding.getNumOfTensors()]).to.deep.equal(before);
  });

  it('flush brings everything into the file; bytes above 127 pass unharmed', () => {
    const writer = openSummaryWriter(folder);
    const png = Uint8Array.from({ length: 256 }, (_, byte) => byte);
    writer.image('c', { width: 1, height: 1, png }, 0);
    writer.flush();
    const [name] = readdirSync(folder);
    expect(readFileSync(join(folder, name!)).includes(Buffer.from(png))).to.equal(true);
    writer.close();
  });

  it('two writers in one folder write two files', () => {
    const [first, second] = [openSummaryWriter(folder), openSummaryWriter(folder)];
    first.scalar('a', 1, 1);
    second.scalar('a', 2, 2);
    first.close();
    second.close();
    expect(readdirSync(folder)).to.have.length(2);
  });

  it('nothing can be written after close', () => {
    const writer = openSummaryWriter(folder);
    writer.close();
    expect(() => writer.scalar('a', 1, 1)).to.throw('closed already');
  });

  it('refuses uneven PR rows', () => {
    const writer = openSummaryWriter(folder);
    expect(() => writer.prCurve('p', [[1], [1]], 0)).to.throw("'p': six");
    writer.close();
  });
});
