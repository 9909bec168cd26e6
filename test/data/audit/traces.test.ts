import { expect } from 'chai';
import { join } from 'node:path';
import sharp from 'sharp';
import { areaUnderCurve } from '../../../src/data/audit/boosted-stumps.ts';
import { jpegTraces } from '../../../src/data/audit/jpeg-quality.ts';
import { isCopy, nearPairs } from '../../../src/data/audit/near-duplicates.ts';
import {
  distance,
  fingerprint,
  type Fingerprint,
  type Hash,
} from '../../../src/data/audit/perceptual-hash.ts';
import { traitsOf } from '../../../src/data/audit/traits.ts';
import { decodeImage, resizeTo } from '../../../src/data/image.ts';
import { rngFor } from '../../../src/data/rng.ts';
import { picture, put, temporaryFolder } from '../image-files.ts';

describe('data/audit: what files and pictures tell', () => {
  const folder = temporaryFolder();

  it('the quality of a JPEG file is the one that libjpeg was asked for', async () => {
    for (let quality = 50; quality <= 100; quality++) {
      const bytes = await picture(1).jpeg({ quality }).toBuffer();
      expect(jpegTraces(bytes)?.quality, String(quality)).to.equal(quality);
    }
    for (const quality of [10, 25, 40]) {
      expect(jpegTraces(await picture(1).jpeg({ quality, progressive: true }).toBuffer())?.quality).to.equal(
        quality,
      );
    }
  });

  it('how chroma is sampled; other files have no such traces', async () => {
    for (const chromaSubsampling of ['4:2:0', '4:4:4']) {
      const bytes = await picture(1).jpeg({ chromaSubsampling }).toBuffer();
      expect(jpegTraces(bytes)?.subsampling).to.equal(chromaSubsampling);
    }
    expect(jpegTraces(await picture(1).toColourspace('b-w').jpeg().toBuffer())?.subsampling).to.equal('grey');
    expect(jpegTraces(await picture(1).png().toBuffer())).to.equal(null);
    expect(jpegTraces((await picture(1).jpeg().toBuffer()).subarray(0, 20))).to.equal(null);
    expect(jpegTraces(new Uint8Array())).to.equal(null);
  });

  it('profile and EXIF', async () => {
    const file = join(folder.path(), 'a.jpg');
    await put(file, picture(1, 40, 30).withMetadata({ icc: 'p3' }).jpeg({ quality: 83 }));
    expect(await traitsOf(file)).to.include({
      ...{ width: 40, height: 30, format: 'jpeg', quality: 83, subsampling: '4:2:0', hasProfile: true },
    });
    await put(
      file,
      picture(1)
        .withExif({ IFD0: { Copyright: 'x' } })
        .png(),
    );
    expect(await traitsOf(file)).to.include({
      format: 'png',
      quality: null,
      hasExif: true,
      hasProfile: false,
    });
  });

  it('a picture saved or scaled anew is a copy; others are not', async () => {
    const prints: Fingerprint[] = [];
    for (let seed = 0; seed < 40; seed++) {
      const image = await decodeImage(await put(join(folder.path(), 'p.png'), picture(seed, 96).png()));
      const bytes = await picture(seed, 96).jpeg({ quality: 60 }).toBuffer();
      const recompressed = await decodeImage(await put(join(folder.path(), 'p.jpg'), bytes));
      const original = await fingerprint(image);
      for (const copy of [recompressed, await resizeTo(image, 64, 64), await resizeTo(image, 150, 150)]) {
        const print = await fingerprint(copy);
        expect(distance(original.hash, print.hash), `picture ${seed}`).to.be.at.most(6);
        expect(isCopy(original, print), `picture ${seed}`).to.equal(true);
      }
      prints.push(original);
    }
    prints.forEach((a, i) =>
      prints.slice(i + 1).forEach((b) => {
        expect(distance(a.hash, b.hash)).to.be.above(8);
        expect(isCopy(a, b)).to.equal(false);
      }),
    );
  });

  it('the hash is of the picture, not of its brightness: 0 for a ramp and the same ramp paler', async () => {
    const ramp = (scale: number) =>
      sharp(
        Uint8Array.from(
          { length: 32 * 32 * 3 },
          (_, i) => scale * ((Math.floor(i / 3) % 32) * 2 + Math.floor(i / 96)),
        ),
        { raw: { width: 32, height: 32, channels: 3 } },
      );
    const hashes: Hash[] = [];
    for (const scale of [1, 2]) {
      const image = await decodeImage(await put(join(folder.path(), 'r.png'), ramp(scale).png()));
      hashes.push((await fingerprint(image)).hash);
    }
    expect(hashes[0]).to.deep.equal(hashes[1]);
  });

  it('finds every near pair that comparing all with all finds, once', () => {
    const rng = rngFor(3, 'hashes');
    const word = (): number => rng.integer(2 ** 32);
    const hashes: Hash[] = Array.from({ length: 300 }, () => [word(), word()]);
    for (let i = 0; i < 300; i++) {
      const [high, low] = hashes[i]!;
      const flips = rng.integer(9);
      let [a, b] = [high, low];
      for (let k = 0; k < flips; k++) {
        if (rng.uniform() < 0.5) a = (a ^ (1 << rng.integer(32))) >>> 0;
        else b = (b ^ (1 << rng.integer(32))) >>> 0;
      }
      hashes.push([a, b]);
    }
    for (const most of [0, 4, 7]) {
      const found: string[] = [];
      nearPairs(
        hashes,
        most,
        (a, b) => found.push(`${a} ${b}`),
        () => true,
      );
      const all = hashes.flatMap((one, a) =>
        hashes.flatMap((other, b) => (a < b && distance(one, other) <= most ? [`${a} ${b}`] : [])),
      );
      expect(found.sort()).to.deep.equal(all.sort());
      expect(all.length).to.be.above(10);
    }
  });

  it('the AUC by ranks is the share of pairs in the right order, ties half', () => {
    const rng = rngFor(4, 'auc');
    const scored = Array.from({ length: 90 }, () => ({
      score: rng.integer(12),
      label: rng.integer(2) as 0 | 1,
    }));
    const of = (label: 0 | 1) => scored.filter((each) => each.label === label);
    let wins = 0;
    for (const fake of of(1)) for (const real of of(0)) wins += (Math.sign(fake.score - real.score) + 1) / 2;
    expect(areaUnderCurve(scored)).to.be.closeTo(wins / (of(0).length * of(1).length), 1e-12);
  });
});
