import { expect } from 'chai';
import fc from 'fast-check';
import { readPpm } from '../../../src/data/prepare/ppm.ts';
import type { RgbImage } from '../../../src/data/dataset.ts';
import { errorOf } from '../image-files.ts';

/** The bytes in pieces that end at the given places. */
async function* pieces(bytes: Uint8Array, cuts: readonly number[]): AsyncGenerator<Uint8Array> {
  const ends = [...cuts.map((cut) => cut % (bytes.length + 1)), bytes.length].sort((a, b) => a - b);
  let from = 0;
  for (const end of ends) {
    yield Promise.resolve(bytes.subarray(from, end));
    from = end;
  }
}

async function read(bytes: Uint8Array, cuts: readonly number[] = []): Promise<RgbImage[]> {
  const images: RgbImage[] = [];
  for await (const image of readPpm(pieces(bytes, cuts))) images.push(image);
  return images;
}

const ppm = (width: number, height: number, first: number): Uint8Array =>
  Buffer.concat([
    Buffer.from(`P6\n${width} ${height}\n255\n`),
    Uint8Array.from({ length: width * height * 3 }, (_, i) => (first + i) % 256),
  ]);

describe('data/prepare/ppm', () => {
  // pixels of 10, 32 and 50 are line ends, blanks and digits: what a header ends with
  const stream = Buffer.concat([ppm(4, 3, 10), ppm(1, 2, 32), ppm(5, 5, 48)]);

  it('reads frames of any size, however the stream is cut into pieces', async () => {
    const whole = await read(stream);
    expect(whole.map(({ width, height }) => [width, height])).to.deep.equal([
      [4, 3],
      [1, 2],
      [5, 5],
    ]);
    expect([...whole[1]!.data]).to.deep.equal([32, 33, 34, 35, 36, 37]);
    await fc.assert(
      fc.asyncProperty(fc.array(fc.nat(200), { maxLength: 20 }), async (cuts) => {
        expect(await read(stream, cuts)).to.deep.equal(whole);
      }),
    );
  });

  it('refuses what ends within a frame, or is something else', async () => {
    expect((await errorOf(read(stream.subarray(0, -1)))).message).to.contain('ends within');
    expect((await errorOf(read(stream.subarray(0, 5)))).message).to.contain('ends within');
    expect((await errorOf(read(Buffer.alloc(100, 'x')))).message).to.contain('PPM');
    expect(await read(Buffer.alloc(0))).to.deep.equal([]);
  });
});
