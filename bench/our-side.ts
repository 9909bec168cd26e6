/**
 * Our side of the benchmark as a process of its own, told by its standard input when to work (contender.ts):
 *
 *   node --import tsx bench/our-side.ts step|evaluate SIZE [overrides as for train]
 */
import { availableParallelism } from 'node:os';
import { createInterface } from 'node:readline';
import { runScript } from '../scripts/run-script.ts';
import { precisionFor } from '../src/prepare.ts';
import { nodeBackend } from '../src/tensorflow/backend.ts';
import type { About } from './contender.ts';
import { composeBench, openScoring, openStep, type Work } from './our-work.ts';

await runScript(async () => {
  const [kind, size, ...overrides] = process.argv.slice(2);
  const config = await composeBench(overrides);
  const work: Work<void | Promise<void>> = await (kind === 'evaluate' ? openScoring : openStep)(
    config,
    Number(size),
  );
  const about: About = {
    framework: `TensorFlow ${nodeBackend().binding['TF_Version']}, Node ${process.version.slice(1)}`,
    precision: precisionFor(config.runtime).precision,
    threads: config.runtime.threads ?? availableParallelism(),
  };
  say(about);
  const turns = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
  try {
    while ((await turns.next()).done !== true) {
      const start = performance.now();
      const cpu = process.cpuUsage();
      await work.round();
      const { user, system } = process.cpuUsage(cpu);
      say({ ms: performance.now() - start, cpu_ms: (user + system) / 1000 });
    }
  } finally {
    process.stdin.destroy(); // an open input would keep a process alive that has failed
  }
  // before anything more is allocated
  say({ peak_memory_mb: process.resourceUsage().maxRSS / 1024 });
  work.dispose();
  return 0;
});

function say(answer: object): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
