// npm run bench -- step [--size 128] [--rounds 20] [overrides as for train]: time and memory of a round of the game on random images, as JSON.
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { openConfigFiles } from '../src/config/config-files.ts';
import { disposeGame } from '../src/game/players.ts';
import { play } from '../src/game/play.ts';
import { createRng } from '../src/ops/random.ts';
import { openEngine, openGame } from '../src/prepare.ts';
import { CONFIGS, composeRun, resolveContext } from './compose-run.ts';
import { runScript } from './run-script.ts';

/** Rounds before the clock starts: allocations, thread pools. */
const WARM_UP = 3;

await runScript(async () => {
  const { values, positionals } = parseArgs({
    options: { size: { type: 'string', default: '128' }, rounds: { type: 'string', default: '20' } },
    allowPositionals: true,
  });
  const [what, ...overrides] = positionals;
  if (what !== 'step') {
    throw new Error(
      `npm run bench -- step [--size PIXELS] [--rounds N] [overrides]: there is no benchmark '${what ?? ''}'`,
    );
  }
  const [size, rounds] = [natural('--size', values.size), natural('--rounds', values.rounds)];
  const { config } = await composeRun(
    openConfigFiles(CONFIGS),
    'train',
    overrides,
    resolveContext(new Date(), 0),
  );
  const { device, threads } = config.runtime;
  openEngine(config.runtime);
  const game = await openGame(config, size);
  const n = config.game.batch_size;
  const images = createRng(1, 'bench').uniform([n, size, size, 3]) as tf.Tensor4D;
  const labels = tf.tensor1d(
    Array.from({ length: n }, (_, i) => i % 2),
    'int32',
  );
  const times: number[] = [];
  for (let round = 0; round < WARM_UP + rounds; round++) {
    const start = performance.now();
    play(
      game,
      { images, labels },
      config.game,
      { detector: 1e-3, generator: 1e-3 },
      { rng: game.rng, progress: 1 },
    );
    times.push(performance.now() - start);
  }
  const counted = times.slice(WARM_UP).sort((a, b) => a - b);
  const median = counted[Math.floor(counted.length / 2)]!;
  const result = {
    bench: 'step',
    discriminator: config.discriminator.name,
    parameters: game.detector.trainable.reduce((sum, variable) => sum + variable.size, 0),
    generator: config.generator.name,
    size,
    batch: n,
    rounds,
    ms_per_step: { median: round1(median), min: round1(counted[0]!), max: round1(counted.at(-1)!) },
    images_per_second: round1((n / median) * 1000),
    peak_memory_mb: Math.round(process.resourceUsage().maxRSS / 1024),
    precision: 'float32',
    device,
    threads,
    tensors: tf.memory().numTensors,
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
  tf.dispose([images, labels]);
  disposeGame(game);
  return 0;
});

function natural(flag: string, value: string): number {
  const n = Number(value);
  if (!Number.isInteger(n) || n < 1) {
    throw new Error(`${flag} must be a whole number above 0, not ${value}`);
  }
  return n;
}

function round1(value: number): number {
  return Math.round(value * 10) / 10;
}
