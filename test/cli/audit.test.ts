import { cpSync, readdirSync } from 'node:fs';
import { expect } from 'chai';
import type { AuditReport } from '../../src/data/audit/audit.ts';
import { picture, put } from '../data/image-files.ts';
import { readJson, runScript, workplace } from './command-line.ts';

describe('npm run audit', function () {
  this.timeout(120_000);
  const place = workplace();
  const audit = (...args: string[]) => runScript('audit', args, place.path());
  const report = (): AuditReport => readJson(place.path('audit.json')) as AuditReport;
  const settings = ['data=folder', 'data.path=images', 'data.size=32'];

  before(async () => {
    for (const [s, split] of ['train', 'val', 'test'].entries()) {
      for (let i = 0; i < 16; i++) {
        const video = `${split}${i >> 2}`;
        const file = place.path('images', split, i % 2 === 0 ? 'real' : 'fake', video, `${(i >> 1) % 2}.jpg`);
        await put(file, picture(100 * s + i, 32).jpeg({ quality: 90 }));
      }
    }
  });

  it('passes a folder, and says what is in it', async () => {
    const { code, stdout, stderr } = await audit(...settings);
    expect(code, stderr + stdout).to.equal(0);
    expect(stdout).to.match(/train +real +8 +4 +2\.0/);
    expect(stdout).to.match(/Nothing is refused\./);
    expect(report()).to.deep.include({ findings: [], looked: { images: 48, of: 48 } });
  });

  it('draws images where there are more than the limit, and says so', async () => {
    const { stdout } = await audit(...settings, 'limit=20', 'out=other.json');
    expect(stdout).to.match(/are of 20 images drawn from 48 \(limit=\)/);
    expect(readdirSync(place.path())).to.include('other.json');
  });

  it('refuses a test picture that was trained on, with exit code 1', async () => {
    cpSync(place.path('images/train/real/train0/0.jpg'), place.path('images/test/real/other/0.jpg'), {
      recursive: true,
    });
    const { code, stdout } = await audit(...settings);
    expect(code).to.equal(1);
    expect(stdout).to.match(/Refused, 1:\n- copy-across-splits: 1 pairs of images/);
    expect(stdout).to.include('train/real/train0/0.jpg (train), test/real/other/0.jpg (test)');
    expect(report().findings.map(({ kind }) => kind)).to.deep.equal(['copy-across-splits']);
  });

  it('a dataset that cannot be opened is refused with its reason, and an unknown key is an error', async () => {
    cpSync(place.path('images/train/real/train0'), place.path('images/test/real/train0'), {
      recursive: true,
    });
    const { code, stderr } = await audit(...settings);
    expect(code).to.equal(1);
    expect(stderr).to.match(/video train0 is in two splits/);
    expect(report().findings).to.have.length(1);
    expect(report().findings[0]!.kind).to.equal('unopened');
    expect((await audit(...settings, 'limt=3')).stderr).to.match(/unknown key 'limt'\..*limit/);
  });
});
