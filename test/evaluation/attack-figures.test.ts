import { expect } from 'chai';
import {
  attackCsv,
  attackFigures,
  attackTable,
  type AttackRow,
} from '../../src/evaluation/attack-figures.ts';
import { tableAsText } from '../../src/reports/tables.ts';

/** An image: its label, and per state its loss and score; changed by `linf` and, rounded, twice that. */
function row(
  id: string,
  label: 0 | 1,
  judged: readonly (readonly [number, number])[],
  linf = 0.01,
): AttackRow {
  const [clean, adversarial, rounded] = judged.map(([loss, score]) => ({ loss, score }));
  const use = { norm: 'linf', limit: 0.02, adversarial: linf / 0.02, rounded: linf / 0.01 };
  return {
    id,
    label,
    judged: { clean: clean!, adversarial: adversarial!, rounded: rounded! },
    change: { adversarial: { linf, l2: 2 * linf }, rounded: { linf: 2 * linf, l2: 4 * linf } },
    bounds: { pixels: use },
  };
}

const ROWS = [
  row('a', 0, [
    [0.5, 0.25],
    [1.5, 0.75],
    [2, 0.5],
  ]),
  row(
    'b',
    0,
    [
      [1, 0.5],
      [2, 0.875],
      [3, 0.125],
    ],
    0.02,
  ),
  row('c', 1, [
    [3, 0.75],
    [0.25, 0.5],
    [1, 0.625],
  ]),
];

describe('evaluation: figures of an attack', () => {
  it('loss, accuracy and AUC of each state, per class and over all', () => {
    const { detector } = attackFigures(ROWS, 0.5);
    expect(detector.clean).to.deep.equal({
      all: { images: 3, loss: 4.5 / 3, accuracy: 2 / 3 },
      real: { images: 2, loss: 0.75, accuracy: 0.5 }, // a score at the threshold counts as fake
      fake: { images: 1, loss: 3, accuracy: 1 },
      auc: 1,
    });
    expect(detector.adversarial).to.deep.equal({
      all: { images: 3, loss: 3.75 / 3, accuracy: 1 / 3 },
      real: { images: 2, loss: 1.75, accuracy: 0 },
      fake: { images: 1, loss: 0.25, accuracy: 1 },
      auc: 0,
    });
    expect([detector.rounded.all.accuracy, detector.rounded.auc]).to.deep.equal([2 / 3, 1]);
  });

  it('changes, and shares of a bound', () => {
    const { change, bounds } = attackFigures(ROWS, 0.5);
    expect(change.adversarial.linf).to.deep.equal({ mean: 0.04 / 3, max: 0.02 });
    expect(change.rounded.l2).to.deep.equal({ mean: 0.16 / 3, max: 0.08 });
    const share = { mean: 2 / 3, max: 1 };
    const twice = { mean: 4 / 3, max: 2 };
    const named = { name: 'pixels', norm: 'linf', limit: 0.02 };
    expect(bounds).to.deep.equal([{ ...named, images: 3, adversarial: share, rounded: twice }]);
  });

  it('an opponent that draws among several has the bounds of each, and a map has none after rounding', () => {
    const sigma = { norm: 'pixel', limit: 1, adversarial: 0.5, rounded: null };
    const { bounds } = attackFigures([ROWS[0]!, { ...ROWS[1]!, bounds: { sigma } }, ROWS[2]!], 0.5);
    expect(bounds.map(({ name, images, rounded }) => [name, images, rounded === null])).to.deep.equal([
      ['pixels', 2, false],
      ['sigma', 1, true],
    ]);
  });

  it('one class alone has no AUC and no figures of the other', () => {
    const { detector } = attackFigures(ROWS.slice(2), 0.5);
    expect(detector.clean).to.deep.include({ auc: null, real: null });
    expect(tableAsText(attackTable(attackFigures(ROWS.slice(2), 0.5)))).to.match(
      /^clean +3\.000 +100\.0 % +- +100\.0 % +- +- +-$/m,
    );
  });

  it('no images are an error, not a figure', () => {
    expect(() => attackFigures([], 0.5)).to.throw('no images were attacked');
  });

  it('a CSV line an image, ids quoted where they must be', () => {
    const csv = attackCsv(
      [
        row(
          'a,"b"',
          1,
          [
            [1, 2],
            [3, 4],
            [5, 6],
          ],
          0.5,
        ),
      ],
      ['png/a.png'],
    );
    expect(csv).to.equal(
      'id,label,png,loss_clean,score_clean,loss_adversarial,score_adversarial,loss_rounded,score_rounded,' +
        'linf_adversarial,l2_adversarial,linf_rounded,l2_rounded\n"a,""b""",1,png/a.png,1,2,3,4,5,6,0.5,1,1,2\n',
    );
  });
});
