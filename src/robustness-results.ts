/** What a robustness run prints and draws. */
import type { TopLevelSpec } from 'vega-lite';
import { plainFigures, type CorruptionFigures, type Reached } from './evaluation/robustness/corruption-figures.ts';
import { panelChart, type CurvePoint } from './reports/charts.ts';
import type { ResultsTable } from './reports/tables.ts';

/** A row a corruption: its mean over the severities, after the clean images and before the mean over all. */
export function corruptionTable({ clean, means, mean }: CorruptionFigures): ResultsTable {
  const names = Object.keys(mean);
  const rows = [['clean', plainFigures(clean)], ...Object.entries(means), ['mean', mean]] as const;
  return {
    columns: ['corruption', ...names.map((name) => name.replace(/^auc_/, 'AUC ').replace(/^auc$/, 'AUC'))],
    rows: rows.map(([row, figures]) => [row, ...names.map((name) => figures[name]!.toFixed(3))]),
  };
}

/** A small chart a corruption, over the severities; 0 is the clean images. */
export function corruptionChart(title: string, { clean, points }: CorruptionFigures): TopLevelSpec {
  const corruptions = [...new Set(points.map(({ corruption }) => corruption))];
  const curve = corruptions.flatMap((panel) => [
    ...lines(panel, 0, clean),
    ...points
      .filter(({ corruption }) => corruption === panel)
      .flatMap((point) => lines(panel, point.severity, point)),
  ]);
  return panelChart(title, { x: 'severity', y: 'AUC, balanced accuracy', ownX: false }, curve);
}

function lines(panel: string, x: number, { auc, groups, accuracy }: Reached): CurvePoint[] {
  const named = Object.entries(groups).map(([name, figure]) => ({ panel, series: `AUC ${name}`, x, figure }));
  const all = named.length === 0 ? [{ panel, series: 'AUC', x, figure: auc }] : named;
  return [...all, { panel, series: 'accuracy', x, figure: accuracy }];
}
