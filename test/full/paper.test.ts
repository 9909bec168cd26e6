import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import { readRunStatus } from '../../src/reports/run-folder.ts';
import { runScript, workplace } from '../cli/command-line.ts';
import { celebDfTree, dfdcTree, dfdTree, ffppTree, writeFrames } from '../support/corpora.ts';

const EXPERIMENTS = readdirSync('configs/experiment/paper').map((file) => file.replace('.yaml', ''));

describe('experiment=paper/*', function () {
  this.timeout(600_000);
  const place = workplace();
  /** Everything as the recipe has it but for size: of the images, the networks and the run. */
  const small = (experiment: string): string[] => [
    ...[`experiment=paper/${experiment}`, 'debug=smoke', 'data.root=FaceForensics++', 'data.size=32'],
    ...['data.frames=2', 'game.batch_size=4', 'discriminator=efficientnet-b0', `run.dir=${experiment}`],
    ...(experiment === 'generative' ? ['generator.width=4'] : []),
  ];
  before(async () => {
    await writeFrames(place.path('FaceForensics++'), ffppTree({ qualities: ['c23', 'c40'] }), 3);
    await writeFrames(place.path('Celeb-DF-v2'), celebDfTree(), 3);
    await writeFrames(place.path('DFD'), dfdTree(), 3);
    await writeFrames(place.path('DFDC'), dfdcTree(), 3);
  });

  it('without ImageNet’s weights of AdvProp none starts; the message says what to set', async () => {
    const { code, stderr } = await runScript('train', [...small('blur'), 'run.dir=refused'], place.path());
    expect(code).to.equal(1);
    expect(stderr).to.include('set discriminator.weights to a file, or to null for random weights');
  });

  for (const experiment of EXPERIMENTS) {
    it(`${experiment}: trains on FaceForensics++ c23 alone, and is tested on the three other datasets`, async () => {
      const trained = await runScript(
        'train',
        [...small(experiment), 'discriminator.weights=null'],
        place.path(),
      );
      expect(trained.code, trained.stderr).to.equal(0);
      expect(readRunStatus(place.path(experiment))).to.include({ state: 'finished', step: 4 });
      expect(readFileSync(place.path(experiment, 'config.yaml'), 'utf8')).to.match(/weight_decay: 0\.0005/);
      for (const [name, folder] of [
        ['celeb-df', 'Celeb-DF-v2'],
        ['dfd', 'DFD'],
        ['dfdc', 'DFDC'],
      ]) {
        const other = [
          `data=${name}`,
          `data.root=${folder}`,
          ...(name === 'dfdc' ? ['data.val_parts=[1]'] : []),
        ];
        const { code, stdout, stderr } = await runScript(
          'evaluate',
          [experiment, ...other, 'data.frames=2'],
          place.path(),
        );
        expect(code, stderr).to.equal(0);
        expect(stdout).to.include(folder);
      }
    });
  }
});
