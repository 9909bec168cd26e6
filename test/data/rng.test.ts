import { expect } from 'chai';
import { rngFor } from '../../src/data/rng.ts';

const first = (...keys: (string | number)[]): number[] => {
  const rng = rngFor(7, ...keys);
  return Array.from({ length: 8 }, () => rng.uniform());
};

describe('data/rng', () => {
  it('gives the same stream for the same name, and others for others', () => {
    expect(first('a', 1)).to.deep.equal(first('a', 1));
    const names: (string | number)[][] = [
      ['a', 1],
      ['a', '1'],
      ['a', 2],
      [1, 'a'],
      ['a1'],
      ['a'],
      [],
      ['b', 1],
    ];
    const streams = names.map((keys) => first(...keys).join());
    expect(new Set(streams).size).to.equal(names.length);
    expect(rngFor(8, 'a', 1).uniform()).to.not.equal(rngFor(7, 'a', 1).uniform());
  });

  it('has the moments of its distributions', () => {
    const rng = rngFor(1, 'moments');
    const n = 40_000;
    const uniforms = Array.from({ length: n }, () => rng.uniform());
    const normals = Array.from({ length: n }, () => rng.normal());
    const mean = (x: number[]): number => x.reduce((a, b) => a + b, 0) / n;
    // five standard errors: sd / sqrt(n) is 0.0014 for a uniform, 0.005 for a normal
    expect(mean(uniforms)).to.be.closeTo(1 / 2, 0.0072);
    expect(mean(uniforms.map((u) => (u - 0.5) ** 2))).to.be.closeTo(1 / 12, 0.002);
    expect(mean(normals)).to.be.closeTo(0, 0.025);
    expect(mean(normals.map((z) => z * z))).to.be.closeTo(1, 0.035);
    expect(mean(normals.map((z) => z ** 4))).to.be.closeTo(3, 0.25);
    expect(Math.max(...uniforms)).to.be.below(1);
    expect(Math.min(...uniforms)).to.be.at.least(0);
  });

  it('is unrelated between neighbouring names', () => {
    const n = 20_000;
    let product = 0;
    for (let i = 0; i < n; i++) {
      product += (rngFor(0, 'x', i).uniform() - 0.5) * (rngFor(0, 'x', i + 1).uniform() - 0.5);
    }
    expect((product / n) * 12).to.be.closeTo(0, 5 / Math.sqrt(n)); // correlation, five standard errors
  });

  it('draws integers evenly and shuffles without loss', () => {
    const rng = rngFor(3);
    const counts = [0, 0, 0, 0, 0];
    for (let i = 0; i < 50_000; i++) counts[rng.integer(5)]!++;
    for (const count of counts) expect(count).to.be.closeTo(10_000, 450);
    const items = Object.freeze([1, 2, 3, 4, 5, 6, 7]);
    const firsts = new Set<number>();
    for (let i = 0; i < 100; i++) {
      const shuffled = rng.shuffle(items);
      firsts.add(shuffled[0]!);
      expect([...shuffled].sort()).to.deep.equal([...items]);
    }
    expect(firsts.size).to.equal(7);
    expect(rng.range(2, 3)).to.be.within(2, 3);
  });

  it('refuses seeds and bounds that would be rounded', () => {
    expect(() => rngFor(0.5)).to.throw('integer');
    expect(() => rngFor(1, NaN)).to.throw('integer');
    expect(() => rngFor(1).integer(0)).to.throw('1 … 2^32');
  });
});
