import { expect } from 'chai';
import { svgOf } from '../../src/reports/charts.ts';
import { heatMap } from '../../src/reports/heat-map.ts';

describe('a heat map', () => {
  const words = {
    ...{ title: 'AUC', rowTitle: 'trained on', columnTitle: 'tested on', mark: 'framed: seen' },
    ...{ figure: 'AUC', chance: 0.5 },
  };
  const fillsOf = (svg: string): string[] =>
    [...svg.matchAll(/fill="(rgb\([^"]*\))"[^>]*stroke="white"/g)].map(([, colour]) => colour!);
  const cells = [
    { row: 'zeta', column: 'b', value: 1, marked: true },
    { row: 'zeta', column: 'a', value: 0.5, marked: false },
    { row: 'alpha', column: 'b', value: 0, marked: false },
  ];

  it('has each figure, chance in white, and frames what is marked; order is kept', async () => {
    const svg = await svgOf(heatMap(words, cells));
    for (const text of ['>1.000<', '>0.500<', '>0.000<', 'trained on', 'tested on', 'framed: seen']) {
      expect(svg).to.contain(text);
    }
    expect(fillsOf(svg)).to.deep.equal(['rgb(0, 114, 178)', 'rgb(255, 255, 255)', 'rgb(213, 94, 0)']);
    expect(svg.match(/stroke="#222"/g)).to.have.length(1);
    expect(svg.indexOf('zeta')).to.be.below(svg.indexOf('alpha'));
  });

  it('of what has no value of guessing: one hue, from 0 in white', async () => {
    const svg = await svgOf(heatMap({ ...words, figure: 'EER', chance: null }, cells));
    expect(fillsOf(svg)).to.deep.equal(['rgb(0, 114, 178)', 'rgb(128, 185, 217)', 'rgb(255, 255, 255)']);
    expect(svg).to.contain('>EER<');
  });
});
