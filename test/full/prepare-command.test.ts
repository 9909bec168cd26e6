import { expect } from 'chai';
import {
  copyFileSync,
  existsSync,
  readFileSync,
  readdirSync,
  renameSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { parquetReadObjects } from 'hyparquet';
import sharp from 'sharp';
import type { ClipRecord } from '../../src/data/prepare/record.ts';
import type { CoverageReport } from '../../src/data/prepare/report.ts';
import { faceVideo, ffmpeg, portrait } from '../support/face-videos.ts';
import { put, readJson, runScript, workplace, type Outcome } from '../cli/command-line.ts';

interface Row {
  readonly image: string;
  readonly label: number;
  readonly manipulation: string;
  readonly video: string;
  readonly frame: number | null;
  readonly pair: string;
}

describe('npm run prepare', function () {
  this.timeout(240_000);
  const place = workplace();
  const prepare = (...args: string[]): Promise<Outcome> => runScript('prepare', args, place.path());
  const common = ['data=folder', 'frames.count=2', 'workers=1', 'size=96', 'face.align=eyes'];
  const rows = async (out: string): Promise<Row[]> => {
    const bytes = readFileSync(place.path(out, 'manifest.parquet'));
    return (await parquetReadObjects({ file: new Uint8Array(bytes).buffer })) as unknown as Row[];
  };
  const record = (id: string): ClipRecord => readJson(place.path('out/clips', `${id}.json`)) as ClipRecord;
  let first: Outcome;
  let report: CoverageReport;

  before(async () => {
    await faceVideo(place.path('data/real/a.mp4'), { frames: 4 });
    await faceVideo(place.path('data/swap/a.mkv'), {
      frames: 4,
      photos: [portrait(2)],
      output: ['-c:v', 'libx264'],
    });
    await ffmpeg(
      '-f',
      'lavfi',
      '-i',
      'testsrc=s=160x120:r=25',
      '-frames:v',
      '3',
      place.path('data/real/noface.webm'),
    );
    await faceVideo(place.path('data/real/two.mov'), {
      frames: 1,
      photos: [portrait(3, 'male'), portrait(5)],
      filter: 'null',
    });
    put(place.path('data/real/still.jpg'), readFileSync(portrait(7)));
    put(place.path('data/swap/text.mp4'), 'not a video\n');
    put(place.path('data/swap/empty.mp4'), '');
    put(place.path('data/swap/notes.txt'), 'not for us\n');
    put(place.path('data/readme.md'), 'stray\n');
    symlinkSync('nowhere.mp4', place.path('data/swap/gone.mp4'));
    await faceVideo(place.path('data/swap/cut.mp4'), {
      frames: 8,
      photos: [portrait(4)],
      output: ['-movflags', 'faststart', '-g', '1'],
    });
    truncateSync(
      place.path('data/swap/cut.mp4'),
      Math.round(statSync(place.path('data/swap/cut.mp4')).size * 0.7),
    );
    first = await prepare(...common, 'data.root=data', 'out=out');
    expect(first.code, first.stderr).to.equal(0);
    report = readJson(place.path('out/report.json')) as CoverageReport;
  });

  it('makes crops of the asked size, a row each', async () => {
    const manifest = await rows('out');
    expect(manifest.map(({ image }) => image)).to.deep.equal([
      'images/real/a/000001.png',
      'images/real/a/000003.png',
      'images/real/still/still.png',
      'images/real/two/000000.png',
      'images/swap/a/000001.png',
      'images/swap/a/000003.png',
      ...manifest.filter(({ video }) => video === 'swap/cut').map(({ image }) => image),
    ]);
    for (const { image } of manifest) {
      expect(await sharp(place.path('out', image)).metadata()).to.include({
        width: 96,
        height: 96,
        format: 'png',
      });
    }
    expect(manifest[4]).to.deep.include({
      label: 1,
      manipulation: 'swap',
      video: 'swap/a',
      frame: 1,
      pair: 'real/a#1',
    });
    expect(manifest[0]).to.deep.include({
      label: 0,
      manipulation: 'real',
      video: 'real/a',
      frame: 1,
      pair: 'real/a#1',
    });
    expect(manifest[2]).to.deep.include({ frame: null, pair: 'real/still' });
  });

  it('finds faces, levels their eyes and centres them, and cuts the fake where the real was cut', () => {
    const [real, fake] = [record('real/a'), record('swap/a')];
    real.frames.forEach(({ face }, i) => {
      const middle = (from: number, to: number, axis: number): number => {
        const values = face!.landmarks.filter((_, at) => at % 2 === axis).slice(from, to);
        return values.reduce((a, b) => a + b, 0) / values.length;
      };
      expect(middle(36, 42, 1)).to.be.closeTo(middle(42, 48, 1), 0.2); // level
      expect(middle(0, 68, 0)).to.be.within(34, 62); // in the middle third
      expect(middle(36, 48, 1)).to.be.below(middle(48, 68, 1)); // eyes above the mouth
      expect(fake.frames[i]!.face!.square).to.deep.equal(face!.square);
    });
    // the portrait moves by a pixel a frame
    const [from, to] = real.frames.map(({ face }) => face!.square.centre[0]);
    expect(to! - from!).to.be.closeTo(2, 1.5);
    expect(record('real/two').frames[0]).to.include({ found: 2, frame: 0 });
  });

  it('counts and lists what came of nothing, with the reason', () => {
    const listed = new Map(report.skipped.map(({ file, why }) => [file, why]));
    expect([...listed.keys()].sort()).to.deep.equal([
      'readme.md',
      'real/noface.webm',
      'swap/empty.mp4',
      'swap/gone.mp4',
      'swap/notes.txt',
      'swap/text.mp4',
    ]);
    expect(listed.get('swap/gone.mp4')).to.equal('cannot be read (ENOENT)');
    expect(existsSync(place.path('out/clips/swap/gone.json'))).to.equal(false); // it may come back
    expect(listed.get('real/noface.webm')).to.equal('no face found');
    expect(listed.get('swap/text.mp4')).to.contain('Invalid data');
    expect(listed.get('swap/notes.txt')).to.contain('known extension');
    expect(report.damaged.map(({ file }) => file)).to.deep.equal(['swap/cut.mp4']);
    expect(report.total).to.include({ clips: 9, skipped: 4, damaged: 1, boxes_borrowed: 2, boxes_own: 0 });
    expect(report.frames_without_crop).to.deep.equal({ 'no face found': 2 });
    expect(first.stdout)
      .to.match(/manipulation +clips +skipped/)
      .and.match(/\nreal +4 +1 +0 +6 +4 +4 +0 +0\n/);
    expect(first.stdout).to.contain('6 files left out').and.contain('2 frames without a crop: no face found');
    expect(first.stderr).to.contain('clip 9/9').and.not.contain('\r');
  });

  it('does nothing a second time, wherever the files have moved, and makes anew what has changed', async () => {
    const manifest = readFileSync(place.path('out/manifest.parquet'));
    renameSync(place.path('data'), place.path('moved'));
    const again = await prepare(...common, 'data.root=moved', 'out=out');
    expect(again.stdout).to.contain('8 clips were there from an earlier run');
    expect(readFileSync(place.path('out/manifest.parquet'))).to.deep.equal(manifest);
    expect(readJson(place.path('out/report.json'))).to.deep.equal(report);

    copyFileSync(place.path('moved/swap/a.mkv'), place.path('moved/swap/empty.mp4')); // no longer empty
    const image = place.path('out/images/real/a/000001.png');
    const before = readFileSync(image);
    writeFileSync(place.path('out/images/real/a/leftover.png'), '');
    renameSync(image, `${image}.away`); // a lost crop, whose clip is made again, the same
    const mended = await prepare(...common, 'data.root=moved', 'out=out');
    expect(mended.stdout, mended.stderr).to.contain('6 clips were there from an earlier run');
    expect(readFileSync(image)).to.deep.equal(before);
    expect(readdirSync(place.path('out/images/real/a'))).to.deep.equal(['000001.png', '000003.png']);
    expect(record('swap/empty')).to.deep.include({ skipped: null, decoded: 4 });
  });

  it('does not mix settings in one folder, nor fill one that holds something else', async () => {
    const other = await prepare(...common, 'data.root=moved', 'out=out', 'face.margin=1.5', 'size=64');
    expect(other.code).to.equal(1);
    expect(other.stderr)
      .to.contain('settings.face.margin was 1.3, is 1.5')
      .and.contain('settings.size was 96, is 64');
    const full = await prepare(...common, 'data.root=moved', 'out=moved');
    expect(full.stderr).to.contain('holds something else');
    expect(existsSync(place.path('moved/prepare.json'))).to.equal(false);
  });

  it('says what is wrong with the settings, the data or ffmpeg', async () => {
    for (const [args, words] of [
      [['data=folder', 'out=x'], "'data.root' must be given"],
      [['data.root=moved', 'out=x', 'frames.counts=3'], "Did you mean 'count'"],
    ] as const) {
      const { code, stderr } = await prepare(...args);
      expect(code).to.equal(1);
      expect(stderr).to.contain(words);
    }
    process.env['DEEPFAKE_GAME_FFMPEG'] = place.path('no-ffmpeg');
    try {
      const { code, stderr } = await prepare('data.root=moved', 'out=x');
      expect(code).to.equal(1);
      expect(stderr).to.contain('no-ffmpeg').and.contain('DEEPFAKE_GAME_FFMPEG');
    } finally {
      delete process.env['DEEPFAKE_GAME_FFMPEG'];
    }
  });

  it('prints its settings and its help', async () => {
    const printed = await prepare('--cfg', 'job', 'data=folder', 'frames.every=5');
    expect(printed.stdout).to.contain('every: 5').and.contain('margin: 1.3').and.contain('name: folder');
    expect((await prepare('--help')).stdout)
      .to.contain('npm run prepare')
      .and.contain('corpus=');
  });
});
