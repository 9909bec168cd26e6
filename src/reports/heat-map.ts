/** A table of figures as colours. */
import type { TopLevelSpec } from 'vega-lite';
import { LOOK } from './charts.ts';

export interface NamedCell {
  readonly row: string;
  readonly column: string;
  readonly value: number;
  /** Framed, for what the legend says of it. */
  readonly marked: boolean;
}

/** What a heat map says beside its cells. */
export interface HeatMapText extends Readonly<Record<'title' | 'rowTitle' | 'columnTitle', string>> {
  /** What the cells are, between 0 and 1: `AUC`. */
  readonly figure: string;
  /** The value of guessing: white, with another hue below; null where there is none, and 0 is white. */
  readonly chance: number | null;
  /** Why cells are marked. */
  readonly mark?: string;
}

/** Figures from chance (white) to 1 in one hue, below chance in another, each printed; marked cells are framed. A cell that is not given stays empty. Rows and columns keep their order. */
export function heatMap(
  { title, rowTitle, columnTitle, figure, chance, mark }: HeatMapText,
  cells: readonly NamedCell[],
): TopLevelSpec {
  const colours = chance === null ? TO_ONE : { domain: [0, chance, 1], range: ['#D55E00', ...TO_ONE.range] };
  const axis = (field: 'row' | 'column', heading: string) =>
    ({
      field,
      type: 'nominal',
      title: heading,
      sort: [...new Set(cells.map((cell) => cell[field]))],
      scale: { paddingInner: 0.08 }, // frames of neighbours stand apart
      axis: { ticks: false, domain: false, labelPadding: 6, labelLimit: 260, ...PLACE[field] },
    }) as const;
  const x = axis('column', columnTitle);
  const y = axis('row', rowTitle);
  return {
    ...LOOK,
    title: { text: title, ...(mark === undefined ? {} : { subtitle: mark, subtitleColor: '#444' }) },
    width: { step: 78 },
    height: { step: 34 },
    data: { values: cells.map((cell) => ({ ...cell, printed: cell.value.toFixed(3) })) },
    layer: [
      {
        mark: { type: 'rect', stroke: 'white', strokeWidth: 2 },
        encoding: {
          x,
          y,
          color: {
            field: 'value',
            type: 'quantitative',
            title: figure,
            scale: { ...colours, interpolate: 'rgb' },
            legend: { values: [0, 0.25, 0.5, 0.75, 1], format: '.2f' },
          },
        },
      },
      {
        transform: [{ filter: 'datum.marked' }],
        mark: { type: 'rect', filled: false, fillOpacity: 0, stroke: '#222', strokeWidth: 1.8 },
        encoding: { x, y },
      },
      {
        mark: { type: 'text', fontSize: 12 },
        encoding: {
          x,
          y,
          text: { field: 'printed' },
          color: {
            condition: {
              test: `datum.value > 0.85${chance === null ? '' : ' || datum.value < 0.15'}`,
              value: 'white',
            },
            value: '#222',
          },
        },
      },
    ],
  };
}

const TO_ONE = { domain: [0, 1], range: ['#FFFFFF', '#0072B2'] };

const PLACE = {
  row: {},
  column: { orient: 'top', labelAngle: -35 },
} as const;
