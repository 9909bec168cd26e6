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
  const sweeps = Object.values(SWEEPS);
  const values = [
    ...points.map(({ sweep, ...point }) => ({ ...point, panel: SWEEPS[sweep], as: 'filtered' })),
    ...whole.flatMap((point) =>
      sweeps.flatMap((panel) => [0, 0.7].map((frequency) => ({ ...point, panel, frequency, as: 'whole' }))),
    ),
  ];
  const domain: [number, number] = [0, 0.71];
  const x = {
    field: 'frequency',
    type: 'quantitative',
    title: 'cycles a pixel',
    scale: { domain, nice: false },
    axis: { tickCount: 4 },
  } as const;
  const y = (aggregate?: 'mean') =>
    ({
      field: 'auc',
      type: 'quantitative',
      ...(aggregate === undefined ? {} : { aggregate }),
      title: 'AUC',
      scale: { zero: false },
      axis: { tickCount: 5 },
    }) as const;
  const color = series('series', names);
  return {
    ...LOOK,
    title,
    data: { values },
    facet: {
      column: { field: 'panel', title: null, sort: [...sweeps] },
      row: { field: 'group', title: null, sort: [...groups] },
    },
    spec: {
      width: 210,
      height: 150,
      layer: [
        {
          transform: [{ filter: "datum.as === 'whole'" }],
          mark: { type: 'line', strokeDash: [4, 3], strokeWidth: 1.2, opacity: 0.8 },
          encoding: { x, y: y('mean'), color },
        },
        {
          transform: [{ filter: "datum.as === 'filtered'" }],
          mark: { type: 'line', strokeWidth: 0.8, opacity: 0.35 },
          encoding: { x, y: y(), color, detail: { field: 'run', type: 'nominal' } },
        },
        {
          transform: [{ filter: "datum.as === 'filtered'" }],
          mark: { type: 'line', strokeWidth: 2.2, point: { size: 28 } },
          encoding: { x, y: y('mean'), color },
        },
      ],
    },
  };
}
