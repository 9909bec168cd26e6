/** The engines that every op must give the same on: TensorFlow with the fast kernels, and TensorFlow.js's plain CPU engine. */
import * as tf from '@tensorflow/tfjs';
import { openTensorFlow } from '../../src/tensorflow/binding.ts';
import { registerFastKernels } from '../../src/tensorflow/kernels.ts';

export type EngineName = 'tensorflow' | 'cpu';

export const ENGINES: readonly EngineName[] = ['tensorflow', 'cpu'];

/** Makes an engine current. */
export async function useEngine(name: EngineName): Promise<void> {
  openTensorFlow({ device: 'cpu' });
  registerFastKernels();
  // the plain engine advises tfjs-node at its first use, except in production
  tf.enableProdMode();
  await tf.setBackend(name);
}

/** Runs a job on an engine and returns to TensorFlow. */
export async function on<T>(engine: EngineName, job: () => T): Promise<T> {
  await useEngine(engine);
  try {
    return job();
  } finally {
    await useEngine('tensorflow');
  }
}

/** Declares the same tests once for each engine. */
export function onEachEngine(title: string, declare: (engine: EngineName) => void): void {
  for (const engine of ENGINES) {
    describe(`${title} on ${engine}`, () => {
      before(() => useEngine(engine));
      after(() => useEngine('tensorflow'));
      declare(engine);
    });
  }
}

/** Declares tests that run on TensorFlow alone. */
export function onTensorFlow(title: string, declare: () => void): void {
  describe(title, () => {
    before(() => useEngine('tensorflow'));
    declare();
  });
}
