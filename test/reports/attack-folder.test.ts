import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect } from 'chai';
import fc from 'fast-check';
import sharp from 'sharp';
import { fileNames, openAttackFolder } from '../../src/reports/attack-folder.ts';
import { readNpz } from '../support/read-npz.ts';

describe('reports: the folder of an attack', () => {
  let parent = '';
  before(() => (parent = mkdtempSync(path.join(tmpdir(), 'attack-folder-'))));
  after(() => rmSync(parent, { recursive: true, force: true }));

  it('names files after ids, and tells alike ones apart', () => {
    expect(
      fileNames(['real/anna.jpg', 'real_anna.png', 'Real/Anna.png', 'fake/ü.png', '.hidden', '../up']),
    ).to.deep.equal([
      'real_anna.png',
      'real_anna-2.png',
      'Real_Anna-3.png',
      'fake__.png',
      '_hidden.png',
      '_._up.png',
    ]);
    fc.assert(
      fc.property(fc.array(fc.string({ unit: 'binary', maxLength: 300 }), { maxLength: 20 }), (ids) => {
        const names = fileNames(ids);
        expect(new Set(names.map((name) => name.toLowerCase())).size).to.equal(ids.length);
        for (const name of names) expect(name).to.match(/^(?!\.)[\w.-]{1,210}$/);
      }),
    );
  });

  it('is there as a whole or not at all', async () => {
    const place = path.join(parent, 'new/out');
    const size = 4;
    const images = Float32Array.from({ length: 2 * size * size * 3 }, (_, i) => i / 96);
    const bytes = Uint8Array.from(images, (value) => Math.round(255 * value));
    const folder = openAttackFolder(place, { ids: ['a', 'b'], labels: [0, 1], size });
    await folder.append(images.subarray(0, 48), bytes.subarray(0, 48));
    await folder.append(images.subarray(48), bytes.subarray(48));
    const batch = { shape: [2, size, size, 3], data: images } as const;
    await folder.compare({ clean: batch, adversarial: batch, maps: [], amplification: 8 });
    expect(readdirSync(path.dirname(place)), 'before it is finished').not.to.include('out');
    folder.finish({ json: { a: 1 }, csv: 'x\n' });
    folder.discard();
    expect(readdirSync(path.dirname(place))).to.deep.equal(['out']);
    expect(readdirSync(place).sort()).to.deep.equal(
      ['adversarial.npz', 'attack.json', 'comparison.png', 'images.csv', 'png'].sort(),
    );
    expect(folder.pngs).to.deep.equal(['png/a.png', 'png/b.png']);
    for (const [i, png] of folder.pngs.entries()) {
      const { data, info } = await sharp(path.join(place, png)).raw().toBuffer({ resolveWithObject: true });
      expect([info.width, info.height, info.channels]).to.deep.equal([size, size, 3]);
      expect([...data]).to.deep.equal([...bytes.subarray(48 * i, 48 * i + 48)]);
    }
    const { labels, ids } = await readNpz(path.join(place, 'adversarial.npz'));
    expect([labels!.values, ids!.values]).to.deep.equal([
      [0, 1],
      ['a', 'b'],
    ]);
    expect(JSON.parse(readFileSync(path.join(place, 'attack.json'), 'utf8'))).to.deep.equal({ a: 1 });
  });

  it('leaves nothing behind when images are missing', () => {
    const place = path.join(parent, 'short');
    const before = readdirSync(parent);
    const folder = openAttackFolder(place, { ids: ['a'], labels: [0], size: 4 });
    expect(() => folder.finish({ json: {}, csv: '' })).to.throw('lacks 48 values');
    folder.discard();
    expect(readdirSync(parent)).to.deep.equal(before);
  });

  it('may be an empty folder, not one that holds something, nor a file', () => {
    const open = (name: string) =>
      openAttackFolder(path.join(parent, name), { ids: [], labels: [], size: 4 });
    mkdirSync(path.join(parent, 'empty'));
    const folder = open('empty');
    folder.finish({ json: {}, csv: '' });
    expect(readdirSync(path.join(parent, 'empty'))).to.include('attack.json');
    expect(() => open('empty')).to.throw(
      /empty is not empty \(it holds .*\), and nothing is overwritten: .*out=DIR/,
    );
    writeFileSync(path.join(parent, 'file'), '');
    expect(() => open('file')).to.throw('is a file: name a new folder with out=DIR');
    expect(() => open('file/out')).to.throw(/cannot write .*file\/out: .*Choose another folder/);
  });
});
