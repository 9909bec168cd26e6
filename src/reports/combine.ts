import type { Reporter } from './reporter.ts';

/**
 * One reporter that passes everything on to each of `reporters`, in their order. All are told even if one fails; the
 * first error is thrown afterwards.
 */
export function reportTo(reporters: readonly Reporter[]): Reporter {
  const all = (tell: (reporter: Reporter) => void): void => {
    const errors: unknown[] = [];
    for (const reporter of reporters) {
      try {
        tell(reporter);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  };
  const allWaiting = async (tell: (reporter: Reporter) => void | Promise<void>): Promise<void> => {
    const outcomes = await Promise.allSettled(reporters.map(async (reporter) => tell(reporter)));
    const failed = outcomes.find((outcome) => outcome.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
  };
  return {
    scalar: (tag, value, step) => all((reporter) => reporter.scalar(tag, value, step)),
    image: (tag, picture, step) => allWaiting((reporter) => reporter.image(tag, picture, step)),
    histogram: (tag, values, step) => all((reporter) => reporter.histogram(tag, values, step)),
    text: (tag, markdown, step) => all((reporter) => reporter.text(tag, markdown, step)),
    prCurve: (tag, curve, step) => all((reporter) => reporter.prCurve(tag, curve, step)),
    hparams: (settings, metrics) => all((reporter) => reporter.hparams(settings, metrics)),
    flush: () => all((reporter) => reporter.flush()),
    close: () => allWaiting((reporter) => reporter.close()),
  };
}
