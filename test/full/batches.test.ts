import { readFileSync, rmSync } from 'node:fs';
import { expect } from 'chai';
import {
  checkpointContents,
  checkpointFiles,
  runScript,
  workplace,
  writeDataset,
} from '../cli/command-line.ts';

describe('npm run train: what batches are made of', function () {
  this.timeout(120_000);
  const place = workplace();
  const mixed = (dir: string, ...args: string[]): string[] => [
    ...['data=mix', 'data.datasets.first.path=one', 'data.datasets.second.path=two', 'data.weights.second=3'],
    ...['data.datasets.first.size=32', 'data.datasets.second.size=32'],
    ...['batches.paired=false', 'batches.balance=video', 'batches.frames_per_video=1'],
    ...['augment=strong', 'diff_augment=recipe', 'runtime.loader_threads=2', 'debug=smoke'],
    ...['discriminator.channels=[4,8]', 'discriminator.strides=[2,2]', `run.dir=${dir}`, ...args],
  ];
  before(async () => {
    await writeDataset(place.path('one'));
    await writeDataset(place.path('two'));
  });

  it('two datasets by weight, drawn by video, strongly changed, with DiffAugment: a resumed run ends as a whole one', async () => {
    const whole = await runScript('train', mixed('whole'), place.path());
    expect(whole.code, whole.stderr).to.equal(0);
    const half = await runScript('train', mixed('half', 'run.checkpoints_kept=9'), place.path());
    expect(half.code, half.stderr).to.equal(0);
    // the later checkpoint goes, as if the run had been killed before it
    const [last] = checkpointFiles(place.path('half')).filter((name) => name.includes('0000004'));
    expect(last).not.to.equal(undefined);
    rmSync(place.path('half', 'checkpoints', last!));
    const resumed = await runScript('train', ['--resume', 'half'], place.path());
    expect(resumed.code, resumed.stderr).to.equal(0);
    const final = (dir: string): unknown => checkpointContents(place.path(dir, 'checkpoints', last!));
    expect(final('half')).to.deep.equal(final('whole'));
    expect(readFileSync(place.path('whole', 'config.yaml'), 'utf8')).to.include('second: 3');
  });

  it('mistakes are one message each', async () => {
    for (const [args, message] of [
      [['data.weights.first=0', 'data.weights.second=0'], 'every weight is 0'],
      [['data.datasets.second.size=48'], 'data.datasets.first.size and data.datasets.second.size'],
      [['batches.balance=person'], "'batches.balance'"],
      [['batches.online_fakes=[self-blend]'], 'knows the landmarks of none'],
      [['generator=fgsm', 'game.crafting=shared'], 'with diff_augment or mixup the pass of the clean images'],
    ] as const) {
      const { code, stderr } = await runScript('train', mixed('none', ...args), place.path());
      expect([code, stderr.includes(message)], `${args.join(' ')}: ${stderr}`).to.deep.equal([1, true]);
    }
  });
});
