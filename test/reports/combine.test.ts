import { expect } from 'chai';
import { reportTo } from '../../src/reports/combine.ts';
import type { Reporter } from '../../src/reports/reporter.ts';

function recorder(fails = false): { calls: unknown[][]; reporter: Reporter } {
  const calls: unknown[][] = [];
  const note =
    (name: string) =>
    (...values: unknown[]): void => {
      calls.push([name, ...values]);
      if (fails) throw new Error('disk full');
    };
  return {
    calls,
    reporter: {
      scalar: note('scalar'),
      image: (...values) => Promise.resolve().then(() => note('image')(...values)),
      histogram: note('histogram'),
      text: note('text'),
      prCurve: note('prCurve'),
      hparams: note('hparams'),
      flush: note('flush'),
      close: note('close'),
    },
  };
}

describe('reportTo', () => {
  const picture = { width: 1, height: 1, data: Uint8Array.of(1, 2, 3) };
  const curve = {
    truePositives: [],
    falsePositives: [],
    trueNegatives: [],
    falseNegatives: [],
    precision: [],
    recall: [],
  };

  it('passes everything on to everyone', async () => {
    const [first, second] = [recorder(), recorder()];
    const both = reportTo([first.reporter, second.reporter]);
    both.scalar('a', 1, 2);
    await both.image('b', picture, 3);
    both.histogram('c', Float32Array.of(1), 4);
    both.text('d', 'e', 5);
    both.prCurve('f', curve, 6);
    both.hparams({ g: 1 }, { h: 2 });
    both.flush();
    await both.close();
    expect(first.calls).to.deep.equal([
      ['scalar', 'a', 1, 2],
      ['image', 'b', picture, 3],
      ['histogram', 'c', Float32Array.of(1), 4],
      ['text', 'd', 'e', 5],
      ['prCurve', 'f', curve, 6],
      ['hparams', { g: 1 }, { h: 2 }],
      ['flush'],
      ['close'],
    ]);
    expect(second.calls).to.deep.equal(first.calls);
  });

  it('one that fails hides nothing from the others, nor its error', async () => {
    const [broken, whole] = [recorder(true), recorder()];
    const both = reportTo([broken.reporter, whole.reporter]);
    expect(() => both.scalar('a', 1, 2)).to.throw('disk full');
    const caught: unknown = await Promise.resolve(both.image('b', picture, 3)).catch(
      (error: unknown) => error,
    );
    expect((caught as Error).message).to.equal('disk full');
    expect(whole.calls.map(([name]) => name)).to.deep.equal(['scalar', 'image']);
  });
});
