import { expect } from 'chai';
import fc from 'fast-check';
import {
  chooseFrames,
  compareKeys,
  evenlySpaced,
  frameKey,
  type Frame,
} from '../../../src/data/corpora/frame-choice.ts';

const clip = (keys: readonly number[]): readonly Frame[] =>
  keys.map((key) => ({ file: `${key}.png`, key: String(key) }));
const range = (count: number): number[] => Array.from({ length: count }, (_, i) => i);
const keysOf = (group: readonly (readonly Frame[])[]): string[][] =>
  group.map((frames) => frames.map(({ key }) => key));

describe('data/corpora/frame-choice', () => {
  it('evenly spaced: the middles of n equal parts, not the first n', () => {
    expect(evenlySpaced(4, 8)).to.deep.equal([1, 3, 5, 7]);
    expect(evenlySpaced(3, 10)).to.deep.equal([1, 5, 8]);
    expect(evenlySpaced(1, 9)).to.deep.equal([4]);
    expect(evenlySpaced(5, 3)).to.deep.equal([0, 1, 2]);
    expect(evenlySpaced(3, 0)).to.deep.equal([]);
    const positions = evenlySpaced(32, 300);
    expect([positions[0], positions[31]]).to.deep.equal([4, 295]);
  });

  it('any n of N: n places, none twice, gaps of N/n rounded, the same from both ends', () => {
    const sizes = fc.integer({ min: 1, max: 400 });
    fc.assert(
      fc.property(sizes, sizes, (n, count) => {
        const at = evenlySpaced(n, count);
        expect(at.length).to.equal(Math.min(n, count));
        const gaps = at.slice(1).map((place, i) => place - (at[i] as number));
        const step = Math.max(1, count / n);
        for (const gap of gaps) expect(gap).to.be.within(Math.floor(step), Math.ceil(step));
        const before = at[0] as number;
        const after = count - 1 - (at.at(-1) as number);
        expect(Math.abs(before - after)).to.be.at.most(1);
      }),
    );
  });

  it('a key is the moment, whatever the extractor called it', () => {
    const table: readonly [string, string, string][] = [
      ['0012.png', '000_003', '12'],
      ['12.jpg', '000_003', '12'],
      ['000_003_0012.png', '000_003', '12'],
      ['000_003-12.png', '000_003', '12'],
      ['000.png', '001', '0'],
      ['000.png', '000', '000'], // the name of the clip alone is a key too
      ['000012_1.png', '000', '012_1'],
      ['frame0012.png', 'id0_0000', 'frame0012'],
      ['id0_0000.png', 'id0_0000', 'id0_0000'],
    ];
    for (const [file, name, key] of table) expect(frameKey(file, name), file).to.equal(key);
    expect(['10', '9', '2_1', '1'].sort(compareKeys)).to.deep.equal(['1', '2_1', '9', '10']);
  });

  it('a real and a shorter fake give the same moments', () => {
    const [real, fake] = keysOf(chooseFrames([clip(range(300)), clip(range(200))], 4)) as [
      string[],
      string[],
    ];
    expect(real).to.deep.equal(['25', '75', '125', '175']);
    expect(fake).to.deep.equal(real);
  });

  it('a clip with fewer than n frames gives all of them and does not shrink the others', () => {
    const group = [clip(range(8)), clip(range(8)), clip([3])];
    expect(keysOf(chooseFrames(group, 4))).to.deep.equal([['1', '3', '5', '7'], ['1', '3', '5', '7'], ['3']]);
  });

  it('with too little in common, each its own, evenly spaced', () => {
    const even = range(20).map((i) => 2 * i);
    const odd = range(20).map((i) => 2 * i + 1);
    expect(keysOf(chooseFrames([clip(even), clip(odd)], 2))).to.deep.equal([
      ['10', '30'],
      ['11', '31'],
    ]);
  });

  it('never more than n, never fewer than a clip can give, in order and from the clip', () => {
    const frames = fc.uniqueArray(fc.integer({ min: 0, max: 60 }), { maxLength: 40 });
    fc.assert(
      fc.property(
        fc.array(frames, { minLength: 1, maxLength: 4 }),
        fc.integer({ min: 1, max: 12 }),
        (clips, n) => {
          const group = clips.map((keys) => clip(keys.toSorted((a, b) => a - b)));
          chooseFrames(group, n).forEach((chosen, i) => {
            const own = group[i] as readonly Frame[];
            expect(chosen.length).to.equal(Math.min(n, own.length));
            expect(own.filter((frame) => chosen.includes(frame))).to.deep.equal(chosen);
          });
        },
      ),
    );
  });
});
