// APGD, FAB and Square against AutoAttack's own on the same weights, images and starts.
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { autoPgd } from '../../src/generator/apgd.ts';
import { nearestAcross } from '../../src/generator/fab.ts';
import type { LabelledImages, Victim } from '../../src/generator/generator.ts';
import { marginOf } from '../../src/generator/goal.ts';
import type { Norm } from '../../src/generator/norm-ball.ts';
import { squareSearch } from '../../src/generator/square.ts';
import { createRng } from '../../src/ops/random.ts';
import { hashed } from '../bench/hashed.ts';
import { onTensorFlow } from '../support/engines.ts';
import { victimBy } from '../support/victims.ts';

interface Fixture {
  readonly rows: number;
  readonly size: number;
  readonly spreads: readonly number[];
  readonly shapes: readonly number[][];
  readonly shift: number;
  readonly labels: number[];
  readonly margins: readonly number[];
  readonly apgd: readonly {
    readonly norm: Norm;
    readonly eps: number;
    readonly steps: number;
    /** By step, the start first; by image. */
    readonly losses: readonly (readonly number[])[];
    readonly best: readonly number[];
  }[];
  readonly fab: readonly {
    readonly norm: Norm;
    readonly steps: number;
    readonly distances: readonly number[];
  }[];
  readonly square: readonly {
    readonly eps: number;
    readonly queries: number;
    readonly rates: readonly number[];
  }[];
}

const FIXTURE = JSON.parse(
  readFileSync(path.resolve(import.meta.dirname, '../fixtures/generator/autoattack.json'), 'utf8'),
) as Fixture;
const { rows: ROWS, size: SIZE } = FIXTURE;
const SHAPE: [number, number, number, number] = [ROWS, SIZE, SIZE, 3];
const COUNT = ROWS * SIZE * SIZE * 3;

function weights(tensor: number): tf.Tensor {
  const shape = FIXTURE.shapes[tensor]!;
  const count = shape.reduce((product, side) => product * side, 1);
  const spread = FIXTURE.spreads[tensor]!;
  return tf.mul(tf.sub(tf.mul(tf.tensor(hashed(tensor, count), shape), 2), 1), spread);
}

/** The fixture's network: conv, stride 2 – tanh – conv – tanh – mean – linear, its border moved by `shift`. */
function network(): Victim {
  const [first, second, last] = [0, 1, 2].map(weights);
  return victimBy((x) => {
    const hidden = tf.tanh(tf.conv2d(x, first as tf.Tensor4D, 2, 'valid'));
    const features = tf.tanh(tf.conv2d(hidden as tf.Tensor4D, second as tf.Tensor4D, 1, 'valid'));
    const logits = tf.matMul(tf.mean(features, [1, 2]) as tf.Tensor2D, last as tf.Tensor2D);
    return tf.sub(logits, tf.tensor2d([[0, FIXTURE.shift]]));
  });
}

function batchOf(): LabelledImages {
  return {
    images: tf.add(tf.mul(tf.tensor4d(hashed(1000, COUNT), SHAPE), 0.8), 0.1),
    labels: tf.tensor1d(FIXTURE.labels, 'int32'),
  };
}

/** The start that the fixture forced on AutoAttack. */
function startOf({ images }: LabelledImages, norm: Norm, eps: number): tf.Tensor4D {
  const noise = tf.sub(tf.mul(tf.tensor4d(hashed(1001, COUNT), SHAPE), 2), 1);
  const lengths = tf.sqrt(tf.sum(tf.square(noise), [1, 2, 3], true));
  return tf.add(images, tf.mul(norm === 'linf' ? noise : tf.div(noise, tf.mul(lengths, 3)), eps));
}

onTensorFlow('AutoAttack', () => {
  it('starts from the same network, both classes there', () => {
    tf.tidy(() => {
      const { images, labels } = batchOf();
      const margins = marginOf(network(), labels)(images).dataSync();
      FIXTURE.margins.forEach((margin, i) => expect(-margins[i]!).to.be.closeTo(margin, 1e-4));
      expect(new Set(FIXTURE.labels).size).to.equal(2);
    });
  });

  for (const { norm, eps, steps, losses, best } of FIXTURE.apgd) {
    it(`APGD in ${norm}, ${steps} steps: the same loss after every step, and at the end`, () => {
      tf.tidy(() => {
        const [batch, victim] = [batchOf(), network()];
        const met: number[][] = [];
        const found = autoPgd(
          (x) => victim.lossOf(x, batch.labels),
          batch.images,
          startOf(batch, norm, eps),
          { norm, eps, steps },
          (value) => met.push([...value.dataSync()]),
        );
        const ends = found.value.dataSync();
        const alike = met.flatMap((values, k) =>
          values.map((value, i) => Math.abs(value - losses[k + 1]![i]!) <= 1e-3),
        );
        // where a gradient is next to nothing its sign is rounding's, and the path goes on from there
        expect(alike.filter(Boolean).length / alike.length).to.be.at.least(0.97);
        best.forEach((loss, i) => expect(ends[i], `image ${i}`).to.be.closeTo(loss, 1e-3));
      });
    });
  }

  for (const { norm, steps, distances } of FIXTURE.fab) {
    it(`FAB in ${norm}: the same distances to the border`, () => {
      tf.tidy(() => {
        const { images, labels } = batchOf();
        const search = { norm, steps, alphaMax: 0.1, eta: 1.05, beta: 0.9 };
        const margin = marginOf(network(), labels);
        const { at, distance } = nearestAcross(margin, images, images, search);
        const found = distance.dataSync();
        distances.forEach((expected, i) => expect(found[i]! / expected, `image ${i}`).to.be.closeTo(1, 0.03));
        expect(
          margin(at)
            .dataSync()
            .every((value) => value > 0),
        ).to.equal(true);
      });
    });
  }

  it('Square: as many images over the border as AutoAttack brings there', () => {
    for (const { eps, queries, rates } of FIXTURE.square.slice(1)) {
      const mean = rates.reduce((a, b) => a + b) / rates.length;
      const share = tf.tidy(() => {
        const { images, labels } = batchOf();
        // every image three times: each has draws of its own
        const [many, classes] = [tf.tile(images, [3, 1, 1, 1]), tf.tile(labels, [3])];
        const margin = marginOf(network(), classes);
        const changed = squareSearch(margin, many, createRng(1, 'square'), { eps, queries, p: 0.8 });
        return tf.mean(tf.cast(tf.greater(margin(changed), 0), 'float32')).dataSync()[0]!;
      });
      expect(share, `eps ${eps}`).to.be.closeTo(mean, 0.1);
    }
  });
});
