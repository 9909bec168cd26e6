import { expect } from 'chai';
import { phase, watchPhases } from '../../src/ops/phase.ts';

describe('phase', () => {
  afterEach(() => watchPhases(null));

  it('without a watcher is its job', () => {
    expect(phase('a', () => 3)).to.equal(3);
  });

  it('tells the watcher when phases begin and end, nested ones and those that an error ends', () => {
    const told: string[] = [];
    watchPhases((name) => {
      told.push(`${name} begins`);
      return () => told.push(`${name} ends`);
    });
    const job = (): number => phase('outer', () => phase('inner', () => 1) + 1);
    expect(job()).to.equal(2);
    expect(() => phase('failing', () => { throw new Error('no'); })).to.throw('no'); // prettier-ignore
    watchPhases(null);
    phase('unseen', () => 0);
    expect(told).to.deep.equal([
      ...['outer begins', 'inner begins', 'inner ends', 'outer ends'],
      ...['failing begins', 'failing ends'],
    ]);
  });
});
