import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import {
  boundUse,
  checkPerturbed,
  PerturbationError,
  perturbationFigures,
} from '../../src/game/perturbation.ts';
import { read } from '../../src/game/figures.ts';
import type { Bound, Perturbed } from '../../src/generator/generator.ts';
import { onEachEngine } from '../support/engines.ts';
import { expectClose } from '../support/tensors.ts';

onEachEngine('what the game measures of an opponent', () => {
  const clean = (): tf.Tensor4D => tf.fill([2, 2, 2, 3], 0.5);
  /** The clean images with one value of the second image moved by `by`. */
  const moved = (by: number): tf.Tensor4D => {
    const values = new Float32Array(24).fill(0.5);
    values[14] = 0.5 + by;
    return tf.tensor4d(values, [2, 2, 2, 3]);
  };
  const given = (
    images: tf.Tensor4D,
    bounds: Record<string, Bound>,
    maps: Record<string, tf.Tensor4D> = {},
  ): Perturbed => ({
    images,
    maps,
    bounds,
  });
  const rowOf = (job: () => unknown): number => {
    try {
      job();
    } catch (error) {
      expect(error).to.be.instanceOf(PerturbationError);
      return (error as PerturbationError).row;
    }
    return -1;
  };

  it('is each image’s share of each bound: L∞, L2, the largest pixel', () => {
    tf.tidy(() => {
      const images = tf.add(clean(), tf.tensor4d([0, 0.1], [2, 1, 1, 1])) as tf.Tensor4D;
      const share = (norm: Bound['norm'], limit: number): Float32Array =>
        boundUse(clean(), given(images, { pixels: { norm, limit } }))['pixels']!;
      expectClose(share('linf', 0.4), [0, 0.25], { absolute: 1e-6 });
      expectClose(share('l2', 1), [0, 0.1 * Math.sqrt(12)], { absolute: 1e-6 });
      expectClose(share('pixel', 1), [0, 0.1 * Math.sqrt(3)], { absolute: 1e-6 });
      const flow = tf.tensor4d([3, 4, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 2], [2, 2, 2, 2]);
      const used = boundUse(clean(), given(images, { flow: { norm: 'pixel', limit: 10 } }, { flow }));
      expectClose(used['flow']!, [0.5, 0.2], { absolute: 1e-6 });
    });
  });

  it('names the image that left its bound, and lets float32 dust pass', () => {
    tf.tidy(() => {
      const bounds = { pixels: { norm: 'linf', limit: 0.1 } } as const;
      const check = (by: number) => (): unknown => checkPerturbed('fgsm', clean(), given(moved(by), bounds));
      expect(rowOf(check(0.1))).to.equal(-1);
      expect(rowOf(check(0.1001))).to.equal(1);
      expect(check(0.12)).to.throw(
        /the opponent fgsm left its budget: pixels reached 1\.2000 of its linf bound 0\.1/,
      );
      const nothing = { pixels: { norm: 'linf', limit: 0 } } as const;
      expect(rowOf(() => checkPerturbed('none', clean(), given(clean(), nothing)))).to.equal(-1);
      expect(rowOf(() => checkPerturbed('none', clean(), given(moved(1e-5), nothing)))).to.equal(1);
    });
  });

  it('lets the rounding of a change pass under a bound of next to nothing, of pixels or of a map of them', () => {
    tf.tidy(() => {
      const eps = 1e-5;
      const images = tf.add(clean(), eps) as tf.Tensor4D;
      const change = tf.sub(images, clean()) as tf.Tensor4D;
      // in float32 it is not 1e-5 but a little more or less
      expect(Math.abs(change.dataSync()[0]! - eps)).to.be.above(1e-9);
      for (const by of [1.0005, 0.9995]) {
        const bound = { norm: 'linf', limit: eps * by } as const;
        checkPerturbed('fgsm', clean(), given(images, { pixels: bound }));
        checkPerturbed('chain', clean(), given(images, { first_pixels: bound }, { first_pixels: change }));
      }
    });
  });

  it('names the image that left [0, 1] or is NaN, before any bound', () => {
    tf.tidy(() => {
      for (const by of [0.51, -0.51, Number.NaN]) {
        const check = (): unknown => checkPerturbed('pgd', clean(), given(moved(by), {}));
        expect(rowOf(check)).to.equal(1);
        expect(check).to.throw(/pgd gave pixels outside \[0, 1\], or NaN/);
      }
    });
  });

  it('refuses a bound of a map that is not there', () => {
    tf.tidy(() => {
      const broken = given(clean(), { sigma: { norm: 'pixel', limit: 1 } });
      expect(() => boundUse(clean(), broken)).to.throw(/bounds sigma, but gives no such map/);
    });
  });

  it('tells a generator that has collapsed to its bound or to zero', () => {
    tf.tidy(() => {
      const sigma = tf.tensor4d([0, 0, 0, 2, 2, 1, 2, 2], [2, 2, 2, 1]);
      const bounds = { sigma: { norm: 'pixel', limit: 2 } } as const;
      const metrics = read(perturbationFigures('generative', clean(), given(moved(0.24), bounds, { sigma })));
      expectClose(
        ['sigma_at_zero', 'sigma_at_bound', 'sigma_mean', 'budget_sigma', 'perturbation'].map(
          (tag) => metrics[tag]!,
        ),
        [3 / 8, 4 / 8, 9 / 8, 1, 0.01],
        { absolute: 1e-6 },
      );
    });
  });

  it('measures vectors by their length, and takes a bound of nothing for what it is', () => {
    tf.tidy(() => {
      const flow = tf.tensor4d([3, 4, -3, -4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0], [2, 2, 2, 2]);
      const metricsOf = (map: tf.Tensor4D, limit: number) =>
        read(
          perturbationFigures(
            'sat',
            clean(),
            given(clean(), { flow: { norm: 'pixel', limit } }, { flow: map }),
          ),
        );
      expect(metricsOf(flow, 5)['flow_mean']).to.be.closeTo(10 / 8, 1e-6);
      const nothing = metricsOf(tf.zerosLike(flow), 0);
      expect([nothing['flow_at_bound'], nothing['flow_at_zero'], nothing['budget_flow']]).to.deep.equal([
        0, 1, 0,
      ]);
    });
  });
});
