/**
 * Figures of a round while they are still tensors. Every reading waits for all that the engine has to do before it, so a round reads
 * once, at its end; until then it is a function of tensors, variables and fed values alone.
 */
import * as tf from '@tensorflow/tfjs';
import { phase } from '../ops/phase.ts';

/** Scalars of a round, by TensorBoard tag without its `train/`. */
export type RoundMetrics = Readonly<Record<string, number>>;

/** What is to be read, and how it is told once it has been. */
export interface Figures {
  /** By name, of any shape. */
  readonly tensors: Readonly<Record<string, tf.Tensor>>;
  /** Holds no tensor. May throw where the values show that someone broke a rule. */
  readonly tell: (values: Values) => RoundMetrics;
}

/** What was read, by the name of its tensor. */
export type Values = Readonly<Record<string, Float32Array>>;

/** Scalars that are told under their own names. */
export function scalars(tensors: Readonly<Record<string, tf.Tensor>>): Figures {
  const names = Object.keys(tensors);
  return { tensors, tell: (values) => Object.fromEntries(names.map((name) => [name, values[name]![0]!])) };
}

/** Several figures as one; of a tag that two of them tell the later counts, and what each has to say against its values is said in order. */
export function together(parts: readonly Figures[]): Figures {
  const named = parts.map(({ tensors }, i) =>
    Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [`${i}/${name}`, tensor])),
  );
  const names = parts.map(({ tensors }) => Object.keys(tensors));
  const tells = parts.map(({ tell }) => tell);
  return {
    tensors: Object.assign({}, ...named) as Figures['tensors'],
    tell: (values) =>
      Object.assign(
        {},
        ...tells.map((tell, i) =>
          tell(Object.fromEntries(names[i]!.map((name) => [name, values[`${i}/${name}`]!]))),
        ),
      ) as RoundMetrics,
  };
}

/** Figures of equal parts of a batch, told as their means; all of them tell the same tags. */
export function averaged(parts: readonly Figures[]): Figures {
  const apart = together(
    parts.map((part, i) => toldAs(part, (metrics) => renamed(metrics, (tag) => `${i}/${tag}`))),
  );
  return toldAs(apart, (metrics) => {
    const tags = Object.keys(metrics)
      .filter((tag) => tag.startsWith('0/'))
      .map((tag) => tag.slice(2));
    const mean = (tag: string): number =>
      parts.reduce((sum, _, i) => sum + metrics[`${i}/${tag}`]!, 0) / parts.length;
    return Object.fromEntries(tags.map((tag) => [tag, mean(tag)]));
  });
}

function renamed(metrics: RoundMetrics, name: (tag: string) => string): RoundMetrics {
  return Object.fromEntries(Object.entries(metrics).map(([tag, value]) => [name(tag), value]));
}

/** The same figures with what follows from them when they are told. */
export function toldAs({ tensors, tell }: Figures, change: (metrics: RoundMetrics) => RoundMetrics): Figures {
  return { tensors, tell: (values) => change(tell(values)) };
}

/** Waits for the engine, once, and tells the figures. Throws what they have to say against the values. */
export function read({ tensors, tell }: Figures): RoundMetrics {
  return tell(phase('reading', () => valuesOf(tensors)));
}

/** The values of several tensors by one reading. */
export function valuesOf(tensors: Readonly<Record<string, tf.Tensor>>): Values {
  return parted(
    sizesOf(tensors),
    tf.tidy(() => joined(tensors).dataSync<'float32'>()),
  );
}

/** All values one after another, [Σ size], as one reading wants them. */
export function joined(tensors: Readonly<Record<string, tf.Tensor>>): tf.Tensor1D {
  const all = Object.values(tensors);
  return all.length === 0
    ? tf.tensor1d([])
    : tf.tidy(() => tf.concat1d(all.map((tensor) => tensor.flatten())));
}

/** How many values each tensor has. */
export function sizesOf(tensors: Readonly<Record<string, tf.Tensor>>): Readonly<Record<string, number>> {
  return Object.fromEntries(Object.entries(tensors).map(([name, { size }]) => [name, size]));
}

/** What `joined` put together, apart again. */
export function parted(sizes: Readonly<Record<string, number>>, all: Float32Array): Values {
  let from = 0;
  return Object.fromEntries(
    Object.entries(sizes).map(([name, size]) => [name, all.subarray(from, (from += size))]),
  );
}

/** tf.tidy for a result with functions beside its tensors, which tidy looks through but has no type for. */
export function tidied<T extends object>(job: () => T): T {
  return tf.tidy(job as unknown as () => tf.TensorContainer) as unknown as T;
}
