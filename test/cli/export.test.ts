import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { compose } from '../../src/config/compose.ts';
import { resolveConfig } from '../../src/config/interpolate.ts';
import { toYaml } from '../../src/config/print-yaml.ts';
import { readCheckpoint, saveCheckpoint } from '../../src/game/checkpoint.ts';
import { decodeSafeTensors } from '../../src/ops/safetensors.ts';
import { openDetector } from '../../src/prepare.ts';
import { readRunConfig } from '../../src/run-config.ts';
import { ROOT } from '../docs/pages.ts';
import { useEngine } from '../support/engines.ts';
import { fastRun, put, runScript, workplace, type Outcome } from './command-line.ts';

describe('npm run export', function () {
  this.timeout(60_000);
  const place = workplace();
  const run = (...args: string[]): Promise<Outcome> => runScript('export', args, place.path());

  before(async () => {
    // a run as training leaves it, but for what export has no use for
    const context = { env: {}, now: new Date(0), hydra: { 'job.num': 0 } };
    const overrides = fastRun('data', 'run', ['generator=fgsm']);
    const configs = join(ROOT, 'configs');
    const { config } = compose({ configs, configName: 'train', overrides, context });
    put(place.path('run/config.yaml'), toYaml(resolveConfig(config, context)));
    await useEngine('tensorflow');
    const detector = await openDetector(await readRunConfig(place.path('run')), 32);
    saveCheckpoint(place.path('run/checkpoints/best.safetensors'), {
      variables: new Map([...detector.state].map(([name, variable]) => [`detector/${name}`, variable])),
      counters: { rounds: 4 },
      identity: { detector: detector.name },
      notes: { best: JSON.stringify({ round: 4, auc: 0.5, threshold: 0.625 }) },
    });
    detector.dispose();
  });

  it('writes the best checkpoint’s detector, without the data that it learnt from', async () => {
    const { code, stdout, stderr } = await run('run=run', 'format=safetensors');
    expect([code, stderr]).to.deep.equal([0, '']);
    const best = readCheckpoint(place.path('run/checkpoints/best.safetensors'));
    const file = place.path('run/detector.safetensors');
    const { tensors, metadata } = decodeSafeTensors(readFileSync(file), file);
    expect(stdout).to.match(
      /^run\/detector\.safetensors: 12 tensors, \d+ values, of the best round on val, 4\n$/,
    );
    expect(metadata).to.include({
      architecture: 'small-cnn',
      image_size: '32',
      threshold: '0.625',
      round: '4',
    });
    for (const [name, { shape, values }] of tensors) {
      expect(name).not.to.include('auxiliary');
      const saved = best.tensors.get(`detector/${name}`)!;
      expect([shape, [...values]], name).to.deep.equal([saved.shape, [...saved.values]]);
    }
    const again = await run('run=run');
    expect([again.code, again.stdout]).to.deep.equal([1, '']);
    expect(again.stderr).to.match(/^run\/detector\.safetensors exists and is not overwritten: .*out=FILE\n$/);
    expect((await run('run=run', 'out=new/mine.safetensors')).code).to.equal(0);
    expect(readFileSync(place.path('new/mine.safetensors')).equals(readFileSync(file))).to.equal(true);
  });

  it('format=tfjs-graph writes a folder that says what it is', async () => {
    const { code, stdout, stderr } = await run('run=run', 'format=tfjs-graph');
    expect([code, stderr]).to.deep.equal([0, '']);
    expect(stdout).to.match(/^run\/detector-tfjs-graph: 12 tensors, /);
    const folder = place.path('run/detector-tfjs-graph');
    expect(readdirSync(folder).sort()).to.deep.equal(['model.json', 'weights.bin']);
    const json = JSON.parse(readFileSync(join(folder, 'model.json'), 'utf8')) as Record<string, unknown>;
    expect(json).to.include({ format: 'graph-model', generatedBy: 'deepfake-game' });
    expect(json['userDefinedMetadata']).to.include({ architecture: 'small-cnn', threshold: '0.625' });
    const again = await run('run=run', 'format=tfjs-graph');
    expect([again.code, again.stdout]).to.deep.equal([1, '']);
    expect(again.stderr).to.match(/^run\/detector-tfjs-graph exists and .*another folder with out=FOLDER\n$/);
  });

  it('mistakes are one line that says what is known, and nothing is written', async () => {
    const mistakes: readonly (readonly [readonly string[], RegExp])[] = [
      [
        ['run=run', 'format=onnx'],
        /^format=onnx: there is no such format\. Known: safetensors, tfjs, tfjs-graph\n$/,
      ],
      [
        ['rum=run'],
        /^unknown key 'rum'\. Did you mean 'run'\? Known: run, format, out; usage: npm run export/,
      ],
    ];
    for (const [args, message] of mistakes) {
      const { code, stdout, stderr } = await run(...args);
      expect(stderr).to.match(message);
      expect([code, stdout]).to.deep.equal([1, '']);
    }
    expect(readdirSync(place.path()).sort()).to.deep.equal(['new', 'run']);
  });

  it('a run that was never evaluated on val has nothing to export', async () => {
    rmSync(place.path('run/checkpoints/best.safetensors'));
    const { code, stderr } = await run('run=run', 'out=x.safetensors');
    expect(code).to.equal(1);
    expect(stderr).to.match(/best\.safetensors is missing: .*--resume run/);
    expect(existsSync(place.path('x.safetensors'))).to.equal(false);
  });
});
