import { expect } from 'chai';
import { byOp, byPhase, chromeTrace, profileMarkdown } from '../../bench/profile-report.ts';
import type { Span } from '../../src/tensorflow/profile.ts';
import { readJson, runScript, workplace } from '../cli/command-line.ts';

const span = (
  kind: Span['kind'],
  name: string,
  start: number,
  duration: number,
  ...within: string[]
): Span => ({
  kind,
  name,
  start,
  duration,
  within,
  shape: kind === 'op' ? [2, duration / 1000] : null,
});

/** Two rounds of 10 and 20 ms; spans come in the order in which they end. */
const SPANS: readonly Span[] = [
  span('op', 'Mul', 1000, 2000, 'round', 'craft'),
  span('phase', 'craft', 500, 4000, 'round'),
  span('op', 'Add', 5000, 1000, 'round'),
  span('phase', 'round', 0, 10000),
  span('op', 'Mul', 12000, 6000, 'round', 'craft'),
  span('phase', 'craft', 11000, 8000, 'round'),
  span('phase', 'round', 10000, 20000),
];

describe('bench: the profile', () => {
  it('sums phases over rounds, and the operations in each with what it holds', () => {
    expect(byPhase(SPANS)).to.deep.equal([
      { path: ['round'], count: 2, ms: 30, inOps: 9 },
      { path: ['round', 'craft'], count: 2, ms: 12, inOps: 8 },
    ]);
    expect(byOp(SPANS)).to.deep.equal([
      {
        name: 'Mul',
        count: 2,
        ms: 8,
        shapes: [
          { shape: '2×6', ms: 6 },
          { shape: '2×2', ms: 2 },
        ],
      },
      { name: 'Add', count: 1, ms: 1, shapes: [{ shape: '2×1', ms: 1 }] },
    ]);
    const text = profileMarkdown(SPANS, 2);
    expect(text).to.contain('| round | 1 | 15.0 | 100.0 % | 4.5 | 10.5 |');
    expect(text).to.contain('| – craft | 1 | 6.0 | 40.0 % | 4.0 | 2.0 |');
    expect(text).to.contain('| Mul | 1 | 4.0 | 26.7 % | 2×6 (3.0), 2×2 (1.0) |');
    expect(text).to.contain('| Add | 0.5 | 0.5 | 3.3 % | 2×1 (0.5) |');
  });

  it('as a trace: complete events in the order of their beginning, the outer one first', () => {
    const { traceEvents } = chromeTrace(SPANS) as {
      traceEvents: { name: string; ph: string; ts?: number }[];
    };
    expect(traceEvents.map(({ name }) => name)).to.deep.equal([
      'process_name',
      ...['round', 'craft', 'Mul', 'Add'],
      ...['round', 'craft', 'Mul'],
    ]);
    expect(traceEvents[3]).to.deep.equal({
      name: 'Mul',
      cat: 'op',
      ph: 'X',
      ts: 1000,
      dur: 2000,
      pid: 1,
      tid: 1,
      args: { within: 'round › craft', shape: '2×2' },
    });
  });
});

interface Event {
  readonly name: string;
  readonly cat: string;
  readonly ph: string;
  readonly ts: number;
  readonly dur: number;
  readonly args: { readonly within: string };
}

describe('npm run profile', function () {
  this.timeout(120_000);
  const place = workplace();

  it('prints phases and operations of a round, and writes a trace in which everything lies within its phases', async () => {
    const trace = place.path('trace.json');
    const small = ['discriminator.channels=[4,8]', 'discriminator.strides=[2,2]', 'game.batch_size=4'];
    const args = ['--rounds=2', '--size=16', '--trace', trace, 'generator=blur', ...small];
    const { code, stdout, stderr } = await runScript('profile', args, place.path());
    expect(code, stderr).to.equal(0);
    expect(stdout).to.match(/^2 rounds of 4 images: blur against small-cnn, cpu, all threads\n/);
    for (const phase of [
      'round',
      'detector',
      'craft',
      'clean',
      'adversarial',
      'backward',
      'optimiser',
      'figures',
      'reading',
    ]) {
      expect(stdout, phase).to.match(new RegExp(String.raw`^\| (– )*${phase} \| \d+ \| \d+\.\d \| `, 'm'));
    }
    // a round reads its figures once
    expect(stdout).to.match(/^\| from TensorFlow \| 1 \| /m);

    const { traceEvents } = readJson(trace) as { traceEvents: Event[] };
    const events = traceEvents.filter(({ ph }) => ph === 'X');
    const phases = events.filter(({ cat }) => cat === 'phase');
    expect(phases.filter(({ name }) => name === 'round')).to.have.length(2);
    const pathOf = ({ args: { within }, name }: Event): string =>
      within === '' ? name : `${within} › ${name}`;
    for (const {
      args: { within },
      ts,
      dur,
      name,
    } of events.filter((event) => event.args.within !== '')) {
      const around = phases.filter((event) => pathOf(event) === within);
      const holds = around.some((event) => event.ts <= ts + 1e-6 && ts + dur <= event.ts + event.dur + 1e-6);
      expect(holds, `${name} within ${within}`).to.equal(true);
    }
    expect(
      events.filter(({ cat }) => cat === 'op').every(({ args: { within } }) => within.startsWith('round')),
    ).to.equal(true);
  });

  it('names what is wrong', async () => {
    const { code, stderr } = await runScript('profile', ['--rounds=none'], place.path());
    expect([code, stderr]).to.deep.equal([1, '--rounds must be a whole number above 0, not none\n']);
  });
});
