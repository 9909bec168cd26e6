/** Recorded spans as tables by phase and by operation, and as a Chrome trace. */
import type { Span } from '../src/tensorflow/profile.ts';

export interface PhaseFigures {
  /** The phases around it and its own name. */
  readonly path: readonly string[];
  readonly count: number;
  /** Milliseconds, what is nested in it included. */
  readonly ms: number;
  /** Of those, in operations of TensorFlow and copies to and from it, nested phases included. */
  readonly inOps: number;
}

export interface OpFigures {
  readonly name: string;
  readonly count: number;
  readonly ms: number;
  /** Shapes of first outputs and the time that went there, the most first. */
  readonly shapes: readonly { readonly shape: string; readonly ms: number }[];
}

const PATH = ' › ';

/** Phases in the order in which they first begin, with the times of all their occurrences. */
export function byPhase(spans: readonly Span[]): PhaseFigures[] {
  const begun = spans
    .filter(({ kind }) => kind === 'phase')
    .sort((a, b) => a.start - b.start || b.duration - a.duration);
  const inOps = new Map<string, number>();
  for (const { kind, within, duration } of spans) {
    if (kind === 'phase') continue;
    within.forEach((_, depth) => add(inOps, within.slice(0, depth + 1).join(PATH), duration / 1000));
  }
  return [...grouped(begun, (span) => [...span.within, span.name].join(PATH))].map(([key, group]) => ({
    path: key.split(PATH),
    count: group.length,
    ms: total(group),
    inOps: inOps.get(key) ?? 0,
  }));
}

/** Operations by name, the costliest first. */
export function byOp(spans: readonly Span[]): OpFigures[] {
  const ops = spans.filter(({ kind }) => kind === 'op');
  return [...grouped(ops, ({ name }) => name)]
    .map(([name, group]) => ({
      name,
      count: group.length,
      ms: total(group),
      shapes: [...grouped(group, ({ shape }) => shape?.join('×') ?? '')]
        .map(([shape, some]) => ({ shape: shape === '' ? 'scalar' : shape, ms: total(some) }))
        .sort((a, b) => b.ms - a.ms),
    }))
    .sort((a, b) => b.ms - a.ms);
}

/** Both tables as Markdown, in milliseconds a round. */
export function profileMarkdown(spans: readonly Span[], rounds: number): string {
  const phases = byPhase(spans);
  const whole = phases.filter(({ path }) => path.length === 1).reduce((sum, { ms }) => sum + ms, 0);
  const each = (ms: number): string => (ms / rounds).toFixed(1);
  const share = (ms: number): string => `${((100 * ms) / whole).toFixed(1)} %`;
  const phaseLines = phases.map(({ path, count, ms, inOps }) => {
    const name = `${'– '.repeat(path.length - 1)}${path.at(-1)}`;
    return `| ${name} | ${perRound(count, rounds)} | ${each(ms)} | ${share(ms)} | ${each(inOps)} | ${each(ms - inOps)} |`;
  });
  const opLines = byOp(spans).map(({ name, count, ms, shapes }) => {
    const most = shapes.slice(0, 3).map(({ shape, ms: there }) => `${shape} (${each(there)})`);
    return `| ${name} | ${perRound(count, rounds)} | ${each(ms)} | ${share(ms)} | ${most.join(', ')} |`;
  });
  return [
    ['| phase | times a round | ms a round | share | in operations | outside them |', '| --- | ---: | ---: | ---: | ---: | ---: |', ...phaseLines].join('\n'), // prettier-ignore
    ['| operation | calls a round | ms a round | share | most of it, by output shape (ms a round) |', '| --- | ---: | ---: | ---: | --- |', ...opLines].join('\n'), // prettier-ignore
  ].join('\n\n');
}

/** The spans as complete events of the Trace Event Format, for chrome://tracing and Perfetto. */
export function chromeTrace(spans: readonly Span[]): object {
  const [pid, tid] = [1, 1];
  const events = spans.map(({ kind, name, start, duration, within, shape }) => ({
    name,
    cat: kind,
    ph: 'X',
    ts: start,
    dur: duration,
    pid,
    tid,
    args: { within: within.join(PATH), ...(shape === null ? {} : { shape: shape.join('×') }) },
  }));
  // what begins first comes first, and what holds it before what it holds
  events.sort((a, b) => a.ts - b.ts || b.dur - a.dur);
  const named = { name: 'process_name', ph: 'M', pid, tid, args: { name: 'deepfake-game' } };
  return { traceEvents: [named, ...events], displayTimeUnit: 'ms' };
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [item]);
    else group.push(item);
  }
  return groups;
}

function add(sums: Map<string, number>, key: string, value: number): void {
  sums.set(key, (sums.get(key) ?? 0) + value);
}

function total(spans: readonly Span[]): number {
  return spans.reduce((sum, { duration }) => sum + duration / 1000, 0);
}

function perRound(count: number, rounds: number): string {
  return Number((count / rounds).toFixed(1)).toString();
}
