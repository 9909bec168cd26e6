import { expect } from 'chai';
import fc from 'fast-check';
import { learningRateAt, type ScheduleSettings } from '../../src/game/schedule.ts';

const ANY = { warmup: 0.3, stages: 4, drop: 0.3 };
const oneCycle = (warmup: number): ScheduleSettings => ({ ...ANY, name: 'one-cycle', warmup });

describe('learning-rate schedule', () => {
  it('constant is the peak at every round', () => {
    for (const step of [0, 7, 99]) {
      expect(learningRateAt({ ...ANY, name: 'constant' }, step, 100)).to.equal(1);
    }
  });

  it('step multiplies by the drop at the start of each stage but the first', () => {
    const step: ScheduleSettings = { ...ANY, name: 'step', stages: 8, drop: 0.1 };
    // 120 epochs, a tenth every 15
    const rates = Array.from({ length: 120 }, (_, epoch) => learningRateAt(step, epoch, 120));
    rates.forEach((rate, epoch) => expect(rate).to.be.closeTo(10 ** -Math.floor(epoch / 15), 1e-15));
    expect(learningRateAt({ ...step, stages: 3 }, 6, 10)).to.equal(0.1);
    expect(learningRateAt({ ...step, stages: 3 }, 7, 10)).to.be.closeTo(0.01, 1e-15);
  });

  it('one-cycle starts at 1/25, peaks after the warm-up and ends at 1/10,000', () => {
    const at = (step: number): number => learningRateAt(oneCycle(0.2), step, 101);
    const climb = 0.2 * 101;
    expect(at(0)).to.be.closeTo(1 / 25, 1e-12);
    expect(at(100)).to.be.closeTo(1e-4, 1e-12);
    // a cosine: at share s of the way, end + (start − end)(1 + cos πs)/2
    const cosine = (from: number, to: number, s: number): number =>
      to + ((from - to) * (1 + Math.cos(Math.PI * s))) / 2;
    expect(at(10)).to.be.closeTo(cosine(0.04, 1, 10 / climb), 1e-12);
    expect(at(60)).to.be.closeTo(cosine(1, 1e-4, (60 - climb) / (100 - climb)), 1e-12);
  });

  it('one-cycle is exactly the peak where a round falls on it, half way up and down half way between', () => {
    expect(learningRateAt(oneCycle(0.5), 50, 100)).to.equal(1);
    expect(learningRateAt(oneCycle(0.5), 25, 100)).to.be.closeTo((1 + 1 / 25) / 2, 1e-12);
  });

  it('one-cycle without a warm-up starts at the peak; one round alone is that', () => {
    expect(learningRateAt(oneCycle(0), 0, 10)).to.equal(1);
    expect(learningRateAt(oneCycle(0), 0, 1)).to.equal(1);
  });

  it('one-cycle rises to its peak and falls from there, within (0, 1], whatever its length', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 0.99, noNaN: true }),
        fc.integer({ min: 1, max: 300 }),
        (warmup, steps) => {
          const rates = Array.from({ length: steps }, (_, step) =>
            learningRateAt(oneCycle(warmup), step, steps),
          );
          expect(rates.every((rate) => rate > 0 && rate <= 1)).to.equal(true);
          rates.slice(1).forEach((rate, i) => {
            if (i + 1 < warmup * steps) expect(rate).to.be.at.least(rates[i]!);
            else if (i >= warmup * steps) expect(rate).to.be.at.most(rates[i]!);
          });
        },
      ),
      { numRuns: 100, seed: 1 },
    );
  });
});
