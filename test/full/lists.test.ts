/** Training on images that a list names, from the command line. */
import { expect } from 'chai';
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { writeManifest } from '../../src/data/manifest/manifest-file.ts';
import { rowOf } from '../data/manifest/rows.ts';
import { fastRun, readJson, runScript, workplace, writeDataset } from '../cli/command-line.ts';

describe('npm run train on lists', function () {
  this.timeout(600_000);
  const place = workplace();
  const images = (): string => place.path('images');

  /** The files of the data set, `train/real/train0/1.png`. */
  const files = (): string[] =>
    readdirSync(images(), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.png'));
  const train = (data: string, path: string, more: readonly string[]) => {
    const [, ...args] = fastRun(path, `run-${data}`, ['game.rounds=2', 'game.clean_rounds=1', ...more]);
    const own = args.filter((argument) => argument !== 'data.path=');
    return runScript('train', [`data=${data}`, ...own], place.path());
  };
  const status = (data: string) => readJson(place.path(`run-${data}`, 'status.json'));

  before(() => writeDataset(images()));

  it('a Parquet manifest', async () => {
    const rows = files().map((image) => {
      const [split, kind, video, frame] = image.split('/') as [
        'train' | 'val' | 'test',
        string,
        string,
        string,
      ];
      return rowOf(image, { label: kind === 'real' ? 0 : 1, video, pair: `${video}/${frame}`, split });
    });
    await writeManifest(place.path('images/manifest.parquet'), rows);
    const { code, stderr } = await train('manifest', 'images/manifest.parquet', []);
    expect(code, stderr).to.equal(0);
    expect(status('manifest')).to.include({ state: 'finished', step: 2 });
  });

  it('a list of DeepfakeBench', async () => {
    const json: Record<string, Record<string, Record<string, { label: string; frames: string[] }>>> = {};
    for (const file of files()) {
      const [split, kind, video] = file.split('/') as [string, string, string];
      const label = `DF_${kind}`;
      (((json[label] ??= {})[split] ??= {})[video] ??= { label, frames: [] }).frames.push(file);
    }
    writeFileSync(place.path('list.json'), JSON.stringify({ 'DeeperForensics-1.0': json }));
    const { code, stderr } = await train('deepfakebench', '', ['data.lists=[list.json]', 'data.root=images']);
    expect(code, stderr).to.equal(0);
    expect(status('deepfakebench')).to.include({ state: 'finished', step: 2 });
  });

  it('lists with a line an image', async () => {
    const lines: Record<string, string> = { train: '', val: '', test: '' };
    for (const file of files()) {
      const [split, kind, video, frame] = file.split('/') as [string, string, string, string];
      const path = `${kind}_c23/${video}/${video}_00000${frame[0]}_0.png`;
      mkdirSync(place.path('faces', dirname(path)), { recursive: true });
      copyFileSync(place.path('images', file), place.path('faces', path));
      lines[split] += `${path} ${kind.toUpperCase()}\n`;
    }
    for (const [split, text] of Object.entries(lines)) writeFileSync(place.path(`${split}.lst`), text);
    const lists = Object.keys(lines).map((split) => `data.${split}_lists=[${split}.lst]`);
    const { code, stderr } = await train('lst', '', [...lists, 'data.root=faces']);
    expect(code, stderr).to.equal(0);
    expect(status('lst')).to.include({ state: 'finished', step: 2 });
  });
});
