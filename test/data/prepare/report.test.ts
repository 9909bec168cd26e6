import { expect } from 'chai';
import { coverageReport } from '../../../src/data/prepare/report.ts';
import { clipOf, frameOf, outcomeOf, ROOT } from './outcomes.ts';

describe('data/prepare/report', () => {
  const corpus = {
    name: 'folder',
    root: ROOT,
    clips: [],
    skipped: [{ file: `${ROOT}/notes.txt`, why: 'is no video' }],
  };
  const fakeOf = (id: string) =>
    clipOf(id, { manipulation: 'faceswap', compression: 'c23', source: 'real/1' });
  const outcomes = [
    outcomeOf(fakeOf('fake/1'), [frameOf(0, 'borrowed'), frameOf(5, 'own')], { faces_of: 'digest' }),
    outcomeOf(fakeOf('fake/2'), [frameOf(0, 'own')]),
    outcomeOf(
      clipOf('real/1'),
      [frameOf(0, 'own'), frameOf(5, { why: 'no face' }), frameOf(9, { why: 'no face' })],
      {
        damage: { frames: 2, first: 'cut short' },
      },
    ),
    outcomeOf(clipOf('real/2'), [frameOf(0, { why: 'two faces of one size' })]),
    outcomeOf(clipOf('real/3'), [], { skipped: 'holds no picture' }),
    { clip: clipOf('real/4'), record: null, why: 'cannot be read', kept: false },
    outcomeOf(clipOf('real/5'), []),
  ];

  it('counts clips, frames, faces and boxes, real ones first, by method and quality', () => {
    const { total, groups } = coverageReport(corpus, outcomes);
    const real = {
      ...{ clips: 5, skipped: 4, damaged: 1, frames_wanted: 4, frames_with_face: 1 },
      ...{ crops: 1, boxes_borrowed: 0, boxes_own: 0 },
    };
    const fake = {
      ...{ clips: 2, skipped: 0, damaged: 0, frames_wanted: 3, frames_with_face: 3 },
      ...{ crops: 3, boxes_borrowed: 1, boxes_own: 1 },
    };
    expect(groups).to.deep.equal([
      { manipulation: 'real', compression: null, ...real },
      { manipulation: 'faceswap', compression: 'c23', ...fake },
    ]);
    Object.entries(total).forEach(([name, value]) => {
      expect(value, name).to.equal(real[name as keyof typeof real] + fake[name as keyof typeof fake]);
    });
  });

  it('says why frames and clips gave nothing, and what the decoder complained of', () => {
    const { frames_without_crop, skipped, damaged } = coverageReport(corpus, outcomes);
    expect(frames_without_crop).to.deep.equal({ 'no face': 2, 'two faces of one size': 1 });
    expect(skipped).to.deep.equal([
      { file: 'notes.txt', why: 'is no video' },
      { file: 'real/2.mp4', why: 'two faces of one size' },
      { file: 'real/3.mp4', why: 'holds no picture' },
      { file: 'real/4.mp4', why: 'cannot be read' },
      { file: 'real/5.mp4', why: 'none of the wanted frames is in it' },
    ]);
    expect(damaged).to.deep.equal([{ file: 'real/1.mp4', why: '2 damaged frames: cut short' }]);
  });
});
