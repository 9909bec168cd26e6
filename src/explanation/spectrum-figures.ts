/** From score tables under filters to the figures of a spectrum. */
import { csvLine } from '../data/csv.ts';
import type { Estimate } from '../evaluation/evaluate-scores.ts';
import { macroAucs } from '../evaluation/macro-auc.ts';
import type { ResultsTable } from '../reports/tables.ts';
import type { BandFilter } from './bands.ts';
import type { Clipping, FilteredScores } from './sweep.ts';

/** What a filter leaves of a detector. */
export interface SpectrumFigure extends Pick<BandFilter, 'kind' | 'name'> {
  /** Cycles a pixel: the band that is removed (band-stop), or what is kept. */
  readonly from: number;
  readonly to: number;
  /** For `all` fakes and each group: the mean of the manipulations' AUCs against all reals, with its interval. */
  readonly auc: Readonly<Record<string, Estimate>>;
  readonly clipping: Clipping;
}

/** The group of all manipulations. */
export const ALL = 'all';

/**
 * The AUCs under each filter.
 *
 * @param groups of manipulations by name, beside `all`
 * @throws as `macroAucs` does
 */
export function spectrumFigures(
  scores: readonly FilteredScores[],
  groups: Readonly<Record<string, readonly string[]>>,
  options: { readonly seed: number; readonly resamples: number },
): SpectrumFigure[] {
  return scores.map(({ filter: { kind, name, from, to }, rows, clipping }) => {
    const all = [...new Set(rows.filter(({ label }) => label === 1).map(({ manipulation }) => manipulation))];
    return { kind, name, from, to, auc: macroAucs(rows, { [ALL]: all, ...groups }, options), clipping };
  });
}

const COLUMNS = ['run', 'filter', 'kind', 'from', 'to', 'fakes', 'auc', 'low', 'high', 'clipped'] as const;

/** A line a filter and group, frequencies in cycles a pixel, the share of clipped values last. */
export function spectrumCsv(
  runs: readonly { readonly run: string; readonly spectrum: readonly SpectrumFigure[] }[],
): string {
  const lines = runs.flatMap(({ run, spectrum }) =>
    spectrum.flatMap(({ name, kind, from, to, auc, clipping }) =>
      Object.entries(auc).map(([group, { value, interval }]) =>
        [
          run,
          name,
          kind,
          from,
          to,
          group,
          value,
          interval?.low ?? '',
          interval?.high ?? '',
          clipping.share,
        ].map(String),
      ),
    ),
  );
  return [[...COLUMNS], ...lines].map(csvLine).join('');
}

/** A row a filter and a column a group, for people. */
export function spectrumTable(spectrum: readonly SpectrumFigure[]): ResultsTable {
  const groups = Object.keys(spectrum[0]!.auc);
  return {
    columns: ['filter', 'cycles a pixel', 'clipped', ...groups.map((group) => `AUC ${group}`)],
    rows: spectrum.map(({ kind, from, to, clipping, auc }) => [
      kind,
      `${from.toFixed(3)}–${to.toFixed(3)}`,
      `${(100 * clipping.share).toFixed(1)} %`,
      ...groups.map((group) => auc[group]!),
    ]),
  };
}
