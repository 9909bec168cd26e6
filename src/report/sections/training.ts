/** How the trainings went: the AUC on val and the losses. */
import type { Chart, Section } from '../../reports/document.ts';
import { svgOf } from '../../reports/charts.ts';
import { lineChart } from '../../reports/line-chart.ts';
import type { Scene } from '../scene.ts';
import { shownGroups, shownRuns } from '../shown.ts';

/** A chart of the AUC on val, and one of the losses that the runs logged. */
export async function training({ groups }: Scene): Promise<Section> {
  const shown = shownGroups(groups);
  const runs = shown.groups.flatMap((group) => shownRuns(group.runs).map((run) => ({ group, run })));
  const tags = [...new Set(runs.flatMap(({ run }) => [...run.training.curves.keys()]))];
  const losses = tags.filter((tag) => tag.startsWith('train/')).sort();
  const chart = async (name: string, title: string, y: string, of: readonly string[]): Promise<Chart[]> => {
    const points = of.flatMap((tag) =>
      runs.flatMap(({ group, run }) => {
        const curve = run.training.curves.get(tag);
        const names = { panel: tag.replace(/^\w+\//, ''), series: group.name, line: run.name };
        return curve === undefined ? [] : curve.x.map((x, i) => ({ ...names, x, y: curve.y[i]! }));
      }),
    );
    if (points.length === 0) return [];
    const description = `${title} over rounds; a line a run, means over stretches where many rounds were logged.${shown.left}`;
    const size: [number, number] = of.length === 1 ? [420, 240] : [240, 160];
    const series = shown.groups.map((group) => group.name);
    const spec = lineChart(
      title,
      { x: { title: 'round' }, y: { title: y }, size, own: true, series },
      points,
    );
    return [{ kind: 'chart', name, title, description, svg: await svgOf(spec) }];
  };
  const valAuc = tags.filter((tag) => tag === 'val/auc');
  const charts = [
    ...(await chart('val-auc', 'AUC on val', 'AUC', valAuc)),
    ...(await chart('losses', 'Losses', 'loss', losses)),
  ];
  return {
    id: 'training',
    title: 'Training',
    blocks: charts.length === 0 ? [{ kind: 'text', text: 'The runs logged no curves.' }] : charts,
  };
}
