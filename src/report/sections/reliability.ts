/** Reliability diagrams: whether probabilities mean what they say, before and after temperature scaling. */
import type { Chart, Section } from '../../reports/document.ts';
import type { Calibration } from '../../evaluation/calibration.ts';
import { svgOf } from '../../reports/charts.ts';
import { lineChart } from '../../reports/line-chart.ts';
import type { Scene, TestedGroup, TestSet } from '../scene.ts';
import { chartName, onSet, shownGroups, shownSets } from '../shown.ts';

const UNIT = [0, 1] as const;
const STATES = { before: 'as it is', after: 'at the temperature of val' } as const;

/** A chart a test set, of the images. */
export async function reliability(scene: Scene): Promise<Section> {
  return {
    id: 'reliability',
    title: 'Calibration',
    blocks: await Promise.all(shownSets(scene).map((set, place) => diagram(scene, set, place))),
  };
}

async function diagram(scene: Scene, set: TestSet, place: number): Promise<Chart> {
  const shown = shownGroups(set.groups);
  const points = (Object.keys(STATES) as (keyof typeof STATES)[]).flatMap((state) =>
    shown.groups.flatMap((tested) =>
      binsOf(tested, state).map(({ confidence, fakes }) => ({
        ...{ panel: STATES[state], series: tested.group.name, line: tested.group.name },
        ...{ x: confidence, y: fakes },
      })),
    ),
  );
  const title = `Reliability${onSet(scene, set.name)}`;
  const axes = {
    x: { title: 'probability of fake', domain: UNIT },
    y: { title: 'share of fakes', domain: UNIT },
  };
  return {
    ...{ kind: 'chart', name: chartName('reliability', place), title },
    description: `Images in 15 bins by the probability that the detector gives; on the dashed diagonal the probability is the share of fakes. Several seeds are binned together. The share of fakes in a test is its own: a detector calibrated on another share lies beside the diagonal.${shown.left}`,
    svg: await svgOf(lineChart(title, { ...axes, size: [250, 250], diagonal: true, marks: true }, points)),
  };
}

/** The bins of all seeds together. */
export function binsOf(
  { entries }: TestedGroup,
  state: keyof typeof STATES,
): { confidence: number; fakes: number }[] {
  const all = entries.map(({ test }): Calibration => test.evaluation.calibration.test[state]);
  return all[0]!.bins.flatMap((_, k) => {
    const bins = all.map(({ bins: own }) => own[k]!).filter(({ count }) => count > 0);
    const count = bins.reduce((sum, bin) => sum + bin.count, 0);
    const mean = (key: 'confidence' | 'fakes'): number =>
      bins.reduce((sum, bin) => sum + bin.count * bin[key]!, 0) / count;
    return count === 0 ? [] : [{ confidence: mean('confidence'), fakes: mean('fakes') }];
  });
}
