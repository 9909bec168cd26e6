import { openSummaryWriter } from '../tensorflow/summary.ts';
import type { SummaryWriterOptions } from '../tensorflow/summary.ts';
import { encodePng } from './pictures.ts';
import type { Reporter } from './reporter.ts';

/**
 * Reports into a TensorBoard event file in `logdir`. TensorFlow must be open. The metrics given to `hparams` are written
 * as scalars at step 0, under their own names, which the HParams page lists.
 *
 * @throws if the folder cannot be written
 */
export function reportToTensorBoard(logdir: string, options: SummaryWriterOptions = {}): Reporter {
  const writer = openSummaryWriter(logdir, options);
  const encoding = new Set<Promise<void>>();
  return {
    scalar: (tag, value, step) => writer.scalar(tag, value, step),
    histogram: (tag, values, step) => writer.histogram(tag, values, step),
    text: (tag, markdown, step) => writer.text(tag, markdown, step),
    async image(tag, picture, step) {
      const written = encodePng(picture).then((png) =>
        writer.image(tag, { width: picture.width, height: picture.height, png }, step),
      );
      encoding.add(written);
      try {
        await written;
      } finally {
        encoding.delete(written);
      }
    },
    prCurve: (tag, curve, step) =>
      writer.prCurve(
        tag,
        [
          curve.truePositives,
          curve.falsePositives,
          curve.trueNegatives,
          curve.falseNegatives,
          curve.precision,
          curve.recall,
        ],
        step,
      ),
    hparams(settings, metrics) {
      writer.hparams(settings, Object.keys(metrics));
      for (const [tag, value] of Object.entries(metrics)) writer.scalar(tag, value, 0);
    },
    flush: () => writer.flush(),
    async close() {
      await Promise.allSettled(encoding); // an image that failed has told its caller so
      writer.close();
    },
  };
}
