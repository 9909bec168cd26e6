import { join } from 'node:path';
import { expect } from 'chai';
import {
  checkpointContents,
  checkpointFiles,
  fastRun,
  learningMetrics,
  runScript,
  workplace,
  writeDataset,
} from '../cli/command-line.ts';

describe('same seed, same run, bit for bit', () => {
  const place = workplace();
  const train = async (dir: string, more: readonly string[]): Promise<void> => {
    const overrides = fastRun('data', dir, ['game.rounds=8', ...more]);
    const { code, stderr } = await runScript('train', overrides, place.path());
    expect(code, stderr).to.equal(0);
  };
  const contents = (dir: string): unknown[] =>
    checkpointFiles(place.path(dir)).map((name) =>
      checkpointContents(join(place.path(dir), 'checkpoints', name)),
    );

  before(() => writeDataset(place.path('data')));

  for (const opponent of ['none', 'fgsm', 'blur', 'generative']) {
    it(`generator=${opponent}`, async () => {
      await train(`${opponent}-a`, [`generator=${opponent}`, 'seed=3']);
      await train(`${opponent}-b`, [`generator=${opponent}`, 'seed=3']);
      await train(`${opponent}-c`, [`generator=${opponent}`, 'seed=4']);
      const [a, b, c] = ['a', 'b', 'c'].map((run) => contents(`${opponent}-${run}`));
      expect(a).to.have.length(3); // the best on val and the newest two
      expect(b).to.deep.equal(a);
      expect(learningMetrics(place.path(`${opponent}-b`))).to.deep.equal(
        learningMetrics(place.path(`${opponent}-a`)),
      );
      expect(c).not.to.deep.equal(a);
    });
  }
});
