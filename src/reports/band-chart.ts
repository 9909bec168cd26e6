/** AUC over the frequencies that a detector is allowed to see. */
import type { TopLevelSpec } from 'vega-lite';
import { LOOK, series } from './charts.ts';

/** The AUC of one run under one filter. */
export interface BandPoint {
  /** What the run is called; runs of one name are drawn alike, with their mean. */
  readonly series: string;
  /** Which of the runs. */
  readonly run: string;
  readonly sweep: 'band-stop' | 'low-pass' | 'high-pass';
  /** Which fakes: all, seen, unseen. */
  readonly group: string;
  /** Cycles a pixel: the middle of the band that is removed, or the edge below or above which all is kept. */
  readonly frequency: number;
  readonly auc: number;
}

/** The AUC of a run on images as they are. */
export type WholePoint = Pick<BandPoint, 'series' | 'run' | 'group' | 'auc'>;

const SWEEPS = {
  'band-stop': 'without the band around',
  'low-pass': 'with nothing above',
  'high-pass': 'with nothing below',
} as const;

/** A panel for each sweep and group: thin lines for runs, thick for the mean of those of one name, dashed the mean on images as they are. */
export function bandChart(
  title: string,
  points: readonly BandPoint[],
  whole: readonly WholePoint[],
): TopLevelSpec {
  const names = [...new Set(points.map((point) => point.series))];
  const groups = [...new Set(points.map(({ group }) => group))];
  const lines = points.map(({ sweep, ...point }) => ({ ...point, panel: SWEEPS[sweep] }));
  const level = means(whole.map((point) => ({ ...point, panel: '', frequency: 0 })));
  const values = [
    ...lines.map((point) => ({ ...point, as: 'run' })),
    ...means(lines).map((point) => ({ ...point, as: 'mean' })),
    ...level.flatMap((point) =>
      Object.values(SWEEPS).flatMap((panel) =>
        [0, CORNER].map((frequency) => ({ ...point, panel, frequency, as: 'whole' })),
      ),
    ),
  ];
  const domain: [number, number] = [0, CORNER];
  const x = {
    field: 'frequency',
    type: 'quantitative',
    title: 'cycles a pixel',
    scale: { domain, nice: false },
    axis: { tickCount: 4 },
  } as const;
  const y = {
    field: 'auc',
    type: 'quantitative',
    title: 'AUC',
    scale: { zero: false },
    axis: { tickCount: 5 },
  } as const;
  const color = series('series', names);
  return {
    ...LOOK,
    title,
    data: { values },
    facet: {
      column: { field: 'panel', title: null, sort: Object.values(SWEEPS) },
      row: { field: 'group', title: null, sort: [...groups] },
    },
    spec: {
      width: 210,
      height: 150,
      layer: [
        {
          transform: [{ filter: "datum.as === 'whole'" }],
          mark: { type: 'line', strokeDash: [4, 3], strokeWidth: 1.2, opacity: 0.8 },
          encoding: { x, y, color },
        },
        {
          transform: [{ filter: "datum.as === 'run'" }],
          mark: { type: 'line', strokeWidth: 0.8, opacity: 0.35 },
          encoding: { x, y, color, detail: { field: 'run', type: 'nominal' } },
        },
        {
          transform: [{ filter: "datum.as === 'mean'" }],
          mark: { type: 'line', strokeWidth: 2.2, point: { size: 28 } },
          encoding: { x, y, color },
        },
      ],
    },
  };
}

/** The right end of the axis, in cycles a pixel: the corner of the spectrum. */
const CORNER = 0.71;

interface Drawn {
  readonly series: string;
  readonly group: string;
  readonly panel: string;
  readonly frequency: number;
  readonly auc: number;
}

/** The mean over the runs of one name at each place. */
function means(points: readonly Drawn[]): Drawn[] {
  const places = new Map<string, Drawn[]>();
  for (const point of points) {
    const place = JSON.stringify([point.series, point.group, point.panel, point.frequency]);
    places.set(place, [...(places.get(place) ?? []), point]);
  }
  return [...places.values()].map((together) => ({
    ...together[0]!,
    auc: together.reduce((sum, { auc }) => sum + auc, 0) / together.length,
  }));
}
