/** What was run: commands, seeds, versions, machine, data. */
import type { Block, Section } from '../../reports/document.ts';
import type { Versions } from '../../reports/versions.ts';
import type { ReportedRun } from '../run.ts';
import type { Scene, TestSet } from '../scene.ts';

/** Facts of a start that are told once where they are the same for all. */
const FACTS = [
  'commit',
  'node',
  'tfjs',
  'tensorflow',
  'precision',
  'threads',
  'cpu',
  'cpuThreads',
  'platform',
] as const;

/** Commands, versions and machine, and the digests of the data that the detectors were shown. */
export function runs(scene: Scene): Section {
  const all = scene.groups.flatMap(({ runs: own }) => own);
  return {
    id: 'runs',
    title: 'What was run',
    blocks: [
      {
        kind: 'table',
        caption: 'Versions and machine of all starts; several where they differ.',
        table: factsTable(all),
      },
      {
        kind: 'table',
        caption: 'What the detectors were shown, by sha256; equal digests are equal images.',
        table: dataTable(scene.sets),
      },
      { kind: 'text', text: 'Commands, one a start of a run:' },
      { kind: 'code', text: all.flatMap(({ starts }) => starts.map(({ command }) => command)).join('\n') },
      ...(all.length > 1 ? [runsTable(all)] : []),
    ],
  };
}

function factsTable(all: readonly ReportedRun[]): { columns: string[]; rows: string[][] } {
  const starts = all.flatMap((run) => run.starts);
  const values = (fact: keyof Versions): string =>
    [...new Set(starts.map((start) => String(start[fact] ?? 'unknown')))].join('; ');
  return { columns: ['what', 'value'], rows: FACTS.map((fact) => [fact, values(fact)]) };
}

function dataTable(sets: readonly TestSet[]): { columns: string[]; rows: string[][] } {
  const rows = sets.flatMap(({ name, groups }) => {
    const digests = groups.flatMap(({ entries }) => entries.map(({ test }) => test.evaluation.test));
    const distinct = digests.filter(
      (each, i) => digests.findIndex(({ pixels }) => pixels === each.pixels) === i,
    );
    return distinct.map(({ images, size, samples, pixels }) => [
      name,
      String(images),
      String(size),
      samples.slice(0, 16),
      pixels.slice(0, 16),
    ]);
  });
  return { columns: ['test set', 'images', 'side', 'samples', 'pixels'], rows };
}

function runsTable(all: readonly ReportedRun[]): Block {
  return {
    kind: 'table',
    caption: 'Every run',
    folded: true,
    table: {
      columns: ['run', 'seed', 'started', 'minutes', 'commit', 'folder'],
      rows: all.map(({ name, dir, seed, status, starts }) => [
        name,
        String(seed),
        starts[0]!.startedAt,
        status.minutes.toFixed(1),
        starts[0]!.commit ?? 'unknown',
        dir,
      ]),
    },
  };
}
