// The training loop itself, on files: a detector with dropout that was stopped, and one that was not.
import { expect } from 'chai';
import { cpSync, mkdirSync } from 'node:fs';
import { CONFIGS, composeRun, resolveContext } from '../../scripts/compose-run.ts';
import { openConfigFiles } from '../../src/config/config-files.ts';
import type { RoundMetrics } from '../../src/game/round.ts';
import type { Reporter } from '../../src/reports/reporter.ts';
import { train } from '../../src/train.ts';
import { checkpointContents, fastRun, workplace, writeDataset } from '../cli/command-line.ts';

const nothing = (): void => undefined;
const SILENT: Reporter = {
  scalar: nothing,
  image: nothing,
  histogram: nothing,
  text: nothing,
  prCurve: nothing,
  hparams: nothing,
  flush: nothing,
  close: nothing,
};

describe('a training with dropout', () => {
  const place = workplace();

  /** Trains in a folder for so many rounds; what the rounds that were played told. */
  async function trained(dir: string): Promise<RoundMetrics[]> {
    const given = fastRun(place.path('data'), dir).filter(
      (override) => !override.startsWith('discriminator'),
    );
    const overrides = [
      ...['discriminator=meso-4', 'generator=fgsm', 'runtime.threads=1', 'runtime.loader_threads=1'],
      ...['game.rounds=4', 'game.clean_rounds=1', 'run.checkpoint_every=2', 'run.checkpoints_kept=9'],
      ...['game.batch_size=4', 'evaluation.every=4', 'run.picture_every=4'],
    ];
    const files = openConfigFiles(CONFIGS);
    const { config } = await composeRun(
      files,
      'train',
      [...given, ...overrides],
      resolveContext(new Date(0), 0),
    );
    mkdirSync(dir, { recursive: true });
    const told: RoundMetrics[] = [];
    await train(config, {
      dir,
      reporter: SILENT,
      onRound: ({ metrics }) => told.push(metrics),
      log: nothing,
      progress: nothing,
      stop: new AbortController().signal,
    });
    return told;
  }

  it('goes on from its checkpoint bit for bit', async () => {
    await writeDataset(place.path('data'));
    const at = (run: string, round: number): string =>
      place.path(run, 'checkpoints', `step-000000${round}.safetensors`);
    const whole = await trained(place.path('whole'));
    mkdirSync(place.path('stopped', 'checkpoints'), { recursive: true });
    cpSync(at('whole', 2), at('stopped', 2));
    const resumed = await trained(place.path('stopped'));
    expect(resumed).to.deep.equal(whole.slice(2));
    expect(checkpointContents(at('stopped', 4))).to.deep.equal(checkpointContents(at('whole', 4)));
    // a pass in the clean round, then two a round
    expect((checkpointContents(at('whole', 4)) as { counters: unknown }).counters).to.include({
      dropout_draws: 7,
    });
  });
});
