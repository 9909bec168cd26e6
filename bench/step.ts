/** A round of any game, timed in this process. */
import * as tf from '@tensorflow/tfjs';
import { WARM_UP } from './alternate.ts';
import { precisionFor } from '../src/prepare.ts';
import { composeBench, openStep } from './our-work.ts';
import { spreadOf } from './statistics.ts';

export interface StepOptions {
  /** Side of the images in pixels. */
  readonly size: number;
  readonly rounds: number;
  readonly overrides: readonly string[];
}

/** Time and memory of a round on random images, for a line of JSON. */
export async function measureStep({ size, rounds, overrides }: StepOptions): Promise<object> {
  const config = await composeBench(overrides);
  const work = await openStep(config, size);
  const times: number[] = [];
  for (let round = 0; round < WARM_UP + rounds; round++) {
    const start = performance.now();
    work.round();
    if (round >= WARM_UP) times.push(performance.now() - start);
  }
  const { median, min, max } = spreadOf(times);
  const { batch_size: batch } = config.game;
  const result = {
    bench: 'step',
    discriminator: config.discriminator.name,
    parameters: work.parameters,
    generator: config.generator.name,
    size,
    batch,
    rounds,
    ms_per_step: { median: round1(median), min: round1(min), max: round1(max) },
    images_per_second: round1((batch / median) * 1000),
    peak_memory_mb: Math.round(process.resourceUsage().maxRSS / 1024),
    precision: precisionFor(config.runtime).precision,
    device: config.runtime.device,
    threads: config.runtime.threads,
    tensors: tf.memory().numTensors,
  };
  work.dispose();
  return result;
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}
