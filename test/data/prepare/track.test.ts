import { expect } from 'chai';
import type { Detected } from '../../../src/data/prepare/detect.ts';
import { followPerson } from '../../../src/data/prepare/track.ts';

const face = (x: number, side = 40, score = 0.9): Detected => ({ box: [x, 50, side, side], score });

describe('data/prepare/track', () => {
  it('takes the largest and surest face of a single frame', () => {
    expect(followPerson([[face(0, 30), face(100, 60), face(200, 20)]])).to.deep.equal([1]);
    expect(followPerson([[face(0, 40, 0.6), face(100, 40, 0.9)]])).to.deep.equal([1]);
    expect(followPerson([[]])).to.deep.equal([null]);
    expect(followPerson([])).to.deep.equal([]);
  });

  it('stays with the person where another is larger or surer for a moment, whatever the order of the faces', () => {
    const frames = [
      [face(0, 60, 0.9), face(200, 45, 0.8)],
      [face(205, 55, 0.99), face(5, 55, 0.6)],
      [face(10, 60, 0.9), face(210, 45, 0.9)],
    ];
    expect(followPerson(frames)).to.deep.equal([0, 1, 0]);
  });

  it('lets faces that pass each other keep their own', () => {
    const frames = [0, 1, 2, 3].map((i) => [face(100 - 10 * i, 50), face(160 + 10 * i, 40)]);
    expect(followPerson(frames)).to.deep.equal([0, 0, 0, 0]);
  });

  it('finds the person again after frames without one, and takes no other for it', () => {
    const frames = [[face(0)], [], [face(10)], [face(300)], [face(20)]];
    expect(followPerson(frames)).to.deep.equal([0, null, 0, null, 0]);
  });

  it('is not deceived by one large false detection', () => {
    const frames = [[face(0)], [face(2), face(200, 60, 0.5)], [face(4)], [face(6)]];
    expect(followPerson(frames)).to.deep.equal([0, 0, 0, 0]);
  });

  it('takes a face of another size at the same place for another', () => {
    expect(followPerson([[face(0, 100)], [face(30, 40)], [face(0, 100)]])).to.deep.equal([0, null, 0]);
  });
});
