import { expect } from 'chai';
import { fastRun, learningMetrics, runScript, workplace, writeDataset } from '../cli/command-line.ts';

describe('a training on packed shards', function () {
  this.timeout(600_000);
  const place = workplace();
  const MANIFEST = ['data=manifest', 'data.path=packed/manifest.parquet', 'data.size=32', 'data.unit=video'];

  it('is that on the files, here with mixed images and a weighed focal loss', async () => {
    await writeDataset(place.path('data'));
    const packed = await runScript('pack', ['data=folder', 'data.path=data', 'out=packed'], place.path());
    expect(packed.code, packed.stderr).to.equal(0);
    const losses = ['criterion=focal', 'criterion.class_balance=0.9', 'mixup=recipe', 'generator=fgsm'];
    const runs = await Promise.all(
      [
        ['files', [] as string[]],
        ['shards', MANIFEST],
      ].map(async ([dir, data]) => {
        const args = fastRun('data', dir as string, ['game.rounds=3', ...losses]).filter(
          (arg) => data!.length === 0 || !arg.startsWith('data'),
        );
        const { code, stderr } = await runScript('train', [...args, ...data!], place.path());
        expect(code, stderr).to.equal(0);
        return learningMetrics(place.path(dir as string));
      }),
    );
    expect(runs[0]!.join('\n')).to.include('loss_clean').and.to.include('val/opponent_gain');
    expect(runs[1]).to.deep.equal(runs[0]);
  });
});
