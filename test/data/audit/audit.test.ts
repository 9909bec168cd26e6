import { expect } from 'chai';
import { join } from 'node:path';
import sharp from 'sharp';
import { auditDataset, type AuditReport } from '../../../src/data/audit/audit.ts';
import type { Dataset, Sample, Split } from '../../../src/data/dataset.ts';
import { squareReader } from '../../../src/data/image-list.ts';
import { picture, put, temporaryFolder } from '../image-files.ts';

const SPLITS: readonly Split[] = ['train', 'val', 'test'];

describe('data/audit', () => {
  const folder = temporaryFolder();

  /** 60 videos of one frame, every second a fake, 20 a split: all of one format, size and quality. */
  async function samplesIn(name: string): Promise<Sample[]> {
    const samples: Sample[] = [];
    for (let i = 0; i < 60; i++) {
      const label = (i % 2) as 0 | 1;
      const file = join(folder.path(), name, `${i}.jpg`);
      await put(file, picture(i, 32).jpeg({ quality: 90 }));
      samples.push({
        ...{
          id: `${i}.jpg`,
          file,
          split: SPLITS[Math.floor(i / 20)]!,
          label,
          videoId: `v${i}`,
          pair: `p${i}`,
        },
        ...{ manipulation: label === 0 ? 'real' : 'swap', identities: [`person ${i}`] },
      });
    }
    return samples;
  }

  const audit = (samples: readonly Sample[], limit = 1000): Promise<AuditReport> => {
    const dataset: Dataset = {
      name: 'test',
      samples: (split) => samples.filter((sample) => sample.split === split),
      skipped: [{ file: 'x.txt', why: 'is no image' }],
      ...squareReader(32),
    };
    return auditDataset(dataset, { limit, seed: 1, hashDistance: 6, progress: () => undefined });
  };
  const kinds = ({ findings }: AuditReport): string[] => findings.map(({ kind }) => kind);
  const changed = (samples: readonly Sample[], at: number, to: Partial<Sample>): Sample[] =>
    samples.map((sample, i) => (i === at ? { ...sample, ...to } : sample));

  it('a clean set passes, and is described', async () => {
    const report = await audit(await samplesIn('clean'));
    expect(report.findings).to.deep.equal([]);
    expect(report.counts).to.have.length(6);
    expect(report.counts[0]).to.deep.equal({ split: 'train', manipulation: 'real', images: 10, videos: 10 });
    expect(report.identities).to.deep.equal({ train: 20, val: 20, test: 20, shared: 0 });
    expect(
      report.files.map(({ manipulation, quality, width, formats }) => [
        manipulation,
        quality,
        width,
        formats,
      ]),
    ).to.deep.equal([
      ['real', 90, 32, { 'jpeg 4:2:0': 1 }],
      ['swap', 90, 32, { 'jpeg 4:2:0': 1 }],
    ]);
    expect(report.shortcut?.note).to.match(
      /30 real and 30 fake videos are few: the AUC is sure to ±0\.1\d only/,
    );
    expect(report.skipped.count).to.equal(1);
    expect(report.looked).to.deep.equal({ images: 60, of: 60 });
  });

  it('a sample of a large set is the same for a seed', async () => {
    const samples = await samplesIn('sampled');
    const [one, again] = [await audit(samples, 40), await audit(samples, 40)];
    expect(one.looked).to.deep.equal({ images: 40, of: 60 });
    expect(again).to.deep.equal(one);
  });

  it('a fake that is its own real is found by its pixels, one that hardly differs is not', async () => {
    const samples = await samplesIn('own');
    const raw = async (change: number): Promise<Uint8Array> => {
      const { data, info } = await picture(99, 32).raw().toBuffer({ resolveWithObject: true });
      data[100]! = (data[100]! + change) % 256;
      const { width, height } = info;
      return sharp(data, { raw: { width, height, channels: 3 } })
        .png()
        .toBuffer();
    };
    const into = async (at: number, bytes: Uint8Array): Promise<void> => {
      await put(samples[at]!.file, bytes);
    };
    // reals 0 and 2, their fakes 1 and 3
    for (const at of [0, 1, 2, 3]) {
      await into(at, await raw(at === 3 ? 1 : 0));
      samples[at] = { ...samples[at]!, pair: `own${at < 2 ? 0 : 1}` };
    }
    const found = (await audit(samples)).findings.filter(({ kind }) => kind === 'unchanged-fake');
    expect(found).to.have.length(1);
    expect(found[0]!.message).to.match(/^1 fake is pixel for pixel a real of the same pair/);
    expect(found[0]!.examples).to.deep.equal(['1.jpg is 0.jpg (train)']);
  });

  describe('each fault raises its finding and no other', () => {
    const torn: readonly [string, Partial<Sample>, RegExp][] = [
      ['video', { videoId: 'v0' }, /^v0: train, test$/],
      ['pair', { pair: 'p0' }, /^p0: train, test$/],
      ['identity', { identities: ['person 59', 'person 0'] }, /^person 0: train, test$/],
    ];
    for (const [kind, fault, example] of torn) {
      it(`a ${kind} in two splits`, async () => {
        const report = await audit(changed(await samplesIn(kind), 59, fault));
        expect(kinds(report)).to.deep.equal([kind]);
        expect(report.findings[0]!.examples[0]).to.match(example);
      });
    }

    it('a picture in two splits, saved anew', async () => {
      const samples = await samplesIn('copied');
      await put(samples[58]!.file, picture(0, 32).jpeg({ quality: 88 }));
      const report = await audit(samples);
      expect(kinds(report)).to.deep.equal(['copy-across-splits']);
      expect(report.findings[0]!.examples).to.deep.equal(['0.jpg (train), 58.jpg (test)']);
    });

    it('a picture under both labels', async () => {
      const samples = await samplesIn('mislabelled');
      await put(samples[1]!.file, picture(0, 40).jpeg({ quality: 90 }).resize(32, 32));
      const report = await audit(samples);
      expect(kinds(report)).to.deep.equal(['copy-across-labels']);
      expect(report.findings[0]!.examples).to.deep.equal(['0.jpg (train), 1.jpg (train)']);
    });

    const shortcuts: readonly [string, RegExp, (i: number) => ReturnType<typeof picture>][] = [
      ['another quality', /alone: 1\.000/, (i) => picture(i, 32).jpeg({ quality: 80 })],
      ['another format', /alone: 1\.000/, (i) => picture(i, 32).png()],
      ['another size', /alone: 1\.000/, (i) => picture(i, 40).jpeg({ quality: 90 })],
      [
        'an EXIF block',
        /alone: 1\.000/,
        (i) =>
          picture(i, 32)
            .withExif({ IFD0: { Software: 'swap' } })
            .jpeg({ quality: 90 }),
      ],
    ];
    for (const [what, strongest, fake] of shortcuts) {
      it(`fakes of ${what}`, async () => {
        const samples = await samplesIn(what);
        for (let i = 1; i < 60; i += 2) await put(samples[i]!.file, fake(i));
        const report = await audit(samples);
        expect(kinds(report)).to.deep.equal(['metadata']);
        expect(report.shortcut!.auc).to.be.above(0.95);
        expect(report.findings[0]!.examples[0]).to.match(strongest);
      });
    }
  });
});
