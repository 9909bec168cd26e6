/** Train × test: what each setting reaches on each test set. */
import type { Section } from '../../reports/document.ts';
import { overSeeds } from '../../evaluation/seeds.ts';
import { svgOf } from '../../reports/charts.ts';
import { heatMap } from '../../reports/heat-map.ts';
import type { Scene } from '../scene.ts';

/** Rows that a chart shows; the tables have all. */
const MOST_ROWS = 40;

/** The matrix, or no section with one test set alone. */
export async function matrix({ sets, groups }: Scene): Promise<Section[]> {
  if (sets.length < 2) return [];
  const shown = groups.slice(0, MOST_ROWS);
  const cells = shown.flatMap(({ name, runs }) =>
    sets.flatMap((set) => {
      const tested = set.groups.find(({ group }) => group.name === name);
      if (tested === undefined || runs.length === 0) return [];
      const aucs = tested.entries.map(({ test }) => test.evaluation.overall.auc.value);
      return [{ row: name, column: set.name, value: overSeeds(aucs).mean, marked: false }];
    }),
  );
  const title = 'AUC pooled, by settings and test set';
  const left =
    shown.length < groups.length ? ` The first ${shown.length} of ${groups.length} settings are shown.` : '';
  return [
    {
      id: 'matrix',
      title: 'Across test sets',
      blocks: [
        {
          ...{ kind: 'chart', name: 'matrix', title },
          description: `AUC over all images of each test set, mean over seeds. An empty cell: not tested there.${left}`,
          svg: await svgOf(
            heatMap(
              { title, rowTitle: 'trained with', columnTitle: 'tested on', figure: 'AUC', chance: 0.5 },
              cells,
            ),
          ),
        },
      ],
    },
  ];
}
