import { expect } from 'chai';
import fc from 'fast-check';
import type { Batch, Sample } from '../../src/data/dataset.ts';
import { keepImages, spreadSubset } from '../../src/evaluation/val-subset.ts';

/** So many samples of each label, reals first, as a folder has them. */
function samplesOf(reals: number, fakes: number): readonly Sample[] {
  return Array.from({ length: reals + fakes }, (_, i): Sample => {
    const label = i < reals ? 0 : 1;
    const [id, manipulation] = [`s${i}`, label === 0 ? 'real' : 'swap'];
    return { id, file: `${id}.png`, split: 'val', label, manipulation, videoId: id, pair: id };
  });
}

/** Batches of 2×1 images of three channels whose every value is the sample's number. */
async function* batchesOf(samples: readonly Sample[], size: number): AsyncGenerator<Batch, void> {
  for (let from = 0; from < samples.length; from += size) {
    const rows = samples.slice(from, from + size);
    const images = Float32Array.from(rows.flatMap(({ id }) => Array<number>(6).fill(Number(id.slice(1)))));
    yield await Promise.resolve({ images, shape: [rows.length, 2, 1, 3], samples: rows });
  }
}

async function passAll(batches: AsyncIterable<Batch>): Promise<readonly Batch[]> {
  const passed: Batch[] = [];
  for await (const batch of batches) passed.push(batch);
  return passed;
}

describe('spreadSubset', () => {
  it('takes both classes evenly, though a folder lists all reals before all fakes', () => {
    const chosen = spreadSubset(samplesOf(20, 60), 8).map(({ id }) => id);
    expect(chosen).to.deep.equal(['s2', 's7', 's12', 's17', 's27', 's42', 's57', 's72']);
  });

  it('takes so many as are asked for, each once, half of them real as far as there are any', () => {
    const sizes = fc.nat({ max: 40 });
    fc.assert(
      fc.property(sizes, sizes, sizes, (reals, fakes, count) => {
        const chosen = spreadSubset(samplesOf(reals, fakes), count);
        const real = chosen.filter(({ label }) => label === 0).length;
        expect(chosen.length).to.equal(Math.min(count, reals + fakes));
        expect(new Set(chosen.map(({ id }) => id)).size).to.equal(chosen.length);
        if (Math.min(reals, fakes) >= Math.ceil(count / 2)) expect(real).to.equal(Math.floor(count / 2));
      }),
    );
  });
});

describe('keepImages', () => {
  it('lets batches pass as they are and keeps its images, in its own order', async () => {
    const samples = samplesOf(5, 5);
    const [last, first] = [samples[9]!, samples[0]!];
    const keeper = keepImages([last, first]);
    const passed = await passAll(keeper.passing(batchesOf(samples, 4)));
    expect(passed).to.deep.equal(await passAll(batchesOf(samples, 4)));
    passed.forEach(({ images }) => images.fill(-1)); // what is kept is a copy
    const { images, shape, samples: kept } = keeper.batch();
    expect([...images]).to.deep.equal([9, 9, 9, 9, 9, 9, 0, 0, 0, 0, 0, 0]);
    expect(shape).to.deep.equal([2, 2, 1, 3]);
    expect(kept).to.deep.equal([last, first]);
  });

  it('says which image has not passed', () => {
    expect(() => keepImages(samplesOf(1, 0)).batch()).to.throw('sample s0');
  });

  it('an error of the source reaches the reader, and leaving early closes the source', async () => {
    let closed = false;
    async function* source(): AsyncGenerator<Batch, void> {
      try {
        yield* batchesOf(samplesOf(2, 2), 1);
        throw new Error('cannot be read');
      } finally {
        closed = true;
      }
    }
    for await (const batch of keepImages([]).passing(source())) {
      expect(batch.samples).to.have.length(1);
      break;
    }
    expect(closed).to.equal(true);
    const message = await passAll(keepImages([]).passing(source())).catch((error: Error) => error.message);
    expect(message).to.equal('cannot be read');
  });
});
