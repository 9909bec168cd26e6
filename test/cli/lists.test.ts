/** Training on images that a list names, from the command line. */
import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import { writeManifest } from '../../src/data/manifest/manifest-file.ts';
import { rowOf } from '../data/manifest/rows.ts';
import { fastRun, readJson, runScript, workplace, writeDataset } from './command-line.ts';

describe('npm run train on lists', function () {
  this.timeout(120_000);
  const place = workplace();
  const images = (): string => place.path('images');

  /** The files of the data set, `train/real/train0/1.png`. */
  const files = (): string[] =>
    readdirSync(images(), { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.png'));
  const train = (data: string, path: string, more: readonly string[]) => {
    const args = fastRun(path, `run-${data}`, ['game.rounds=2', 'game.clean_rounds=1', ...more]);
    return runScript('train', [`data=${data}`, ...args.slice(1)], place.path());
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
});
