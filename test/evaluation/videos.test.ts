import { expect } from 'chai';
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { averagePrecision, rocAuc } from '../../src/evaluation/metrics.ts';
import type { ScoreRow } from '../../src/evaluation/scores.ts';
import { testFigures, videoThreshold } from '../../src/evaluation/test-figures.ts';
import { hasVideos, videoRows } from '../../src/evaluation/videos.ts';

interface Fixture {
  rows: [manipulation: string, video: string, face: number, frame: number, score: number][];
  videos: [manipulation: string, video: string, score: number][];
  auc: number;
  ap: number;
}

const fixture = JSON.parse(
  readFileSync(new URL('../fixtures/evaluation/videos.json', import.meta.url), 'utf8'),
) as Fixture;

/** Every video id occurs as a real and as two forgeries of it. */
function rowsIn(split: 'val' | 'test'): ScoreRow[] {
  return fixture.rows.map(([manipulation, videoId, face, frame, score]): ScoreRow => ({
    id: [manipulation, videoId, face, frame].join('/'),
    label: manipulation === 'real' ? 0 : 1,
    ...{ manipulation, videoId, split, score, frame, face },
  }));
}

const rows = rowsIn('test');

describe('videos', () => {
  it('have the mean over the frames of a face and the largest over faces; their figures are scikit-learn’s', () => {
    const videos = videoRows(rows);
    expect(videos.map(({ manipulation, videoId }) => [manipulation, videoId])).to.deep.equal(
      fixture.videos.map(([manipulation, video]) => [manipulation, video]),
    );
    videos.forEach(({ score }, i) => expect(score).to.be.closeTo(fixture.videos[i]![2], 1e-12));
    const labels = videos.map(({ label }) => label);
    const scores = videos.map(({ score }) => score);
    expect(rocAuc(labels, scores)).to.be.closeTo(fixture.auc, 1e-12);
    expect(averagePrecision(labels, scores)).to.be.closeTo(fixture.ap, 1e-12);
  });

  it('never merges a real and its forgeries, which share a video id', () => {
    const row: ScoreRow = {
      id: 'a',
      label: 0,
      manipulation: 'real',
      videoId: '000_003',
      split: 'test',
      score: 0,
    };
    const forged = ['deepfakes', 'face2face', 'faceswap', 'neuraltextures'].map(
      (manipulation, i): ScoreRow => ({ ...row, id: manipulation, label: 1, manipulation, score: i / 4 }),
    );
    const qualities = ['c23', 'c40'].map((compression): ScoreRow => ({
      ...row,
      id: compression,
      compression,
    }));
    const videos = videoRows([row, ...forged, ...qualities]);
    expect(videos.map(({ score }) => score)).to.deep.equal([0, 0, 0.25, 0.5, 0.75, 0, 0]);
    expect(new Set(videos.map(({ id }) => id)).size).to.equal(7);
    expect(new Set(videos.map(({ videoId }) => videoId))).to.deep.equal(new Set(['000_003'])); // the bootstrap's unit
  });

  it('does not depend on the order of the rows, and lies within their scores', () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(rows, { minLength: 1 }), (some) => {
        const scores = (of: readonly ScoreRow[]) => new Map(videoRows(of).map((video) => [video.id, video]));
        const [there, back] = [scores(some), scores(some.toReversed())];
        for (const [id, { score, images, faces }] of there) {
          expect(back.get(id)!.score).to.be.closeTo(score, 1e-12);
          expect([images, faces]).to.deep.equal([back.get(id)!.images, back.get(id)!.faces]);
          const all = some.map((row) => row.score);
          expect(score).to.be.within(Math.min(...all) - 1e-12, Math.max(...all) + 1e-12);
        }
        expect([...there.values()].reduce((sum, { images }) => sum + images, 0)).to.equal(some.length);
      }),
      { numRuns: 25 },
    );
  });

  it('are the images where every video has one', () => {
    const single = rows.filter(({ face, frame }) => face === 0 && frame === 0);
    expect([hasVideos(single), hasVideos(rows)]).to.deep.equal([false, true]);
    expect(videoRows(single).map(({ score }) => score)).to.deep.equal(single.map(({ score }) => score));
  });

  it('of several splits are an error', () => {
    expect(() => videoRows([rows[0]!, { ...rows[1]!, videoId: rows[0]!.videoId, split: 'val' }])).to.throw(
      'is of val, others of test',
    );
  });
});

describe('testFigures', () => {
  const val = rowsIn('val').filter(({ videoId }) => Number(videoId) < 6);
  const test = rows.filter(({ videoId }) => Number(videoId) >= 6);
  const options = { threshold: 0.5, seed: 1, resamples: 0, groups: { seen: ['deepfakes'] } };
  const figures = testFigures(val, test, options);

  it('judges videos at the threshold of val’s videos, whatever the test says', () => {
    expect(figures.threshold).to.equal(0.5);
    expect(figures.videos!.threshold).to.equal(videoThreshold(val));
    expect(figures.videos!.overall).to.include({ reals: 6, fakes: 12 });
    expect(figures.videos!.groups.map(({ group }) => group)).to.deep.equal(['seen']);
    const unlike = testFigures(
      val,
      test.map((row) => ({ ...row, score: row.score / 2 })),
      options,
    );
    expect(unlike.videos!.threshold).to.equal(figures.videos!.threshold);
    expect(unlike.calibration.temperature).to.deep.equal(figures.calibration.temperature);
  });

  it('the temperature lowers the cross-entropy of val, and keeps the test’s rows', () => {
    const { val: ofVal, test: ofTest, videos } = figures.calibration;
    expect(ofVal.after.nll).to.be.at.most(ofVal.before.nll);
    expect([ofTest.before.rows, ofTest.after.rows]).to.deep.equal([test.length, test.length]);
    expect(videos!.before.rows).to.equal(18);
  });

  it('has no figures of videos where no video has two images', () => {
    const single = test.filter(({ face, frame }) => face === 0 && frame === 0);
    const { videos, calibration } = testFigures(val, single, options);
    expect([videos, calibration.videos]).to.deep.equal([null, null]);
  });

  it('refuses a val of one class', () => {
    expect(() =>
      testFigures(
        val.filter(({ label }) => label === 0),
        test,
        options,
      ),
    ).to.throw('of val are of one class');
  });
});
