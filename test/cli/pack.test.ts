import { expect } from 'chai';
import { readdirSync } from 'node:fs';
import { runScript, workplace, writeDataset } from './command-line.ts';

describe('npm run pack', function () {
  this.timeout(600_000);
  const place = workplace();
  const pack = (...args: string[]) => runScript('pack', args, place.path());

  before(() => writeDataset(place.path('data')));

  it('packs the files of a dataset and says how to train on them', async () => {
    const packed = await pack('data=folder', 'data.path=data', 'out=packed');
    expect(packed.code, packed.stderr).to.equal(0);
    expect(packed.stdout).to.match(
      /^56 images, 0\.\d MB, in 3 shards\ndata=manifest data\.path=packed\/manifest\.parquet\n$/,
    );
    expect(packed.stderr).to.match(/pack +image 56\/56/);
    expect(readdirSync(place.path('packed')).sort()).to.deep.equal([
      ...['manifest.parquet', 'packing.json'],
      ...['test-000000.tar', 'train-000000.tar', 'val-000000.tar'],
    ]);
  });

  it('says what is wrong with what it is given', async () => {
    for (const [args, message] of [
      [['data=folder', 'data.path=data', 'out=x', 'shard_mb=3000'], /^shard_mb=3000: at most 2000/],
      [
        ['data=folder', 'data.path=data', 'out=packed'],
        /packed is packed already .*remove it, or name a new folder/,
      ],
    ] as const) {
      const { code, stderr } = await pack(...args);
      expect(code).to.equal(1);
      expect(stderr).to.match(message);
    }
  });
});
