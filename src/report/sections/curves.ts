/** ROC and precision-recall curves. */
import type { Chart, Section } from '../../reports/document.ts';
import { svgOf } from '../../reports/charts.ts';
import { lineChart, type LinePoint } from '../../reports/line-chart.ts';
import type { Line } from '../run-test.ts';
import type { Entry, Scene, TestSet } from '../scene.ts';
import { chartName, legendOf, onSet, shownGroups, shownRuns, shownSets } from '../shown.ts';

const UNIT = [0, 1] as const;

/** Two charts a test set. */
export async function curves(scene: Scene): Promise<Section> {
  const charts = await Promise.all(
    shownSets(scene).flatMap((set, place) => [rocOf(scene, set, place), prOf(scene, set, place)]),
  );
  return { id: 'curves', title: 'ROC and precision-recall curves', blocks: charts };
}

async function rocOf(scene: Scene, set: TestSet, place: number): Promise<Chart> {
  const { points, left } = linesOf(set, ({ test }) => test.roc);
  const title = `ROC${onSet(scene, set.name)}`;
  const axes = {
    x: { title: 'false alarms (FPR)', domain: UNIT },
    y: { title: 'fakes found (TPR)', domain: UNIT },
  };
  return {
    ...{ kind: 'chart', name: chartName('roc', place), title },
    description: `Share of fakes found over the share of reals called fake, over all images; a line a run, the dashed diagonal is chance.${left}`,
    svg: await svgOf(lineChart(title, { ...axes, size: [340, 340], diagonal: true }, points)),
  };
}

async function prOf(scene: Scene, set: TestSet, place: number): Promise<Chart> {
  const { points, left } = linesOf(set, ({ test }) => test.pr);
  const title = `Precision and recall${onSet(scene, set.name)}`;
  const axes = {
    x: { title: 'recall: fakes found', domain: UNIT },
    y: { title: 'precision: fakes among alarms', domain: UNIT },
  };
  const { reals, fakes } = set.groups[0]!.entries[0]!.test.evaluation.overall;
  return {
    ...{ kind: 'chart', name: chartName('pr', place), title },
    description: `Precision over recall, fake = positive. Calling everything fake has precision ${(fakes / (fakes + reals)).toFixed(3)} here.${left}`,
    svg: await svgOf(lineChart(title, { ...axes, size: [340, 340] }, points)),
  };
}

function linesOf({ groups }: TestSet, of: (entry: Entry) => Line): { points: LinePoint[]; left: string } {
  const shown = shownGroups(groups);
  const points = shown.groups.flatMap((tested) =>
    shownRuns(tested.entries).flatMap((entry) => {
      const { x, y } = of(entry);
      const names = { panel: '', series: legendOf(tested), line: entry.run.name };
      return x.map((value, i) => ({ ...names, x: value, y: y[i]! }));
    }),
  );
  return { points, left: shown.left };
}
