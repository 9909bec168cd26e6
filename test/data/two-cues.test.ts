/** The controlled data set: cues of the strength that was asked for, where they belong, and nowhere else. */
import { expect } from 'chai';
import { cacheFolder } from '../../src/data/cache-folder.ts';
import { FAKE, REAL, type Dataset, type RgbImage, type Sample } from '../../src/data/dataset.ts';
import { createTwoCues, withCues, type TwoCuesSettings } from '../../src/data/two-cues.ts';

const SIZE = 32;
const grey = (level: number): RgbImage => ({
  width: SIZE,
  height: SIZE,
  data: new Uint8Array(SIZE * SIZE * 3).fill(level),
});

describe('the cues of data=two-cues', () => {
  it('a checkerboard of single pixels on a grey image, either way round', () => {
    const { data } = withCues(grey(100), { trace: 10 / 255, shift: 0 });
    expect([...data.subarray(0, 9)]).to.deep.equal([110, 110, 110, 90, 90, 90, 110, 110, 110]);
    expect(data[SIZE * 3]).to.equal(90);
    expect(withCues(grey(100), { trace: -10 / 255, shift: 0 }).data[0]).to.equal(90);
    expect(data.reduce((sum, value) => sum + value, 0) / data.length).to.equal(100);
  });

  it('redder and less blue in the middle of the face, nothing at the corners, green never', () => {
    const { data } = withCues(grey(100), { trace: 0, shift: 20 / 255 });
    const at = (x: number, y: number): number[] => {
      const from = (y * SIZE + x) * 3;
      return [...data.subarray(from, from + 3)];
    };
    expect(at(16, 16)).to.deep.equal([120, 100, 80]);
    expect(at(0, 0)).to.deep.equal([100, 100, 100]);
    // one standard deviation to the side: exp(−1/2) of it
    expect(at(22, 16)[0]).to.be.closeTo(100 + 20 * Math.exp(-0.5), 1.5);
  });

  it('nothing where both are 0, and bytes at the ends', () => {
    expect(withCues(grey(77), { trace: 0, shift: 0 })).to.deep.equal(grey(77));
    expect(Math.max(...withCues(grey(255), { trace: 0.1, shift: 0.1 }).data)).to.equal(255);
  });
});

describe('data=two-cues', function () {
  this.timeout(300_000); // the first run finds the faces
  const settings: TwoCuesSettings = {
    ...{ size: SIZE, trace: 8 / 255, shift: 20 / 255, test_fakes: ['both', 'trace', 'shift'] },
    ...{ variants_train: 1, variants_eval: 1, seed: 1 },
  };
  const open = (more: Partial<TwoCuesSettings> = {}): Promise<Dataset> =>
    createTwoCues({ ...settings, ...more }, { cacheFolder: cacheFolder(), progress: () => {} });
  let data: Dataset;
  before(async () => {
    data = await open();
  });

  /** In the middle of the face: the checkerboard in green, which the shift leaves alone, and how much redder and less blue, in grey levels. */
  async function amplitudes(fake: Sample): Promise<{ readonly board: number; readonly warmth: number }> {
    const real = data.samples(fake.split).find(({ label, pair }) => label === REAL && pair === fake.pair)!;
    const [a, b] = [(await data.read(fake)).data, (await data.read(real)).data];
    let [board, warmth] = [0, 0];
    for (let y = 12; y < 20; y++) {
      for (let x = 12; x < 20; x++) {
        const difference = (c: number): number => a[(y * SIZE + x) * 3 + c]! - b[(y * SIZE + x) * 3 + c]!;
        board += ((x + y) % 2 === 0 ? difference(1) : -difference(1)) / 64;
        warmth += (difference(0) - difference(2)) / 2 / 64;
      }
    }
    return { board, warmth };
  }

  it('has both cues in the fakes of train and val, and in the test each as its name says', async () => {
    for (const split of ['train', 'val', 'test'] as const) {
      const fakes = data.samples(split).filter(({ label }) => label === FAKE);
      const kinds = [...new Set(fakes.map(({ manipulation }) => manipulation))];
      expect(kinds).to.deep.equal(split === 'test' ? ['both', 'trace', 'shift'] : ['both']);
      for (const fake of fakes.slice(0, 15)) {
        const { board, warmth } = await amplitudes(fake);
        // a little is lost where pixels are black or white
        if (fake.manipulation === 'shift') expect(Math.abs(board), fake.id).to.be.below(0.5);
        else expect(Math.abs(board), fake.id).to.be.within(4, 8.01);
        if (fake.manipulation === 'trace') expect(Math.abs(warmth), fake.id).to.be.below(2);
        else expect(warmth, fake.id).to.be.within(7, 20);
      }
    }
  });

  it('has as many fakes of a kind as reals, checkerboards of either sign, and people in one split each', async () => {
    const people = (['train', 'val', 'test'] as const).flatMap((split) => [
      ...new Set(data.samples(split).map(({ videoId }) => videoId)),
    ]);
    expect(new Set(people).size).to.equal(people.length);
    const train = data.samples('train');
    expect(train.filter(({ label }) => label === REAL)).to.have.length(train.length / 2);
    const fakes = train.filter(({ label }) => label === FAKE).slice(0, 30);
    const signs = await Promise.all(fakes.map(async (fake) => Math.sign((await amplitudes(fake)).board)));
    expect(new Set(signs)).to.deep.equal(new Set([-1, 1]));
  });

  it('gives the same again, and refuses a kind that is named twice', async () => {
    const again = await open();
    const sample = data.samples('test').find(({ label }) => label === FAKE)!;
    expect(await again.read(sample)).to.deep.equal(await data.read(sample));
    const failure = await open({ test_fakes: ['shift', 'shift'] }).catch((error: Error) => error.message);
    expect(failure).to.match(/^data\.test_fakes: shift stands there twice/);
  });
});
