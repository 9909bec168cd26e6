/**
 * npm run bench -- [ROW…] [--peer PYTHON] [--rounds N] [--json FILE] [overrides as for train]: our speed and memory, beside PyTorch's if given.
 * npm run bench -- step [--size 128] [--rounds 20] [overrides]: a round of any game, as JSON.
 * npm run bench -- scaling [--batch 16,4,8,32] [--size …] [--k …] [--steps …] [--rounds 3] [--json FILE] [--svg FILE] [overrides]: how it grows.
 * npm run bench -- data [--threads 1,2] [--size 224] [--batch 16] [--batches 8] [--rounds 5] [--json FILE] [overrides]: the loader beside what training consumes.
 * npm run bench -- data --rows 1000000 [--threads 1] [--batches 5000] …: what the loader holds of so many samples, as JSON.
 */
import { parseArgs } from 'node:util';
import { didYouMean } from '../src/config/did-you-mean.ts';
import { svgOf } from '../src/reports/charts.ts';
import { writeFileAtomic } from '../src/reports/files.ts';
import { measureRow, type PeerPrecision, type RowResult } from '../bench/measure-row.ts';
import { loadingMarkdown, measureLoading, measureMemory } from '../bench/loading.ts';
import { machineOf } from '../bench/machine.ts';
import { BATCH, ROWS } from '../bench/rows.ts';
import { measureScaling, scalingMarkdown } from '../bench/scaling.ts';
import { scalingChart } from '../bench/scaling-chart.ts';
import { measureStep } from '../bench/step.ts';
import { markdownOf, sidesOf } from '../bench/table.ts';
import { naturalOf } from './arguments.ts';
import { runScript } from './run-script.ts';

const OPTIONS = {
  peer: { type: 'string' },
  rounds: { type: 'string' },
  batch: { type: 'string' },
  size: { type: 'string' },
  json: { type: 'string' },
  svg: { type: 'string' },
  'peer-precision': { type: 'string' },
  k: { type: 'string' },
  steps: { type: 'string' },
  threads: { type: 'string' },
  batches: { type: 'string' },
  rows: { type: 'string' },
} as const;

/** What each measurement takes; another's flag would have no effect. */
const FLAGS = {
  step: ['rounds', 'size'],
  scaling: ['batch', 'size', 'k', 'steps', 'rounds', 'json', 'svg'],
  data: ['threads', 'size', 'batch', 'batches', 'rounds', 'rows', 'json'],
  rows: ['peer', 'peer-precision', 'rounds', 'batch', 'size', 'json'],
} as const satisfies Readonly<Record<string, readonly (keyof typeof OPTIONS)[]>>;

type Options = Readonly<Partial<Record<keyof typeof OPTIONS, string>>>;

const PRECISIONS = ['faster', 'float32', 'bfloat16'] as const satisfies readonly PeerPrecision[];

await runScript(async () => {
  const { values, positionals } = parseArgs({ options: OPTIONS, allowPositionals: true });
  const overrides = positionals.filter((argument) => /^[+~]|=/.test(argument));
  const names = positionals.filter((argument) => !overrides.includes(argument));
  const [what, ...more] = names;
  const kind = what === 'step' || what === 'scaling' || what === 'data' ? what : 'rows';
  const known: readonly string[] = FLAGS[kind];
  const stray = Object.keys(values).find((flag) => !known.includes(flag));
  if (stray !== undefined) {
    throw new Error(`--${stray} has no effect on ${kind}, which takes --${known.join(', --')}`);
  }
  if (kind !== 'rows' && more.length > 0) {
    throw new Error(`'${more[0]}' has no effect on ${kind}: measure one after the other`);
  }
  if (what === 'step') {
    const [size, rounds] = [
      naturalOf('--size', values.size) ?? 128,
      naturalOf('--rounds', values.rounds) ?? 20,
    ];
    process.stdout.write(`${JSON.stringify(await measureStep({ size, rounds, overrides }))}\n`);
    return 0;
  }
  if (what === 'scaling') {
    await scale(overrides, values);
    return 0;
  }
  if (what === 'data') {
    await load(overrides, values);
    return 0;
  }
  await compare(names, overrides, values);
  return 0;
});

