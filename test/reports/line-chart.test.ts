import { expect } from 'chai';
import { svgOf } from '../../src/reports/charts.ts';
import { lineChart, type LinePoint } from '../../src/reports/line-chart.ts';

describe('lines of several series', () => {
  const axes = { x: { title: 'round' }, y: { title: 'loss' }, size: [120, 80] } as const;
  const lineOf = (series: string): LinePoint[] =>
    [1, 2].map((x) => ({ panel: '', series, line: `${series}-s1`, x, y: x / 2 }));
  const strokes = (svg: string): string[] => [
    ...new Set(
      [...svg.matchAll(/stroke="(#[0-9A-Fa-f]{6})" stroke-width="1.6"/g)].map(([, colour]) => colour!),
    ),
  ];

  it('keep their colours where others have no line, and the legend names what is drawn', async () => {
    const series = ['none', 'blur', 'generative'];
    const all = await svgOf(lineChart('all', { ...axes, series }, series.flatMap(lineOf)));
    const some = await svgOf(lineChart('some', { ...axes, series }, ['generative', 'blur'].flatMap(lineOf)));
    const [none, blur, generative] = strokes(all);
    expect(new Set([none, blur, generative]).size).to.equal(3);
    expect(strokes(some)).to.have.members([blur, generative]);
    expect(some).to.contain('>blur<').and.contain('>generative<').and.not.contain('>none<');
    expect(some.indexOf('>blur<')).to.be.below(some.indexOf('>generative<'));
  });

  it('without an order have the colours of their order', async () => {
    const svg = await svgOf(lineChart('some', axes, ['generative', 'blur'].flatMap(lineOf)));
    const other = await svgOf(lineChart('some', axes, ['none'].flatMap(lineOf)));
    expect(strokes(other)).to.deep.equal(strokes(svg).slice(0, 1));
  });
});
