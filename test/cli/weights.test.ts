/** Runs that start from published weights and from a file of Keras's, through the command line. */
import { expect } from 'chai';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { cacheFolder } from '../../src/data/cache-folder.ts';
import { checkpointName, readCheckpoint } from '../../src/game/checkpoint.ts';
import { publishedFile } from '../../src/weights/published.mjs';
import { readWeights } from '../../src/weights/read-weights.ts';
import { kerasCase, tensorsOf, writtenH5 } from '../support/keras-h5.ts';
import { runScript, workplace, writeDataset } from './command-line.ts';

const NAME = 'efficientnet-lite0';

describe('npm run train from published weights', function () {
  this.timeout(120_000);
  const place = workplace();
  const args = (run: string, ...more: string[]): string[] => [
    ...['data=folder', 'data.path=data', 'data.size=32', `run.dir=${run}`, `discriminator=${NAME}`],
    ...['generator=none', 'game.objective=clean', 'game.rounds=1', 'game.batch_size=4', 'game.compile=false'],
    ...['evaluation.resamples=0', 'evaluation.probe_images=0', ...more],
  ];
  before(() => writeDataset(place.path('data')));

  it('says from which file it starts; frozen stages keep its bits, the best checkpoint is the average', async () => {
    const fine = ['optimizer_d.frozen=[stem]', 'optimizer_d.average=0.5', 'optimizer_d.layer_decay=0.9'];
    const { code, stderr } = await runScript('train', args('run', ...fine), place.path());
    expect(code, stderr).to.equal(0);
    const file = publishedFile(cacheFolder(), NAME);
    expect(stderr).to.contain(`the detector starts from ${file} (sha256 `);
    const published = (await readWeights(file, '')).tensors;
    const [last, best] = [checkpointName(1), 'best.safetensors'].map(
      (name) => readCheckpoint(join(place.path('run'), 'checkpoints', name)).tensors,
    );
    const values = (of: typeof last, name: string): number[] => [...of!.get(name)!.values];
    expect(values(last, 'detector/stem_bn/gamma')).to.deep.equal(values(published, '_bn0.weight'));
    expect(values(last, 'detector/head_bn/gamma')).not.to.deep.equal(values(published, '_bn1.weight'));
    for (const name of ['head_bn/gamma', 'stem_bn/moving_mean', 'logits/kernel']) {
      expect(values(best, `detector/${name}`), name).to.deep.equal(
        values(last, `optimizer_d/average/${name}`),
      );
    }
  });

  it('without the file stops before anything is trained, and names the command', async () => {
    const missing = await runScript('train', args('other', 'discriminator.weights=none.pth'), place.path());
    expect(missing.code).to.not.equal(0);
    expect(missing.stderr).to.match(/cannot read the weights none\.pth.*discriminator\.weights/);
    const refused = await runScript('train', args('third', 'optimizer_g.average=0.9'), place.path());
    expect(refused.stderr).to.match(/optimizer_g\.average.*an opponent is not fine-tuned/);
  });
});

describe('npm run train from a file of Keras', function () {
  this.timeout(120_000);
  const place = workplace();
  before(() => writeDataset(place.path('data')));

  it('starts Meso-4 with its head, and refuses what is cut off before anything is trained', async () => {
    const tensors = tensorsOf(kerasCase('meso-4'));
    const bytes = await writtenH5(tensors);
    writeFileSync(place.path('meso.h5'), bytes);
    writeFileSync(place.path('cut.h5'), bytes.subarray(0, bytes.length / 2));
    const args = (run: string, file: string): string[] => [
      ...['debug=smoke', 'data=folder', 'data.path=data', 'data.size=64', `run.dir=${run}`],
      ...['discriminator=meso-4', `discriminator.weights=${file}`, 'optimizer_d.frozen=[block1]'],
      ...['generator=none', 'game.objective=clean', 'game.rounds=1', 'game.batch_size=4'],
    ];
    const { code, stderr } = await runScript('train', args('run', 'meso.h5'), place.path());
    expect(code, stderr).to.equal(0);
    expect(stderr).to.contain('the detector starts from meso.h5 (sha256 ');
    const { tensors: last } = readCheckpoint(join(place.path('run'), 'checkpoints', checkpointName(1)));
    expect([...last.get('detector/block1_conv/kernel')!.values]).to.deep.equal([
      ...tensors.get('conv2d/kernel')!.values,
    ]);
    const cut = await runScript('train', args('other', 'cut.h5'), place.path());
    expect(cut.code).to.not.equal(0);
    expect(cut.stderr).to.match(/cut\.h5 is no readable file of Keras's weights: truncated file/);
  });
});
