import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { picture, put } from '../data/image-files.ts';
import { faceLandmarks } from '../support/landmarks.ts';
import { writeManifest } from '../../src/data/manifest/manifest-file.ts';
import { UNPACKED, type ManifestRow } from '../../src/data/manifest/row.ts';
import { readCheckpoint } from '../../src/game/checkpoint.ts';
import { checkpointFiles, runScript, workplace } from '../cli/command-line.ts';

const SIDE = 48;

describe('npm run train experiment=sbi', function () {
  this.timeout(600_000);
  const place = workplace();
  const sbi = (dir: string, ...args: string[]): string[] => [
    ...[
      'data=manifest',
      'data.path=faces.parquet',
      'data.size=32',
      'data.check=none',
      'experiment=sbi',
      'debug=smoke',
    ],
    ...['discriminator.channels=[4,8]', 'discriminator.strides=[2,2]', `run.dir=${dir}`, ...args],
  ];
  before(async () => {
    const rows: ManifestRow[] = [];
    for (let i = 0; i < 10; i++) {
      const split = i < 6 ? 'train' : i < 8 ? 'val' : 'test';
      for (const manipulation of ['real', 'Swap']) {
        const image = `${manipulation}/${i}.png`;
        // the only fake in training is no picture: whoever reads it fails
        if (split === 'train' && manipulation === 'Swap')
          await put(place.path(image), Buffer.from('no picture'));
        else await put(place.path(image), picture(i, SIDE).png());
        rows.push({
          ...{ image, manipulation, split, compression: null, frame: null, face: null, source_hash: null },
          ...{ label: manipulation === 'real' ? 0 : 1, video: `${manipulation}${i}`, pair: `p${i}` },
          ...{ identities: [`person${i}`], landmarks: faceLandmarks(SIDE).flat(), ...UNPACKED },
        });
      }
    }
    await writeManifest(place.path('faces.parquet'), rows);
  });

  it('learns from reals and self-blended fakes, never opens a forgery of training, and is judged by those of val', async () => {
    const { code, stderr } = await runScript('train', sbi('run'), place.path());
    expect(code, stderr).to.equal(0);
    expect(readFileSync(place.path('run', 'config.yaml'), 'utf8')).to.include('own_fakes: false');
    const [best] = checkpointFiles(place.path('run')).filter((name) => name.includes('best'));
    const notes = JSON.parse(readCheckpoint(place.path('run', 'checkpoints', best!)).notes['best']!) as {
      auc: number;
    };
    expect(notes.auc).to.be.within(0, 1);
    const forged = await runScript('train', sbi('forged', 'batches.own_fakes=true'), place.path());
    expect([forged.code, forged.stderr.includes('Swap')], forged.stderr).to.deep.equal([1, true]);
  });

  it('other names for it say what is right', async () => {
    for (const [args, message] of [
      [sbi('none', 'batches.online_fakes=[sbi]'), 'SBI is self-blend; experiment=sbi'],
      [['data.online_fakes=[sbi]', 'run.dir=none'], 'SBI is self-blend; experiment=sbi'],
    ] as const) {
      const { code, stderr } = await runScript('train', args, place.path());
      expect([code, stderr.includes(message)], stderr).to.deep.equal([1, true]);
    }
  });
});
