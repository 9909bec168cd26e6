import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { comparisonOf } from '../../src/game/comparison.ts';
import type { Bound, Perturbed } from '../../src/generator/generator.ts';
import { comparisonGrid } from '../../src/reports/pictures.ts';
import { onTensorFlow } from '../support/engines.ts';
import { expectNoLeak, noiseTensor } from '../support/tensors.ts';

onTensorFlow('comparisons', () => {
  const HOW = { columns: 2, amplification: 4 };
  const images = (seed: number): tf.Tensor4D => noiseTensor(seed, [3, 4, 5, 3]);
  const map = (channels: number, largest = 1): tf.Tensor4D => noiseTensor(7, [3, 4, 5, channels], 0, largest);
  const pixel = (limit: number): Bound => ({ norm: 'pixel', limit });
  /** Of a batch of three; two are shown. */
  const comparing = (maps: Perturbed['maps'], bounds: Perturbed['bounds'] = {}) =>
    comparisonOf(images(1), { images: images(2), maps, bounds }, HOW);

  it('hold the first images of the batch as they are', () => {
    tf.tidy(() => {
      const { clean, adversarial, maps } = comparing({ sigma: map(1) });
      expect(clean).to.deep.equal({
        shape: [2, 4, 5, 3],
        data: images(1).slice([0], [2]).dataSync<'float32'>(),
      });
      expect(adversarial.data).to.deep.equal(images(2).slice([0], [2]).dataSync<'float32'>());
      expect(maps.map(({ values }) => values)).to.deep.equal([
        { shape: [2, 4, 5, 1], data: map(1).slice([0], [2]).dataSync<'float32'>() },
      ]);
    });
  });

  it('scale a map by its bound, and by what it reaches where a pixel has none or nothing may change', () => {
    tf.tidy(() => {
      const { maps } = comparing(
        { bounded: map(1), free: map(1, 3.5), whole: map(1, 0.1), still: tf.zerosLike(map(2)) },
        { bounded: pixel(1.5), whole: { norm: 'l2', limit: 100 }, still: pixel(0) },
      );
      expect(maps.map(({ name, largest }) => [name, largest])).to.deep.equal([
        ['bounded', 1.5],
        ['free', 4],
        ['whole', 1],
        ['still', 1],
      ]);
    });
  });

  it('know the unit of the maps of a chain’s parts too', () => {
    tf.tidy(() => {
      const named = {
        sigma: map(1),
        first_sigma: map(1),
        second_flow: map(2),
        weight: map(1),
        sigma_x: map(1),
      };
      expect(comparing(named).maps.map(({ name, unit }) => [name, unit])).to.deep.equal([
        ['sigma', 'px'],
        ['first_sigma', 'px'],
        ['second_flow', 'px'],
        ['weight', undefined],
        ['sigma_x', undefined],
      ]);
    });
  });

  it('leave out maps that no colours can show, so that the grid can always be painted', () => {
    tf.tidy(() => {
      const comparison = comparing({ kernel: map(9), four: map(4), residual: map(3) });
      expect(comparison.maps.map(({ name }) => name)).to.deep.equal(['residual']);
      expect(comparisonGrid(comparison).name).to.equal('clean, adversarial, difference ×4, residual ±1');
    });
  });

  it('keep no tensor', () => {
    const [clean, made, sigma] = [images(1), images(2), map(1)];
    expectNoLeak(() => comparisonOf(clean, { images: made, maps: { sigma }, bounds: {} }, HOW));
    tf.dispose([clean, made, sigma]);
  });
});
