/** How the time of a step grows with the batch, the image, the blur's window and the attack's steps. */
import { composeBench, openStep } from './our-work.ts';
import { powerLaw, spreadOf } from './statistics.ts';

/** What a step is measured over, and what x is on each axis. */
export const AXES = {
  batch: { title: 'images in a batch', x: (value: number) => value },
  size: { title: 'pixels of an image', x: (side: number) => side ** 2 },
  k: { title: 'taps along the blur window', x: (value: number) => value },
  steps: { title: 'steps of the attack', x: (value: number) => value },
} as const;

export type Axis = keyof typeof AXES;

/** Where a step is measured: one value on each axis. */
export type Place = Readonly<Record<Axis, number>>;

export interface ScalingOptions {
  /** Values on each axis; the first is the one that the other axes are measured at. */
  readonly values: Readonly<Record<Axis, readonly number[]>>;
  readonly rounds: number;
  readonly overrides: readonly string[];
  readonly tell: (line: string) => void;
}

export interface ScalingPoint {
  readonly axis: Axis;
  /** The value on the axis: images, the side in pixels, k, steps. */
  readonly value: number;
  readonly x: number;
  /** Median of a step, milliseconds, and of that an image's share. */
  readonly ms: number;
  readonly ms_per_image: number;
}

export interface ScalingResult {
  readonly bench: 'scaling';
  readonly overrides: readonly string[];
  readonly base: Place;
  readonly rounds: number;
  readonly points: readonly ScalingPoint[];
  /** The time of a whole step ∝ x^exponent; null where an axis has a single place. */
  readonly exponents: Readonly<Record<Axis, number | null>>;
}

const AXIS_NAMES = Object.keys(AXES) as Axis[];
/** Steps that are timed at a place in each round, after one that is not. */
const TIMED = 2;

/**
 * Goes through all places `rounds` times, so that whatever else the machine does meets all of them, and takes the median at each.
 * Blur AT on the detector that the overrides choose.
 */
export async function measureScaling(options: ScalingOptions): Promise<ScalingResult> {
  const { values, rounds, overrides, tell } = options;
  const base = Object.fromEntries(AXIS_NAMES.map((axis) => [axis, values[axis][0]!])) as Place;
  const places = new Map<string, Place>();
  const at = (axis: Axis, value: number): Place => ({ ...base, [axis]: value });
  for (const axis of AXIS_NAMES) {
    for (const value of values[axis]) places.set(keyOf(at(axis, value)), at(axis, value));
  }
  const times = new Map<string, number[]>([...places.keys()].map((key) => [key, []]));
  for (let round = 1; round <= rounds; round++) {
    tell(`round ${round} of ${rounds}, ${places.size} places`);
    for (const [key, place] of places) times.get(key)!.push(...(await timesAt(place, overrides)));
  }
  const points = AXIS_NAMES.flatMap((axis) =>
    values[axis].map((value): ScalingPoint => {
      const ms = spreadOf(times.get(keyOf(at(axis, value)))!).median;
      const { batch } = at(axis, value);
      return { axis, value, x: AXES[axis].x(value), ms, ms_per_image: ms / batch };
    }),
  );
  const exponents = Object.fromEntries(
    AXIS_NAMES.map((axis) => [axis, exponentOf(points.filter((point) => point.axis === axis))]),
  ) as Record<Axis, number | null>;
  return { bench: 'scaling', overrides, base, rounds, points, exponents };
}

async function timesAt({ batch, size, k, steps }: Place, overrides: readonly string[]): Promise<number[]> {
  const place = [
    `game.batch_size=${batch}`,
    'generator=blur',
    `generator.k=${k}`,
    `generator.steps=${steps}`,
  ];
  const work = await openStep(await composeBench([...place, ...overrides]), size);
  const times: number[] = [];
  for (let step = 0; step <= TIMED; step++) {
    const start = performance.now();
    work.round();
    if (step > 0) times.push(performance.now() - start);
  }
  work.dispose();
  return times;
}

function exponentOf(points: readonly ScalingPoint[]): number | null {
  return points.length < 2 ? null : powerLaw(points.map(({ x, ms }) => ({ x, cost: ms }))).exponent;
}

function keyOf(place: Place): string {
  return AXIS_NAMES.map((axis) => place[axis]).join(' ');
}

/** A line for each place, and the exponent of each axis. */
export function scalingMarkdown({ points, exponents, base }: ScalingResult): string {
  const lines = points.map(
    ({ axis, value, ms, ms_per_image }) =>
      `| ${axis} | ${value} | ${ms.toFixed(0)} | ${ms_per_image.toFixed(1)} |`,
  );
  const laws = AXIS_NAMES.flatMap((axis) => {
    const exponent = exponents[axis];
    return exponent === null ? [] : [`| ${AXES[axis].title} | ${exponent.toFixed(2)} |`];
  });
  const where = AXIS_NAMES.map((axis) => `${axis} ${base[axis]}`).join(', ');
  return [
    `Blur AT; where an axis is not named: ${where}.`,
    ['| axis | value | ms a step | ms an image |', '| --- | ---: | ---: | ---: |', ...lines].join('\n'),
    'The time of a step grows as its axis to the power of (1: linear; less: better):',
    ['| axis | exponent |', '| --- | ---: |', ...laws].join('\n'),
  ].join('\n\n');
}
