/** Charts as SVG or PNG, drawn by Vega from Vega-Lite specifications, without a browser. */
import sharp from 'sharp';
import type { TopLevelSpec } from 'vega-lite';
import type { Figure } from './tables.ts';

/** Okabe & Ito's palette: told apart by colour-blind readers too. */
export const COLOURS = ['#0072B2', '#D55E00', '#009E73', '#CC79A7', '#E69F00', '#56B4E9', '#000000'];

/** What all charts have in common. */
export const LOOK = {
  background: 'white',
  padding: 12,
  config: {
    font: 'Helvetica, Arial, sans-serif',
    title: { anchor: 'start', fontSize: 15, fontWeight: 600, offset: 12, color: '#222' },
    axis: {
      labelFontSize: 11,
      titleFontSize: 12,
      titleFontWeight: 'normal',
      titlePadding: 8,
      titleColor: '#444',
      labelColor: '#444',
      gridColor: '#e6e6e6',
      domainColor: '#999',
      tickColor: '#999',
    },
    legend: {
      labelFontSize: 11,
      titleFontSize: 12,
      labelLimit: 320,
      titleFontWeight: 'normal',
      titleColor: '#444',
    },
    view: { stroke: null },
  },
} as const;

/** One ROC curve: rates in [0, 1], from (0, 0) to (1, 1). */
export interface NamedRoc {
  readonly name: string;
  readonly fpr: readonly number[];
  readonly tpr: readonly number[];
  readonly auc: number;
}

/** ROC curves in one square, chance as a dashed diagonal, the AUC in the legend. */
export function rocChart(title: string, curves: readonly NamedRoc[]): TopLevelSpec {
  const values = curves.flatMap((curve) =>
    curve.fpr.map((fpr, order) => ({ fpr, tpr: curve.tpr[order]!, order, curve: label(curve) })),
  );
  const unit: [number, number] = [0, 1];
  const axis = (field: string, title: string) =>
    ({ field, type: 'quantitative', title, scale: { domain: unit }, axis: { tickCount: 6 } }) as const;
  return {
    ...LOOK,
    title,
    width: 340,
    height: 340,
    layer: [
      {
        data: { values: [{ fpr: 0, tpr: 0 }, { fpr: 1, tpr: 1 }] }, // prettier-ignore
        mark: { type: 'line', strokeDash: [4, 4], color: '#aaa', strokeWidth: 1 },
        encoding: { x: axis('fpr', 'false alarms (FPR)'), y: axis('tpr', 'fakes found (TPR)') },
      },
      {
        data: { values },
        mark: { type: 'line', strokeWidth: 2 },
        encoding: {
          x: axis('fpr', 'false alarms (FPR)'),
          y: axis('tpr', 'fakes found (TPR)'),
          order: { field: 'order', type: 'quantitative' },
          color: series('curve', curves.map(label)),
        },
      },
    ],
  };
}

export interface TrainingPoint {
  readonly series: string;
  readonly step: number;
  readonly value: number;
}

/** Curves over training steps, e.g. losses of both players or the val AUC. */
export function trainingChart(title: string, yTitle: string, points: readonly TrainingPoint[]): TopLevelSpec {
  return {
    ...LOOK,
    title,
    width: 460,
    height: 260,
    data: { values: [...points] },
    mark: { type: 'line', strokeWidth: 1.8 },
    encoding: {
      x: {
        field: 'step',
        type: 'quantitative',
        title: 'step',
        axis: { tickCount: 8 },
        scale: { nice: false },
      },
      y: { field: 'value', type: 'quantitative', title: yTitle, scale: { zero: false } },
      color: series('series', [...new Set(points.map((point) => point.series))]),
    },
  };
}

/** A figure of one series at one place of a curve. */
export interface CurvePoint {
  /** The small chart that it belongs to. */
  readonly panel: string;
  readonly series: string;
  readonly x: number;
  readonly figure: Figure;
}

/**
 * Small charts side by side, three a row, of shares in [0, 1] over x: a line a series with its intervals as a band.
 *
 * @param axes titles, and whether each panel has an x axis of its own
 */
