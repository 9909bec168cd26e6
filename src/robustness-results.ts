/** What a robustness run prints and draws. */
import type { TopLevelSpec } from 'vega-lite';
import {
  plainFigures,
  type CorruptionFigures,
  type Reached,
} from './evaluation/robustness/corruption-figures.ts';
import type { AttackCurves, AttackPoint } from './robustness-attacks.ts';
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

/** A row an opponent and budget, the clean images first; shares right are balanced and at val's threshold, before and after rounding to 8 bits. */
export function attackTable({ clean, points, suite }: AttackCurves): ResultsTable {
  const groups = Object.keys(clean.groups);
  const figures = ({ auc, groups: of, accuracy }: Reached): string[] =>
    [auc, ...groups.map((name) => of[name]!), accuracy].map(({ value }) => value.toFixed(3));
  return {
    columns: ['opponent', 'budget', 'AUC', ...groups.map((name) => `AUC ${name}`), 'right', 'right, 8 bits'],
    rows: [
      ['clean', '', ...figures(clean), clean.accuracy.value.toFixed(3)],
      ...[...points, ...suite].map(({ opponent, budget, limit, adversarial, rounded }) => [
        opponent,
        budget === 'eps' ? `${Number((255 * limit).toFixed(2))}/255` : `${limit} px`,
        ...figures(adversarial),
        rounded.accuracy.value.toFixed(3),
      ]),
    ],
  };
}

/** A small chart an opponent, over its budget. */
export function attackChart(title: string, { clean, points, suite }: AttackCurves): TopLevelSpec {
  const unit = ({ budget, limit }: AttackPoint): number => (budget === 'eps' ? 255 * limit : limit);
  const panelOf = ({ opponent, budget }: AttackPoint): string =>
    `${opponent}, ${budget === 'eps' ? 'ε in 1/255' : `${budget} in px`}`;
  const all = [...points, ...suite];
  const panels = [...new Set(all.map(panelOf))];
  const curve = panels.flatMap((panel) => [
    ...lines(panel, 0, clean),
    ...all
      .filter((point) => panelOf(point) === panel)
      .flatMap((point) => lines(panel, unit(point), point.adversarial)),
  ]);
  return panelChart(title, { x: 'budget', y: 'AUC, balanced accuracy', ownX: true }, curve);
}
