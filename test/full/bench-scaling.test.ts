import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import type { ScalingResult } from '../../bench/scaling.ts';
import { powerLaw } from '../../bench/statistics.ts';
import { readJson, runScript, workplace } from '../cli/command-line.ts';

describe('npm run bench -- scaling', function () {
  this.timeout(240_000);
  const place = workplace();

  it('measures each axis around one place, fits exponents and draws them', async () => {
    const [json, svg] = [place.path('scaling.json'), place.path('scaling.svg')];
    const axes = ['--batch=4,2', '--size=16,32', '--k=3,5', '--steps=1'];
    const small = ['discriminator.channels=[4]', 'discriminator.strides=[2]'];
    const args = ['scaling', ...axes, '--rounds=1', '--json', json, '--svg', svg, ...small];
    const { code, stdout, stderr } = await runScript('bench', args, place.path());
    expect(code, stderr).to.equal(0);
    expect(stderr).to.match(/round 1 of 1, 4 places/);

    const { base, points, exponents } = readJson(json) as ScalingResult;
    expect(base).to.deep.equal({ batch: 4, size: 16, k: 3, steps: 1 });
    expect(points.map(({ axis, value, x }) => [axis, value, x])).to.deep.equal([
      ['batch', 4, 4],
      ['batch', 2, 2],
      ['size', 16, 256],
      ['size', 32, 1024],
      ['k', 3, 3],
      ['k', 5, 5],
      ['steps', 1, 1],
    ]);
    // the place that the axes share is measured once
    expect(new Set([0, 2, 4, 6].map((i) => points[i]!.ms)).size).to.equal(1);
    const [, half] = points;
    expect(half!.ms_per_image).to.be.closeTo(half!.ms / 2, 1e-9);
    const sizes = points.filter(({ axis }) => axis === 'size').map(({ x, ms }) => ({ x, cost: ms }));
    expect(exponents.size).to.be.closeTo(powerLaw(sizes).exponent, 1e-12);
    expect(exponents.steps).to.equal(null);
    expect(stdout).to.match(/^\| batch \| 2 \| \d+ \| \d+\.\d \|$/m);
    expect(stdout).to.contain(`| pixels of an image | ${exponents.size!.toFixed(2)} |`);
    const drawn = readFileSync(svg, 'utf8');
    expect(drawn)
      .to.match(/^<svg/)
      .and.to.contain(`step ∝ x^${exponents.size!.toFixed(2)}`);
    expect(drawn).not.to.contain('steps of the attack');
  });

  it('refuses places that are no numbers', async () => {
    const { code, stderr } = await runScript('bench', ['scaling', '--size=16,big'], place.path());
    expect([code, stderr]).to.deep.equal([
      1,
      '--size must be whole numbers above 0 with commas between them, not 16,big\n',
    ]);
  });
});