/** Measures how a step grows along each axis, prints the table, and draws it. */
async function scale(overrides: readonly string[], values: Options): Promise<void> {
  const result = await measureScaling({
    values: {
      batch: list(values, 'batch') ?? [16, 4, 8, 32],
      size: list(values, 'size') ?? [128, 64, 96, 192],
      k: list(values, 'k') ?? [3, 5, 7, 9],
      steps: list(values, 'steps') ?? [1, 2, 4, 8],
    },
    rounds: naturalOf('--rounds', values.rounds) ?? 3,
    overrides: ['discriminator=cnn7', ...overrides],
    tell,
  });
  const machine = machineOf();
  if (values.json !== undefined) {
    writeFileAtomic(values.json, `${JSON.stringify({ ...result, machine }, null, 2)}\n`);
  }
  if (values.svg !== undefined) writeFileAtomic(values.svg, await svgOf(scalingChart(result)));
  process.stdout.write(`${scalingMarkdown(result)}\n\n${machine.cpu}, ${machine.cores} cores.\n`);
}

/** Measures the loader: its speed beside a detector's, or with `--rows` its memory. */
async function load(overrides: readonly string[], values: Options): Promise<void> {
  const rows = naturalOf('--rows', values.rows);
  const options = {
    size: naturalOf('--size', values.size) ?? 224,
    batch: naturalOf('--batch', values.batch) ?? BATCH,
    threads: list(values, 'threads') ?? [1, 2],
    rounds: naturalOf('--rounds', values.rounds) ?? 5,
    batches: naturalOf('--batches', values.batches) ?? (rows === undefined ? 8 : 5000),
    overrides,
  };
  const machine = machineOf();
  const result = rows === undefined ? await measureLoading(options) : await measureMemory(rows, options);
  const json = { bench: 'data', machine, ...options, rows, result };
  if (values.json !== undefined) writeFileAtomic(values.json, `${JSON.stringify(json, null, 2)}\n`);
  process.stdout.write(
    'loader' in result
      ? `${loadingMarkdown(result)}\n\n${machine.cpu}, ${machine.cores} cores.\n`
      : `${JSON.stringify(json)}\n`,
  );
}

/** Measures rows one after the other and prints their table; without names, all rows. */
async function compare(
  names: readonly string[],
  overrides: readonly string[],
  values: Options,
): Promise<void> {
  const rows = names.length === 0 ? ROWS : names.map(rowNamed);
  const precision = PRECISIONS.find((each) => each === (values['peer-precision'] ?? 'faster'));
  if (precision === undefined) {
    throw new Error(`--peer-precision is one of ${PRECISIONS.join(', ')}, not ${values['peer-precision']}`);
  }
  const results: RowResult[] = [];
  const machine = machineOf();
  for (const row of rows) {
    tell(`${row.name} …`);
    results.push(
      await measureRow(row, {
        rounds: naturalOf('--rounds', values.rounds) ?? 10,
        batch: naturalOf('--batch', values.batch) ?? BATCH,
        size: naturalOf('--size', values.size),
        peer: values.peer,
        precision,
        overrides,
        tell,
      }),
    );
    // after each row, so that a long measurement that is broken off leaves what it has
    if (values.json !== undefined) {
      writeFileAtomic(values.json, `${JSON.stringify({ bench: 'rows', machine, results }, null, 2)}\n`);
    }
  }
  const sides = `${machine.cpu}, ${machine.cores} cores; ${sidesOf(results)}.`;
  process.stdout.write(`${markdownOf(results, sides)}\n`);
}

function rowNamed(name: string): (typeof ROWS)[number] {
  const row = ROWS.find((each) => each.name === name);
  if (row === undefined) {
    const known = ['step', 'scaling', 'data', ...ROWS.map((each) => each.name)];
    throw new Error(
      `there is no benchmark '${name}'.${didYouMean(name, known)} Known: ${known.join(', ')}; bench/README.md describes them`,
    );
  }
  return row;
}

/** Whole numbers with commas between them, the first being where the other axes are measured. */
function list(values: Options, flag: 'batch' | 'size' | 'k' | 'steps' | 'threads'): number[] | undefined {
  const numbers = values[flag]?.split(',').map(Number);
  if (numbers?.some((n) => !Number.isInteger(n) || n < 1)) {
    throw new Error(`--${flag} must be whole numbers above 0 with commas between them, not ${values[flag]}`);
  }
  return numbers;
}

function tell(line: string): void {
  process.stderr.write(`${line}\n`);
}
