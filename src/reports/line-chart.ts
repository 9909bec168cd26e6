/** Lines of several series in one panel or several: what a report draws. */
import type { TopLevelSpec } from 'vega-lite';
import { LOOK, series } from './charts.ts';

/** A point of a line. */
export interface LinePoint {
  readonly panel: string;
  /** Gives the colour. */
  readonly series: string;
  /** Tells lines of one series apart, such as those of several seeds. */
  readonly line: string;
  readonly x: number;
  readonly y: number;
}

export interface LineAxes {
  readonly x: Axis;
  readonly y: Axis;
  /** Width and height of a panel in pixels. */
  readonly size: readonly [number, number];
  /** Whether each panel has scales of its own. */
  readonly own?: boolean;
  /** Whether y = x is drawn, dashed. */
  readonly diagonal?: boolean;
  /** Whether points have marks; without, they are drawn as lines alone. */
  readonly marks?: boolean;
  /** Series in the order of their colours, also those without a point here, so that a series has the same colour in every chart; without, in the order of the points. */
  readonly series?: readonly string[];
}

export interface Axis {
  readonly title: string;
  /** Both ends of the scale; without, those of the values. */
  readonly domain?: readonly [number, number];
}

/** Pixels that a name in the legend may take. */
const LABEL = 420;

/** Lines through points in their order, two panels a row. The legend stands below, so that the chart fits a phone. */
export function lineChart(
  title: string,
  { x, y, size, own = false, diagonal = false, marks = false, series: all }: LineAxes,
  points: readonly LinePoint[],
): TopLevelSpec {
  const panels = [...new Set(points.map(({ panel }) => panel))];
  const drawn = [...new Set(points.map((point) => point.series))];
  const names = all ?? drawn;
  const ends = panels.flatMap((panel) =>
    [0, 1].map((end) => ({ panel, line: 'y = x', x: end, y: end, of: 'diagonal' })),
  );
  const values = [
    ...points.map((point, order) => ({ ...point, order, of: 'data' })),
    ...(diagonal ? ends.map((end, order) => ({ ...end, series: drawn[0], order })) : []),
  ];
  const field = (name: 'x' | 'y', { title: axisTitle, domain }: Axis) =>
    ({
      field: name,
      type: 'quantitative',
      title: axisTitle,
      scale: domain === undefined ? { zero: false, nice: name === 'y' } : { domain: [...domain] },
      axis: { tickCount: 5 },
    }) as const;
  const encoding = {
    x: field('x', x),
    y: field('y', y),
    order: { field: 'order', type: 'quantitative' },
    detail: { field: 'line', type: 'nominal' },
  } as const;
  const colour = {
    ...series('series', names),
    legend: {
      ...{ orient: 'bottom', columns: 1, labelLimit: LABEL, symbolOpacity: 1 },
      values: names.filter((name) => drawn.includes(name)),
    },
  } as const;
  const layer = [
    {
      transform: [{ filter: "datum.of === 'diagonal'" }],
      mark: { type: 'line', strokeDash: [4, 4], color: '#999', strokeWidth: 1 },
      encoding,
    },
    {
      transform: [{ filter: "datum.of === 'data'" }],
      mark: { type: 'line', strokeWidth: 1.6, opacity: 0.9, ...(marks ? { point: { size: 24 } } : {}) },
      encoding: { ...encoding, color: colour },
    },
  ];
  const [width, height] = size;
  const look = { ...LOOK, title, data: { values } };
  if (panels.length === 1) return { ...look, width, height, layer } as unknown as TopLevelSpec;
  return {
    ...look,
    columns: 2,
    facet: { field: 'panel', type: 'nominal', title: null, sort: panels, header: { labelFontSize: 12 } },
    ...(own ? { resolve: { scale: { x: 'independent', y: 'independent' } } } : {}),
    spec: { width, height, layer },
  } as unknown as TopLevelSpec;
}
