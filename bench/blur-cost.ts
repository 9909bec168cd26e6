/**
 * What the blur opponent adds to a round of the game: EfficientNet-B0, 16 images of 224×224, clean + adversarial loss, one attack step.
 *
 *   node --import tsx bench/blur-cost.ts [--rounds 10] [--size 224] [--batch 16] [--k 7]
 *
 * Rounds against FGSM and against the blur alternate on one detector, so that whatever else the machine does meets both; FGSM's own work is next
 * to nothing, so the ratio of the two is the price of the blur: its rings, its images twice, its gradient. Prints one JSON object; `ratio` is the
 * median over the pairs of rounds of blur's time by FGSM's, `cpu_ratio` that of processor time, which other programs disturb less.
 */
import { parseArgs } from 'node:util';
import * as tf from '@tensorflow/tfjs';
import { openConfigFiles } from '../src/config/config-files.ts';
import { createGame, disposeGame } from '../src/game/players.ts';
import { playRound } from '../src/game/round.ts';
import { createRng } from '../src/ops/random.ts';
import { openDetector, openEngine } from '../src/prepare.ts';
import type { RunConfig } from '../src/run-settings.ts';
import { findGenerator } from '../src/variants.ts';
import { CONFIGS, composeRun, resolveContext } from '../scripts/compose-run.ts';
import { runScript } from '../scripts/run-script.ts';

/** Rounds of each before the clock starts: allocations, thread pools. */
const WARM_UP = 2;

await runScript(async () => {
  const { values } = parseArgs({
    options: {
      rounds: { type: 'string', default: '10' },
      size: { type: 'string', default: '224' },
      batch: { type: 'string', default: '16' },
      k: { type: 'string', default: '7' },
    },
  });
  const [rounds, size, batch, k] = [values.rounds, values.size, values.batch, values.k].map(Number) as [
    number,
    number,
    number,
    number,
  ];
  const compose = async (...overrides: string[]): Promise<RunConfig> => {
    const context = resolveContext(new Date(), 0);
    return (await composeRun(openConfigFiles(CONFIGS), 'train', overrides, context)).config;
  };
  const common = [
    'discriminator=efficientnet-b0',
    `game.batch_size=${batch}`,
    'game.objective=clean+adversarial',
  ];
  const configs = {
    fgsm: await compose(...common, 'generator=fgsm'),
    blur: await compose(...common, 'generator=blur', `generator.k=${k}`, 'generator.steps=1'),
  };
  openEngine(configs.blur.runtime);
  const detector = await openDetector(configs.blur, size);
  const opponents = await Promise.all(
    Object.entries(configs).map(async ([name, config]) => {
      const variant = await findGenerator(config.generator);
      return { name, generator: variant.create(config.generator, { imageSize: size, seed: 1 }) };
    }),
  );
  const { game: settings } = configs.blur;
  if (settings.play !== 'alternating') {
    throw new Error(`this is a benchmark of game=alternating, not ${settings.play}`);
  }
  const game = createGame(detector, opponents[0]!.generator, configs.blur);
  const images = createRng(1, 'bench').uniform([batch, size, size, 3]) as tf.Tensor4D;
  const labels = tf.tensor1d(
    Array.from({ length: batch }, (_, i) => i % 2),
    'int32',
  );
  const times: Record<string, number[]> = {};
  const cpuTimes: Record<string, number[]> = {};
  for (let round = 0; round < WARM_UP + rounds; round++) {
    // who goes first alternates too
    for (const { name, generator } of round % 2 === 0 ? opponents : opponents.toReversed()) {
      const start = performance.now();
      const cpuStart = process.cpuUsage();
      playRound(
        { ...game, generator },
        { images, labels },
        settings,
        { detector: 1e-3, generator: 1e-3 },
        { rng: game.rng, progress: 1 },
      );
      if (round >= WARM_UP) {
        const { user, system } = process.cpuUsage(cpuStart);
        (times[name] ??= []).push(performance.now() - start);
        (cpuTimes[name] ??= []).push((user + system) / 1000);
      }
    }
  }
  const ratiosOf = (measured: Readonly<Record<string, readonly number[]>>): number[] =>
    measured['blur']!.map((time, i) => time / measured['fgsm']![i]!);
  const ratios = ratiosOf(times);
  const result = {
    bench: 'blur-cost',
    discriminator: detector.name,
    batch,
    size,
    k,
    rounds,
    ms_fgsm: rounded(median(times['fgsm']!), 0),
    ms_blur: rounded(median(times['blur']!), 0),
    min_fgsm: rounded(Math.min(...times['fgsm']!), 0),
    min_blur: rounded(Math.min(...times['blur']!), 0),
    ratio: rounded(median(ratios), 3),
    cpu_ms_fgsm: rounded(median(cpuTimes['fgsm']!), 0),
    cpu_ratio: rounded(median(ratiosOf(cpuTimes)), 3),
    ratios: ratios.map((ratio) => rounded(ratio, 3)),
    peak_memory_mb: Math.round(process.resourceUsage().maxRSS / 1024),
  };
  process.stdout.write(`${JSON.stringify(result)}\n`);
  tf.dispose([images, labels]);
  opponents[1]!.generator.dispose();
  disposeGame(game);
  return 0;
});

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = Math.floor(sorted.length / 2);
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

function rounded(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}
