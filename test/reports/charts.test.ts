import { expect } from 'chai';
import sharp from 'sharp';
import {
  comparisonChart,
  panelChart,
  pngOf,
  rocChart,
  svgOf,
  trainingChart,
} from '../../src/reports/charts.ts';

describe('charts', () => {
  const roc = rocChart('ROC on unseen people', [
    { name: 'none', fpr: [0, 0, 0.5, 1], tpr: [0, 0.5, 0.9, 1], auc: 0.825 },
    { name: 'blur', fpr: [0, 0.2, 1], tpr: [0, 0.9, 1], auc: 0.85 },
  ]);

  it('a ROC chart is an SVG with title, axes and the AUCs', async () => {
    const svg = await svgOf(roc);
    expect(svg).to.match(/^<svg/);
    for (const text of [
      'ROC on unseen people',
      'false alarms',
      'fakes found',
      'none (AUC 0.825)',
      'blur (AUC 0.850)',
    ]) {
      expect(svg).to.contain(text);
    }
    expect(await svgOf(roc)).to.equal(svg);
  });

  it('draws the points where they belong', async () => {
    const svg = await svgOf(rocChart('t', [{ name: 'x', fpr: [0, 0.25, 1], tpr: [0, 0.75, 1], auc: 0.75 }]));
    expect(svg).to.contain('M0,340L85,85L340,0'); // a square of 340 points, y from the top
  });

  it('is the same text when others are drawn beside it', async () => {
    const clipped = {
      ...{ data: { values: [{ x: 0 }, { x: 5 }] }, width: 50, height: 50 },
      mark: { type: 'point', clip: true },
      encoding: { x: { field: 'x', type: 'quantitative' } },
    } as const;
    const alone = await svgOf(clipped);
    expect(alone).to.contain('id="clip1"').and.contain('url(#clip1)');
    for (const beside of await Promise.all([svgOf(clipped), svgOf(clipped), svgOf(clipped)])) {
      expect(beside).to.equal(alone);
    }
  });

  it('panels stand in the order of their points, under their names', async () => {
    const point = (panel: string, series: string, x: number, value: number) => ({
      ...{ panel, series, x },
      figure: { value, interval: { low: value - 0.1, high: value + 0.1 } },
    });
    const points = ['jpeg', 'blur'].flatMap((panel) => [
      point(panel, 'AUC', 0, 0.9),
      point(panel, 'AUC', 5, 0.5),
      point(panel, 'accuracy', 5, 0.4),
    ]);
    const svg = await svgOf(panelChart('Corruptions', { x: 'severity', y: 'share', ownX: false }, points));
    for (const text of ['Corruptions', 'severity', 'share', 'AUC', 'accuracy']) expect(svg).to.contain(text);
    expect(svg.indexOf('>jpeg<')).to.be.within(1, svg.indexOf('>blur<'));
    // 150 points high: .9 and .5 from above
    expect(svg).to.contain('M0,15L200,75');
  });

  it('training and comparison charts name their series', async () => {
    const training = await svgOf(
      trainingChart('Losses', 'loss per image', [
        { series: 'loss_d', step: 0, value: 0.7 },
        { series: 'loss_d', step: 10, value: 0.3 },
        { series: 'loss_adv', step: 10, value: 0.5 },
      ]),
    );
    for (const text of ['Losses', 'loss per image', 'loss_d', 'loss_adv', 'step'])
      expect(training).to.contain(text);
    const comparison = await svgOf(
      comparisonChart('AUC', 'AUC', [
        { group: 'faceswap', method: 'none', figure: { value: 0.8, interval: { low: 0.7, high: 0.9 } } },
        { group: 'faceswap', method: 'blur', figure: { value: 0.82, interval: null } },
      ]),
    );
    for (const text of ['faceswap', 'none', 'blur']) expect(comparison).to.contain(text);
  });

  it('as PNG it has twice the size', async () => {
    const [one, two] = [
      await sharp(await pngOf(roc, 1)).metadata(),
      await sharp(await pngOf(roc, 2)).metadata(),
    ];
    expect(two.width).to.be.closeTo(2 * one.width, 2);
    expect(one.format).to.equal('png');
  });
});
