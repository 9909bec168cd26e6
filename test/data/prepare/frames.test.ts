import { expect } from 'chai';
import fc from 'fast-check';
import { chooseFrames, evenlySpaced, everyNth } from '../../../src/data/prepare/frames.ts';

describe('data/prepare/frames', () => {
  it('takes the middles of equal parts', () => {
    expect(evenlySpaced(4, 8)).to.deep.equal([1, 3, 5, 7]);
    expect(evenlySpaced(3, 10)).to.deep.equal([1, 5, 8]); // 10/6, 5, 50/6
    expect(evenlySpaced(1, 301)).to.deep.equal([150]);
  });

  it('takes all frames of a video that has no more', () => {
    expect(evenlySpaced(32, 3)).to.deep.equal([0, 1, 2]);
    expect(evenlySpaced(3, 3)).to.deep.equal([0, 1, 2]);
    expect(evenlySpaced(5, 0)).to.deep.equal([]);
  });

  it('spaces frames evenly: ascending, inside, steps that differ by one at most, as far from either end', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200 }), fc.integer({ min: 1, max: 100_000 }), (count, total) => {
        const frames = evenlySpaced(count, total);
        expect(frames).to.have.length(Math.min(count, total));
        expect(frames[0]).to.be.at.least(0);
        expect(frames.at(-1)).to.be.below(total);
        const steps = frames.slice(1).map((frame, i) => frame - frames[i]!);
        expect(Math.min(1, ...steps)).to.equal(1); // ascending
        if (steps.length > 0) expect(Math.max(...steps) - Math.min(...steps)).to.be.at.most(1);
        expect(Math.abs(frames[0]! - (total - 1 - frames.at(-1)!))).to.be.at.most(1);
      }),
    );
  });

  it('takes every k-th from the first on, instead of a count', () => {
    expect(everyNth(10, 31)).to.deep.equal([0, 10, 20, 30]);
    expect(everyNth(10, 30)).to.deep.equal([0, 10, 20]);
    expect(chooseFrames({ count: 2, every: 3 })(7)).to.deep.equal([0, 3, 6]);
    expect(chooseFrames({ count: 2, every: null })(7)).to.deep.equal([1, 5]);
  });
});
