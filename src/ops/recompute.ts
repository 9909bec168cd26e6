/**
 * Gradient checkpointing (Chen et al., "Training Deep Nets with Sublinear Memory Cost", 2016): of a model's activations only a few are kept for
 * the backward pass, which runs the layers between them once more when it comes to them. Same gradients, bit for bit, for about a
 * third more time; batch norm's running statistics move in the first run alone.
 */
import * as tf from '@tensorflow/tfjs';
import { isDropout } from './dropout.ts';
import { gradients } from './gradients.ts';
import type { Pass } from './layers.ts';
import { programOf, runSteps, type Program, type Step } from './run-model.ts';
import { record } from './tape.ts';

/**
 * A model as a function of [N, …] and a pass.
 *
 * @param recompute whether its activations are computed again in the backward pass instead of kept
 * @throws what programOf throws; if a layer draws random numbers of its own, which neither a second run nor a resumed one would draw again
 */
export function modelFunction(
  model: tf.LayersModel,
  recompute: boolean,
): (x: tf.Tensor, pass: Pass) => tf.Tensor {
  const program = programOf(model);
  const random = model.layers.find(
    (layer) => /dropout|noise/i.test(layer.getClassName()) && !isDropout(layer),
  );
  if (random !== undefined) {
    throw new Error(
      `layer ${random.name} of model ${model.name} draws random numbers of its own, also where an opponent looks: take dropoutLayer of src/ops/dropout.ts, which draws from the pass`,
    );
  }
  if (!recompute) return (x, pass) => tf.tidy(() => runSteps(program.steps, program.input, x, pass));
  const segments = segmentsOf(program);
  const [last, ...before] = [...segments].reverse();
  before.reverse();
  return (x, pass) =>
    tf.tidy(() => {
      const y = before.reduce((value, segment) => runSegment(segment, value, pass), x);
      // the backward pass begins with the last, so that keeping its activations costs nothing
      return runSteps(last!.steps, last!.input, y, pass);
    });
}

/** Steps between two values that are kept. */
export interface Segment {
  readonly input: number;
  readonly steps: readonly Step[];
}

/**
 * Cuts a program where a single value is alive, so that the most that a backward pass has at once is as small as cuts can make it: the
 * values kept up to a segment, and all within it. In numbers an image; the last segment's output is kept by nobody.
 */
export function segmentsOf({ input, steps }: Program): Segment[] {
  const cuts = [0, ...cutPoints(input, steps), steps.length];
  const numbers = steps.map(({ shape }) => shape.reduce((a, b) => a * b, 1));
  const sum = [0];
  for (const count of numbers) sum.push(sum.at(-1)! + count);
  const within = (from: number, to: number): number => sum[to]! - sum[from]!;
  let [low, high] = [0, within(0, steps.length)];
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (cheapest(cuts, within, numbers, middle) === null) low = middle;
    else high = middle;
  }
  const ends = cheapest(cuts, within, numbers, high)!;
  return ends.map((to, i) => {
    const from = ends[i - 1] ?? 0;
    return { input: from === 0 ? input : steps[from - 1]!.output, steps: steps.slice(from, to) };
  });
}

/** Positions between steps at which nothing but the last output is still needed. */
function cutPoints(input: number, steps: readonly Step[]): number[] {
  const alive = new Set([input]);
  const points: number[] = [];
  steps.forEach(({ output, frees }, i) => {
    alive.add(output);
    for (const id of frees) alive.delete(id);
    if (alive.size === 1 && i < steps.length - 1) points.push(i + 1);
  });
  return points;
}

/** Ends of the segments that keep the least and never have more than `limit` at once; null if none stay within it. */
function cheapest(
  cuts: readonly number[],
  within: (from: number, to: number) => number,
  numbers: readonly number[],
  limit: number,
): number[] | null {
  const best: ({ readonly kept: number; readonly ends: readonly number[] } | null)[] = [
    { kept: 0, ends: [] },
  ];
  for (let j = 1; j < cuts.length; j++) {
    best.push(null);
    for (let i = 0; i < j; i++) {
      const before = best[i];
      if (before == null || before.kept + within(cuts[i]!, cuts[j]!) > limit) continue;
      const kept = before.kept + numbers[cuts[j]! - 1]!;
      if (best[j] === null || kept < best[j]!.kept) best[j] = { kept, ends: [...before.ends, cuts[j]!] };
    }
  }
  return best.at(-1) == null ? null : [...best.at(-1)!.ends];
}

function runSegment({ input, steps }: Segment, x: tf.Tensor, pass: Pass): tf.Tensor {
  const layers = [...new Set(steps.map(({ layer }) => layer))];
  const trainable = layers.flatMap((layer) =>
    layer.trainableWeights.map((weight) => weight.read() as tf.Variable),
  );
  // a training pass moves the statistics itself and does not read them
  const read = pass.training
    ? trainable
    : layers.flatMap((layer) => layer.weights.map((weight) => weight.read()));
  const asRead = read.map(({ dataId }) => dataId);
  const variables = Object.fromEntries(trainable.map((variable) => [variable.name, variable as tf.Tensor]));
  return record({
    name: 'Recompute',
    inputs: { x, ...variables },
    forward: () => runSteps(steps, input, x, pass),
    save: [x],
    gradient: (dy, [kept], asked) => {
      if (read.some(({ dataId }, i) => dataId !== asRead[i])) {
        throw new Error(
          'a detector with runtime.recompute=true was changed between its pass and the gradient: take the gradient first, or set runtime.recompute=false',
        );
      }
      const again = { ...pass, trackStatistics: false };
      const xs = asked.map((name) => (name === 'x' ? kept! : variables[name]!));
      const { grads } = gradients(() => runSteps(steps, input, kept!, again), xs, dy);
      return Object.fromEntries(
        asked.flatMap((name, i) => (grads[i] === undefined ? [] : [[name, grads[i]]])),
      );
    },
  });
}