export function panelChart(
  title: string,
  axes: { readonly x: string; readonly y: string; readonly ownX: boolean },
  points: readonly CurvePoint[],
): TopLevelSpec {
  const names = [...new Set(points.map(({ series }) => series))];
  const panels = [...new Set(points.map(({ panel }) => panel))];
  const values = points.map(({ panel, series, x, figure }) => ({
    panel,
    series,
    x,
    ...withEnds(figure),
  }));
  const x = {
    field: 'x',
    type: 'quantitative',
    title: axes.x,
    axis: { tickCount: 5, tickMinStep: axes.ownX ? undefined : 1, grid: false },
  } as const;
  const y = (field: string) =>
    ({
      field,
      type: 'quantitative',
      title: axes.y,
      scale: { domain: [0, 1] as [number, number] },
      axis: { tickCount: 6 },
    }) as const;
  const color = series('series', names);
  return {
    ...LOOK,
    title,
    data: { values },
    columns: 3,
    facet: { field: 'panel', type: 'nominal', title: null, sort: panels, header: { labelFontSize: 12 } },
    ...(axes.ownX ? { resolve: { scale: { x: 'independent' }, axis: { x: 'independent' } } } : {}),
    spec: {
      width: 200,
      height: 150,
      layer: [
        {
          mark: { type: 'area', opacity: 0.15 },
          encoding: { x, y: y('low'), y2: { field: 'high' }, color },
        },
        {
          mark: { type: 'line', strokeWidth: 1.8, point: { size: 22 } },
          encoding: { x, y: y('value'), color },
        },
      ],
    },
  } as TopLevelSpec;
}

export interface NamedFigure {
  readonly group: string;
  readonly method: string;
  readonly figure: Figure;
}

/** Figures of several methods side by side in each group (forgery method), with their intervals. */
export function comparisonChart(
  title: string,
  xTitle: string,
  figures: readonly NamedFigure[],
): TopLevelSpec {
  const methods = [...new Set(figures.map(({ method }) => method))];
  const values = figures.map(({ group, method, figure }) => ({
    group,
    method,
    ...withEnds(figure),
  }));
  const y = {
    field: 'group',
    type: 'nominal',
    title: null,
    sort: null,
    axis: { ticks: false, labelPadding: 8 },
  } as const;
  const yOffset = { field: 'method', type: 'nominal', sort: methods, scale: { paddingOuter: 0.8 } } as const;
  const x = (field: string) =>
    ({ field, type: 'quantitative', title: xTitle, scale: { zero: false }, axis: { tickCount: 6 } }) as const;
  return {
    ...LOOK,
    title,
    width: 420,
    height: { step: 14 },
    data: { values },
    layer: [
      {
        mark: { type: 'rule', strokeWidth: 2, opacity: 0.55 },
        encoding: { y, yOffset, x: x('low'), x2: { field: 'high' }, color: series('method', methods) },
      },
      {
        mark: { type: 'point', filled: true, size: 55, opacity: 1 },
        encoding: { y, yOffset, x: x('value'), color: series('method', methods) },
      },
    ],
  };
}

/** Draws a chart as an SVG file's text. */
export async function svgOf(chart: TopLevelSpec): Promise<string> {
  // Vega takes a third of the time in which a command starts, and most commands draw nothing
  const [{ None, parse, View }, { compile }] = await Promise.all([import('vega'), import('vega-lite')]);
  const view = new View(parse(compile(chart).spec), { renderer: 'none', logLevel: None });
  try {
    return numberedAnew(await view.toSVG());
  } finally {
    view.finalize();
  }
}

/** Vega numbers clips and gradients over all charts that a process draws at a time; from one in each chart, the same chart is the same text. */
function numberedAnew(svg: string): string {
  const numbers = new Map<string, number>();
  return svg.replace(/(\bid="|url\(#|href="#)((?:clip|gradient_)\d+)/g, (_, before: string, id: string) => {
    if (!numbers.has(id)) numbers.set(id, numbers.size + 1);
    return `${before}${id.replace(/\d+$/, '')}${numbers.get(id)!}`;
  });
}

/** Draws a chart as a PNG file's bytes, `scale` pixels to a point. Letters need a font on the machine; SVG does not. */
export async function pngOf(chart: TopLevelSpec, scale = 2): Promise<Uint8Array> {
  return pngOfSvg(await svgOf(chart), scale);
}

/** A drawn chart as SVG and as PNG, drawn once. */
export async function svgAndPngOf(
  chart: TopLevelSpec,
): Promise<{ readonly svg: string; readonly png: Uint8Array }> {
  const svg = await svgOf(chart);
  return { svg, png: await pngOfSvg(svg, 2) };
}

function pngOfSvg(svg: string, scale: number): Promise<Uint8Array> {
  return sharp(Buffer.from(svg), { density: 72 * scale })
    .png()
    .toBuffer();
}

function label(curve: NamedRoc): string {
  return `${curve.name} (AUC ${curve.auc.toFixed(3)})`;
}

/** The value and the ends of its interval, which are the value itself where there is none. */
function withEnds({ value, interval }: Figure): Readonly<Record<'value' | 'low' | 'high', number>> {
  return { value, low: interval?.low ?? value, high: interval?.high ?? value };
}

/** The colours of named series, in their order. */
export function series(field: string, names: readonly string[]) {
  return {
    field,
    type: 'nominal',
    title: null,
    sort: [...names],
    legend: { symbolOpacity: 1 },
    scale: { domain: [...names], range: names.map((_, index) => COLOURS[index % COLOURS.length]!) },
  } as const;
}
