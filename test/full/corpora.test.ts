import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { readScores } from '../../src/evaluation/scores.ts';
import { readRunStatus } from '../../src/reports/run-folder.ts';
import { ffppTree, frameFolder, writeFrames, writeVideos } from '../support/corpora.ts';
import { checkpointFiles, runScript, workplace } from '../cli/command-line.ts';

describe('npm run train: frames of a public dataset', function () {
  this.timeout(600_000);
  const place = workplace();
  const train = (...args: string[]) =>
    runScript(
      'train',
      [
        ...[
          'data=ffpp',
          'data.root=FaceForensics++',
          'data.size=32',
          'data.frames=2',
          'debug=smoke',
          'game.rounds=2',
        ],
        ...['discriminator.channels=[4,8]', 'discriminator.strides=[2,2]', ...args],
      ],
      place.path(),
    );

  it('trains on them as they lie there, lists what is left out, and is evaluated', async () => {
    const tree = ffppTree();
    const root = await writeFrames(place.path('FaceForensics++'), tree, 3);
    const [gone] = tree.videos.filter((video) => video.includes('Deepfakes'));
    rmSync(join(root, frameFolder(gone!)), { recursive: true });
    const { code, stderr } = await train('run.dir=run', "data.methods_unseen=['NeuralTextures']");
    expect(code, stderr).to.equal(0);
    expect(stderr).to.match(
      /1 file left out, listed in run.skipped\.txt; the first: .*is in the official split/,
    );
    expect(readFileSync(place.path('run/skipped.txt'), 'utf8').trimEnd().split('\n')).to.have.length(1);
    expect(readRunStatus(place.path('run'))).to.include({ state: 'finished', step: 2 });
    expect(checkpointFiles(place.path('run'))).to.include('step-0000002.safetensors');

    const evaluated = await runScript('evaluate', ['run'], place.path());
    expect(evaluated.code, evaluated.stderr).to.equal(0);
    const scores = readScores(place.path('run/scores-test.csv'));
    const counts = ['real', 'Deepfakes', 'NeuralTextures'].map(
      (method) => scores.filter(({ manipulation }) => manipulation === method).length,
    );
    expect(counts).to.deep.equal([4, 4, 4]); // two clips each, two frames
    for (const { label, manipulation } of scores) expect(label).to.equal(manipulation === 'real' ? 0 : 1);
  });

  it('videos without frames: ends with the command that makes face crops, and trains nothing', async () => {
    const root = await writeVideos(place.path('videos'), ffppTree());
    const { code, stderr } = await train('run.dir=other', 'data.root=videos');
    expect(code).to.equal(1);
    expect(stderr).to.include(`npm run prepare -- data=ffpp data.root=${root} out=FOLDER`);
  });

  it('a quality that is not there is named before anything runs', async () => {
    const { code, stderr } = await train('run.dir=third', 'data.qualities_seen=[c40]');
    expect(code).to.equal(1);
    expect(stderr).to.include('data.qualities_seen: c40 is not in ffpp; there are c23');
  });
});
