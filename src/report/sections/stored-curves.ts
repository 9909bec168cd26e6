/** Robustness and spectrum, where the runs hold them. */
import type { Block, Section } from '../../reports/document.ts';
import { overSeeds } from '../../evaluation/seeds.ts';
import { svgOf } from '../../reports/charts.ts';
import { lineChart } from '../../reports/line-chart.ts';
import { meanAndSd } from '../print.ts';
import type { ReportedRun } from '../run.ts';
import type { Group, Scene } from '../scene.ts';
import { shownGroups, shownRuns } from '../shown.ts';
import type { CurveKind, StoredCurves } from '../stored-curves.ts';

const KINDS = {
  corruptions: {
    ...{ title: 'Corrupted images', x: 'severity', mean: 'AUC, mean over corruptions' },
    what: 'AUC on images corrupted at five severities; 0 is the clean images.',
  },
  attacks: {
    ...{ title: 'Attacks', x: 'budget', mean: 'AUC, mean over attacks' },
    what: 'AUC under opponents of growing budgets that see the detector; 0 is the clean images.',
  },
  spectrum: {
    ...{ title: 'Frequencies', x: 'cycles a pixel', mean: 'AUC, mean over filters' },
    what: 'AUC with a band of frequencies taken away (band-stop), or with only those below (low-pass) or above (high-pass) left.',
  },
} as const;

/** Of one kind; no section where no run has such curves. */
export async function storedCurves({ groups }: Scene, kind: CurveKind): Promise<Section[]> {
  const found = groups
    .map(({ name, runs }) => ({ name, runs: runs.filter((run) => curvesIn(run, kind) !== undefined) }))
    .filter(({ runs }) => runs.length > 0);
  if (found.length === 0) return [];
  const { title, what } = KINDS[kind];
  const all = found.flatMap(({ runs }) => runs.map((run) => curvesIn(run, kind)!));
  const asked = [...new Set(all.map((curves) => curves.asked))];
  return [
    {
      id: kind,
      title,
      blocks: [
        { kind: 'text', text: `${what} Measured on ${asked[0]!}.` },
        ...(asked.length > 1
          ? [
              warning(
                `The runs were not asked about the same images (${asked.join('; ')}), so their curves are no fair neighbours.`,
              ),
            ]
          : []),
        ...found.flatMap(({ name, runs }) =>
          [...new Set(runs.flatMap((run) => curvesIn(run, kind)!.warnings))].map((text) =>
            warning(`${name}: ${text}`),
          ),
        ),
        await chart(found, kind, shownGroups(groups).groups),
        { kind: 'table', caption: 'Mean ± standard deviation over seeds.', table: means(found, kind) },
      ],
    },
  ];
}

function curvesIn(run: ReportedRun, kind: CurveKind): StoredCurves | undefined {
  return run.curves.find((each) => each.kind === kind);
}

function warning(text: string): Block {
  return { kind: 'warning', text };
}

async function chart(groups: readonly Group[], kind: CurveKind, ofAll: readonly Group[]): Promise<Block> {
  const { title, x, what } = KINDS[kind];
  const shown = shownGroups(groups);
  const points = shown.groups.flatMap(({ name, runs }) =>
    shownRuns(runs).flatMap((run) =>
      curvesIn(run, kind)!.curves.flatMap(({ panel, line }) =>
        line.x.map((at, i) => ({ panel, series: name, line: run.name, x: at, y: line.y[i]! })),
      ),
    ),
  );
  const series = [...new Set([...ofAll, ...shown.groups].map(({ name }) => name))];
  const axes = { x: { title: x }, y: { title: 'AUC', domain: [0, 1] as const }, series };
  const spec = lineChart(title, { ...axes, size: [220, 140], own: kind === 'attacks', marks: true }, points);
  return {
    kind: 'chart',
    name: kind,
    title,
    description: `${what} A line a run.${shown.left}`,
    svg: await svgOf(spec),
  };
}

/** The points of all panels count alike; the clean images are not among them. */
function means(groups: readonly Group[], kind: CurveKind): { columns: string[]; rows: string[][] } {
  const meanOf = ({ curves }: StoredCurves): number => {
    const values = curves.flatMap(({ line }) =>
      line.y.filter((_, i) => kind === 'spectrum' || line.x[i] !== 0),
    );
    return values.reduce((sum, value) => sum + value, 0) / values.length;
  };
  return {
    columns: ['settings', 'runs', 'AUC, clean', KINDS[kind].mean],
    rows: groups.map(({ name, runs }) => {
      const own = runs.map((run) => curvesIn(run, kind)!);
      return [
        name,
        String(runs.length),
        meanAndSd(overSeeds(own.map(({ clean }) => clean))),
        meanAndSd(overSeeds(own.map(meanOf))),
      ];
    }),
  };
}
