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
  type Outcome,
} from './command-line.ts';
import { readTensorBoard } from './read-tensorboard.ts';

const ROUNDS = 24;
/** An opponent without power: a small budget, and what it gains with fakes it gives away with reals. Its random start draws in every round. */
const FEEBLE = [
  'generator=fgsm',
  'generator.eps=0.0005',
  'generator.goal=real',
  'generator.random_start=true',
];

describe('npm run train: monitors', function () {
  this.timeout(300_000); // the first time, TensorBoard is downloaded
  const place = workplace();
  let watched: Outcome;
  let unwatched: Outcome;

  before(async () => {
    await writeDataset(place.path('data'));
    const overrides = (dir: string, probeImages: number): string[] =>
      fastRun('data', dir, [
        ...FEEBLE,
        `game.rounds=${ROUNDS}`,
        'evaluation.every=8',
        'run.picture_every=24',
        `evaluation.probe_images=${probeImages}`,
      ]);
    watched = await runScript('train', overrides('watched', 8), place.path());
    unwatched = await runScript('train', overrides('unwatched', 0), place.path());
    expect([watched.code, unwatched.code], watched.stderr + unwatched.stderr).to.deep.equal([0, 0]);
  });

  const isProbe = (line: string): boolean => /"tag":"val\/(accuracy_|opponent_gain|pgd10_gain)/.test(line);

  it('TensorBoard has the players’ balance, the probe and the alarm', async () => {
    const found = await readTensorBoard(join(place.path('watched'), 'tensorboard'));
    const opponentRounds = Array.from({ length: ROUNDS - 2 }, (_, i) => i + 3);
    for (const tag of ['train/label_leaking', 'train/opponent_gain']) {
      expect(found[tag], tag).to.deep.include({ plugin: 'scalars', steps: opponentRounds });
    }
    const names = ['accuracy_clean', 'accuracy_opponent', 'opponent_gain', 'accuracy_pgd10', 'pgd10_gain'];
    for (const tag of names.flatMap((name) => [`val/${name}`, `val/${name}_auxiliary`])) {
      expect(found[tag], tag).to.deep.include({ plugin: 'scalars', steps: [8, 16, 24] });
    }
    expect(found['alarm/opponent_powerless']).to.deep.include({ plugin: 'text', steps: [22] });
  });

  it('an alarm is told once, with the rounds and the remedy', () => {
    expect(watched.stderr.match(/^alarm, .*/gm)).to.have.length(1);
    expect(watched.stderr).to.match(
      /^alarm, rounds 3 to 22: the opponent has no power\. .* Raise its budget/m,
    );
    expect(unwatched.stderr.match(/^alarm, .*/gm)).to.deep.equal(watched.stderr.match(/^alarm, .*/gm));
  });

  it('looking on changes nothing, bit for bit', () => {
    const contents = (dir: string) =>
      checkpointFiles(place.path(dir)).map((file) => {
        const { tensors, counters } = checkpointContents(
          join(place.path(dir), 'checkpoints', file),
        ) as Record<string, unknown>;
        return { file, tensors, counters };
      });
    expect(contents('watched')).to.deep.equal(contents('unwatched'));
    const logged = learningMetrics(place.path('watched'));
    expect(logged.filter((line) => !isProbe(line))).to.deep.equal(learningMetrics(place.path('unwatched')));
    expect(logged.filter(isProbe)).to.have.length(10 * 3);
  });
});
