import { expect } from 'chai';
import { clock, openProgress } from '../../src/reports/progress.ts';

function terminal(isTTY: boolean, columns?: number) {
  const written: string[] = [];
  return {
    written,
    isTTY,
    ...(columns === undefined ? {} : { columns }),
    write: (text: string) => written.push(text),
  };
}

describe('progress', () => {
  let milliseconds = 0;
  const now = () => milliseconds;
  beforeEach(() => (milliseconds = 5000));

  it('prints plain lines every so many seconds where there is no terminal', () => {
    const out = terminal(false);
    const progress = openProgress({ label: 'blur', steps: 300, out, now, everySeconds: 10 });
    for (let step = 1; step <= 300; step++) {
      milliseconds += 250;
      progress.update(step, { loss_d: 0.512, loss_adv: 1 / 3 }, 103);
    }
    progress.close();
    expect(out.written[0]).to.equal(
      'blur  step 1/300  loss_d 0.512  loss_adv 0.333  412 images/s  1:15 left\n',
    );
    expect(out.written[1]).to.equal(
      'blur  step 41/300  loss_d 0.512  loss_adv 0.333  412 images/s  1:05 left\n',
    );
    expect(out.written.at(-1)).to.equal(
      'blur  step 300/300  loss_d 0.512  loss_adv 0.333  412 images/s  0:00 left\n',
    );
    expect(out.written).to.have.length(9); // at 0, 10 … 70 s, and the last
  });

  it('rewrites one line on a terminal and never lets it wrap', () => {
    const out = terminal(true, 30);
    const progress = openProgress({ label: 'none', steps: 3, out, now });
    for (let step = 1; step <= 3; step++) {
      milliseconds += 1000;
      progress.update(step, { loss_d: step }, 16);
      if (step === 2) progress.note('val AUC 0.9');
    }
    progress.close();
    expect(out.written).to.deep.equal([
      '\r\x1b[Knone  step 1/3  loss_d 1.000 ',
      '\r\x1b[Knone  step 2/3  loss_d 2.000 ',
      '\r\x1b[Kval AUC 0.9\nnone  step 2/3  loss_d 2.000 ',
      '\r\x1b[Knone  step 3/3  loss_d 3.000 ',
      '\n',
    ]);
  });

  it('a resumed run knows its own speed', () => {
    const out = terminal(false);
    const progress = openProgress({ label: 'x', steps: 200, out, now });
    milliseconds += 1000;
    progress.update(101, {}, 8);
    expect(out.written).to.deep.equal(['x  step 101/200  8 images/s  1:39 left\n']);
  });

  it('follows a change of speed within half a minute', () => {
    const out = terminal(false);
    const progress = openProgress({ label: 'x', steps: 1000, out, now, everySeconds: 0 });
    for (let step = 1; step <= 100; step++) {
      milliseconds += step <= 50 ? 100 : 1000;
      progress.update(step, {}, 10);
    }
    expect(out.written.at(-1)).to.equal('x  step 100/1000  10 images/s  15:00 left\n');
  });

  it('close shows the last state if it was not shown', () => {
    const out = terminal(false);
    const progress = openProgress({ label: 'x', steps: 9, out, now });
    progress.update(1, {}, 1);
    progress.update(2, {}, 1);
    progress.close();
    expect(out.written).to.deep.equal(['x  step 1/9\n', 'x  step 2/9\n']);
  });

  it('clock', () => {
    expect([0, 70, 3599, 7205, -1].map(clock)).to.deep.equal(['0:00', '1:10', '59:59', '2:00:05', '0:00']);
  });
});
