/** All figures of a test, from the scores of val and test: what evaluation.json holds. */
import { calibrationOf, type Calibration } from './calibration.ts';
import { evaluateScores, type Evaluation, type EvaluationOptions } from './evaluate-scores.ts';
import { bestThreshold } from './metrics.ts';
import type { ScoreRow } from './scores.ts';
import { atTemperature, fitTemperature, type Temperature } from './temperature.ts';
import { hasVideos, videoRows } from './videos.ts';

/** Calibration as the detector is, and with its logits divided by the temperature that val asks for. */
export interface BeforeAfter {
  readonly before: Calibration;
  readonly after: Calibration;
}

export interface CalibrationFigures {
  readonly temperature: Temperature;
  readonly val: BeforeAfter;
  readonly test: BeforeAfter;
  /** Of the test's videos: after = the mean of frames at the temperature; null where no video has two images. */
  readonly videos: BeforeAfter | null;
}

/** Figures of images, and of videos where any has more than one image. */
export interface TestFigures extends Evaluation {
  /** At a threshold of its own, chosen on val's videos. */
  readonly videos: Evaluation | null;
  readonly calibration: CalibrationFigures;
}

/**
 * @param val scores of the val split, of the same checkpoint
 * @param options `threshold` is of images, and was chosen on val
 * @throws as {@link evaluateScores} does; if val holds one class alone
 */
export function testFigures(
  val: readonly ScoreRow[],
  test: readonly ScoreRow[],
  options: EvaluationOptions,
): TestFigures {
  const videos = hasVideos(test) ? videoRows(test) : null;
  const temperature = fitTemperature(val);
  const beforeAfter = (
    rows: readonly ScoreRow[],
    of: (rows: readonly ScoreRow[]) => readonly ScoreRow[],
  ) => ({
    before: calibrationOf(of(rows)),
    after: calibrationOf(of(atTemperature(rows, temperature.value))),
  });
  const same = (rows: readonly ScoreRow[]): readonly ScoreRow[] => rows;
  return {
    ...evaluateScores(test, options),
    videos: videos === null ? null : evaluateScores(videos, { ...options, threshold: videoThreshold(val) }),
    calibration: {
      temperature,
      val: beforeAfter(val, same),
      test: beforeAfter(test, same),
      videos: videos === null ? null : beforeAfter(test, videoRows),
    },
  };
}

/** The threshold with the best balanced accuracy on val's videos. */
export function videoThreshold(val: readonly ScoreRow[]): number {
  const videos = videoRows(val);
  return bestThreshold(
    videos.map(({ label }) => label),
    videos.map(({ score }) => score),
    'balanced accuracy',
    { group: 'videos of val', ids: videos.map(({ id }) => id) },
  );
}
