/**
 * npm run profile -- [--rounds 5] [--size 128] [--trace FILE] [overrides as for train]: where the time of a round goes, by phase and by operation of
 * TensorFlow, on random images. FILE is a trace for chrome://tracing or ui.perfetto.dev.
 */
import { parseArgs } from 'node:util';
import { composeBench, openStep } from '../bench/our-work.ts';
import { chromeTrace, profileMarkdown } from '../bench/profile-report.ts';
import { phase } from '../src/ops/phase.ts';
import { writeFileAtomic } from '../src/reports/files.ts';
import { recordSpans } from '../src/tensorflow/profile.ts';
import { naturalOf } from './arguments.ts';
import { runScript } from './run-script.ts';

/** Rounds before the recording: allocations, thread pools, first calls. */
const WARM_UP = 3;

await runScript(async () => {
  const { values, positionals: overrides } = parseArgs({
    options: { rounds: { type: 'string' }, size: { type: 'string' }, trace: { type: 'string' } },
    allowPositionals: true,
  });
  const rounds = naturalOf('--rounds', values.rounds) ?? 5;
  // a recorded round is one operation to TensorFlow, and has no phases
  const config = await composeBench(['game.compile=false', ...overrides]);
  const { round, dispose } = await openStep(config, naturalOf('--size', values.size) ?? 128);
  for (let i = 0; i < WARM_UP; i++) round();
  const spans = recordSpans(() => {
    for (let i = 0; i < rounds; i++) phase('round', round);
  });
  if (values.trace !== undefined) writeFileAtomic(values.trace, JSON.stringify(chromeTrace(spans)));
  const { device, threads } = config.runtime;
  process.stdout.write(
    `${rounds} rounds of ${config.game.batch_size} images: ${config.generator.name} against ${config.discriminator.name}, ${device}, ${threads ?? 'all'} threads\n\n${profileMarkdown(spans, rounds)}\n`,
  );
  dispose();
  return 0;
});
