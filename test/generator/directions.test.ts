import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { adam, momentum, raw, rms, sign, unitL2, type Direction } from '../../src/generator/directions.ts';
import { onEachEngine } from '../support/engines.ts';
import { expectClose, noise } from '../support/tensors.ts';

const SHAPE: [number, number, number, number] = [2, 2, 3, 1];
const SIZE = 6;

onEachEngine('directions', () => {
  /** What a direction makes of a sequence of gradients, step by step. */
  const follow = (direction: Direction, gradients: readonly Float32Array[]): Float32Array[] =>
    tf.tidy(() => {
      let memories: readonly tf.Tensor[] = Array.from({ length: direction.memories }, () => tf.zeros(SHAPE));
      return gradients.map((gradient, i) => {
        const next = direction.next(tf.tensor4d(gradient, SHAPE), memories, i + 1);
        expect(next.memories.length).to.equal(direction.memories);
        memories = next.memories;
        return next.direction.dataSync<'float32'>();
      });
    });
  const gradients = [1, 2, 3, 4].map((seed) => noise(seed, 2 * SIZE, -1, 1));
  const first = gradients[0]!;
  /** A figure of each image by itself, spread over its values. */
  const perImage = (values: ArrayLike<number>, figure: (image: number[]) => number): number[] =>
    Array.from(values, (_, i) => {
      const from = Math.floor(i / SIZE) * SIZE;
      return figure(Array.from(values).slice(from, from + SIZE));
    });
  const length = (image: number[]): number => Math.hypot(...image);
  const meanMagnitude = (image: number[]): number => image.reduce((sum, v) => sum + Math.abs(v), 0) / SIZE;

  it('raw is the gradient, sign its sign', () => {
    expect([...follow(raw, [first])[0]!]).to.deep.equal([...first]);
    expect([...follow(sign, [first])[0]!]).to.deep.equal(Array.from(first, Math.sign));
  });

  it('unitL2 has length 1 and rms a root mean square of 1, image by image', () => {
    const unit = first.map((v, i) => v / perImage(first, length)[i]!);
    expectClose(follow(unitL2, [first])[0]!, unit, { absolute: 1e-6 });
    expectClose(
      follow(rms, [first])[0]!,
      unit.map((v) => v * Math.sqrt(SIZE)),
      { absolute: 1e-6 },
    );
  });

  it('unitL2 and rms make the same of gradients whose squares leave float32 at either end', () => {
    for (const direction of [unitL2, rms]) {
      const usual = follow(direction, [first])[0]!;
      for (const scale of [1e-32, 1e-26, 1e-22, 1e22, 1e30]) {
        const scaled = first.map((v) => v * scale);
        expectClose(follow(direction, [scaled])[0]!, usual, { absolute: 1e-6 });
      }
    }
  });

  it('an image without a gradient stays where it is', () => {
    const half = first.map((v, i) => (i < SIZE ? 0 : v));
    for (const direction of [raw, sign, unitL2, rms, momentum(0.9, sign), momentum(1, unitL2), adam()]) {
      for (const made of follow(direction, [half, half])) {
        expect([...made.subarray(0, SIZE)]).to.deep.equal(new Array(SIZE).fill(0));
        expect(made.subarray(SIZE).every((v) => Number.isFinite(v) && v !== 0)).to.equal(true);
      }
    }
  });

  it('momentum adds up gradients by their mean magnitude', () => {
    const accumulated = new Array<number>(2 * SIZE).fill(0);
    const expected = gradients.map((gradient) => {
      const scale = perImage(gradient, meanMagnitude);
      gradient.forEach((v, i) => (accumulated[i] = 0.8 * accumulated[i]! + v / scale[i]!));
      return [...accumulated];
    });
    follow(momentum(0.8, raw), gradients).forEach((made, i) =>
      expectClose(made, expected[i]!, { absolute: 1e-5 }),
    );
    follow(momentum(0.8, sign), gradients).forEach((made, i) =>
      expect([...made]).to.deep.equal(expected[i]!.map(Math.sign)),
    );
  });

  it('adam is Kingma and Ba’s step', () => {
    const m = new Array<number>(2 * SIZE).fill(0);
    const v = new Array<number>(2 * SIZE).fill(0);
    const expected = gradients.map((gradient, t) =>
      Array.from(gradient, (g, i) => {
        m[i] = 0.9 * m[i]! + 0.1 * g;
        v[i] = 0.999 * v[i]! + 0.001 * g * g;
        return m[i]! / (1 - 0.9 ** (t + 1)) / (Math.sqrt(v[i]! / (1 - 0.999 ** (t + 1))) + 1e-8);
      }),
    );
    follow(adam(), gradients).forEach((made, i) =>
      expectClose(made, expected[i]!, { absolute: 1e-5, relative: 1e-4 }),
    );
  });
});
