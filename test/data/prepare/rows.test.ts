import { expect } from 'chai';
import { UNPACKED } from '../../../src/data/manifest/row.ts';
import { manifestRows } from '../../../src/data/prepare/rows.ts';
import { clipOf, frameOf, outcomeOf } from './outcomes.ts';

describe('data/prepare/rows', () => {
  const real = clipOf('real/1', { identities: ['1'] });
  const fake = clipOf('fake/1', { manipulation: 'faceswap', source: 'real/1', identities: ['1', '2'] });

  it('a row for each crop, by clip and frame, with all that is known of it', () => {
    const rows = manifestRows([
      outcomeOf(real, [frameOf(0, 'own'), frameOf(7, { why: 'no face' }), frameOf(14, 'own')]),
      outcomeOf(fake, [frameOf(14, 'borrowed')], { faces_of: 'digest' }),
    ]);
    expect(rows.map(({ video, frame, pair }) => [video, frame, pair])).to.deep.equal([
      ['fake/1', 14, 'real/1#14'],
      ['real/1', 0, 'real/1#0'],
      ['real/1', 14, 'real/1#14'],
    ]);
    expect(rows[0]).to.deep.equal({
      ...{ image: 'images/14.png', label: 1, manipulation: 'faceswap', compression: null },
      ...{
        video: 'fake/1',
        frame: 14,
        face: null,
        pair: 'real/1#14',
        identities: ['1', '2'],
        split: 'train',
      },
      ...{ source_hash: 'hash of fake/1', landmarks: [1, 2], ...UNPACKED },
    });
  });

  it('a still image has no frame number, and its pair is the real image', () => {
    const rows = manifestRows([
      outcomeOf(real, [frameOf(null, 'own')]),
      outcomeOf(fake, [frameOf(null, 'borrowed')]),
    ]);
    expect(rows.map(({ pair }) => pair)).to.deep.equal(['real/1', 'real/1']);
  });

  it('a fake whose real is in another split, or not there, is a pair of its own', () => {
    const elsewhere = { ...fake, split: 'test' as const };
    expect(manifestRows([outcomeOf(real, []), outcomeOf(elsewhere, [frameOf(3, 'own')])])[0]!.pair).to.equal(
      'fake/1#3',
    );
    expect(manifestRows([outcomeOf(fake, [frameOf(3, 'own')])])[0]!.pair).to.equal('fake/1#3');
  });

  it('clips that nothing was recorded of have no rows', () => {
    expect(manifestRows([{ clip: real, record: null, why: 'cannot be read', kept: false }])).to.deep.equal(
      [],
    );
  });
});
