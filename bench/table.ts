/** What was measured as Markdown: times and ratios, memory and processor time. */
import type { RowResult, SideResult } from './measure-row.ts';
import { ROWS, unitOf } from './rows.ts';
import { pairedRatios, spreadOf, type Spread } from './statistics.ts';

/** What a side's rounds were, in the unit of its row: milliseconds, or images in a second. */
export function figuresOf(result: RowResult, side: SideResult): number[] {
  const milliseconds = side.times.map(({ ms }) => ms);
  return unitOfResult(result) === 'ms' ? milliseconds : milliseconds.map((ms) => (result.batch / ms) * 1000);
}

function unitOfResult({ row }: RowResult): 'ms' | 'images/s' {
  return unitOf(ROWS.find(({ name }) => name === row)!);
}

/** ours/theirs over rounds next to one another, in the unit of the row. */
export function ratiosOf(result: RowResult, theirs: SideResult): number[] {
  return pairedRatios(figuresOf(result, result.sides[0]!), figuresOf(result, theirs));
}

/** Two tables, a line for each row; `machine` says above them where they were measured. */
export function markdownOf(results: readonly RowResult[], machine: string): string {
  const peers = results[0]!.sides.slice(1).map(({ name }) => name);
  const times = table(
    ['work', 'unit', 'ours', ...peers.flatMap((peer) => [peer, `ours/${peer}`])],
    results.map((result) => [
      ...headOf(result),
      ...result.sides.flatMap((side, at) => [
        middle(spreadOf(figuresOf(result, side)), digitsOf(result)),
        ...(at === 0 ? [] : [middle(spreadOf(ratiosOf(result, side)), 2)]),
      ]),
    ]),
  );
  const memory = table(
    [
      'work',
      'ours, MB',
      ...peers.flatMap((peer) => [`${peer}, MB`, `ours/${peer}`, `processor time, ours/${peer}`]),
    ],
    results.map((result) => [
      `${result.row}, ${result.size} px`,
      ...result.sides.flatMap((side, at) => [
        side.peak_memory_mb.toFixed(0),
        ...(at === 0 ? [] : [(result.sides[0]!.peak_memory_mb / side.peak_memory_mb).toFixed(2)]),
        ...(at === 0 ? [] : [middle(spreadOf(processorRatios(result, side)), 2)]),
      ]),
    ]),
  );
  const rounds = results[0]!.sides[0]!.times.length;
  return [
    `Medians of ${rounds} rounds (quartiles; smallest to largest), rounds of all sides in turns; ratios are of rounds next to one another.`,
    times,
    'Peak memory of the processes, and ratios of processor time.',
    memory,
    machine,
  ].join('\n\n');
}

/** What the sides were, one line each, by row where rows differ. */
export function sidesOf(results: readonly RowResult[]): string {
  const lines = new Map<string, string[]>();
  for (const { row, sides } of results) {
    for (const { name, about } of sides) {
      const line = `${name}: ${about.framework}, ${about.precision}, ${about.threads} threads`;
      lines.set(line, [...(lines.get(line) ?? []), row]);
    }
  }
  return [...lines]
    .map(([line, rows]) => (rows.length === results.length ? line : `${line} (${rows.join(', ')})`))
    .join('; ');
}

function processorRatios(result: RowResult, side: SideResult): number[] {
  const cpu = (of: SideResult): number[] => of.times.map(({ cpu_ms }) => cpu_ms);
  return pairedRatios(cpu(result.sides[0]!), cpu(side));
}

function headOf(result: RowResult): string[] {
  return [`${result.row}, ${result.batch} images of ${result.size} px`, unitOfResult(result)];
}

function digitsOf(result: RowResult): number {
  return unitOfResult(result) === 'ms' ? 0 : 1;
}

function middle({ min, q1, median, q3, max }: Spread, digits: number): string {
  const [a, b, c, d, e] = [median, q1, q3, min, max].map((value) => value.toFixed(digits)) as [
    string,
    string,
    string,
    string,
    string,
  ];
  return `${a} (${b}–${c}; ${d}–${e})`;
}

function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const rule = head.map((_, column) => (column === 0 ? '---' : '---:'));
  return [line(head), line(rule), ...rows.map(line)].join('\n');
}
