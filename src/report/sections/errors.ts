/** The images that were judged worst: reals taken for fakes, and fakes taken for reals. */
import type { Block, Section, ShownPicture } from '../../reports/document.ts';
import type { ScoreRow } from '../../evaluation/scores.ts';
import type { Entry, Scene } from '../scene.ts';
import { onSet, shownGroups, shownSets } from '../shown.ts';

/** Thumbnails by the run's name and the sample's id; empty without pictures. */
export type Thumbnails = ReadonlyMap<string, ReadonlyMap<string, Uint8Array>>;

/** Of the first seed of each setting that is shown, on each test set. */
export function errors(scene: Scene, thumbnails: Thumbnails): Section {
  const blocks = shownSets(scene).flatMap((set) => {
    const shown = shownGroups(set.groups);
    return shown.groups.flatMap(({ group, entries }): Block[] => {
      const where = `${group.name}, seed ${entries[0]!.run.seed}${onSet(scene, set.name)}`;
      return hardest(where, entries[0]!, thumbnails.get(entries[0]!.run.name) ?? new Map());
    });
  });
  const hint =
    thumbnails.size > 0
      ? 'Photos of the test set are in this file: do not publish it if they are not yours.'
      : 'The images themselves are shown with pictures=true, which opens the data set.';
  return {
    id: 'errors',
    title: 'Hardest errors',
    blocks: [
      {
        kind: 'text',
        text: `Reals with the highest score and fakes with the lowest, of the first seed of each setting, as far as they lie on the wrong side of the threshold. ${hint}`,
      },
      ...blocks,
    ],
  };
}

/** The first run of a group tells; several seeds miss much the same. */
function hardest(where: string, { test }: Entry, images: ReadonlyMap<string, Uint8Array>): Block[] {
  const { threshold } = test.evaluation;
  const kinds = [
    ['false alarms', test.hardest.reals.filter(({ score }) => score >= threshold)],
    ['misses', test.hardest.fakes.filter(({ score }) => score < threshold)],
  ] as const;
  return kinds.flatMap(([kind, rows]): Block[] => {
    const caption = `${where}: hardest ${kind}, threshold ${threshold.toFixed(3)}`;
    if (rows.length === 0) return [{ kind: 'text', text: `${where}: no ${kind}.` }];
    const pictures = rows.flatMap((row): ShownPicture[] => {
      const png = images.get(row.id);
      return png === undefined ? [] : [{ png, caption: `${row.manipulation}, ${row.score.toFixed(3)}` }];
    });
    return [
      ...(pictures.length === 0 ? [] : [{ kind: 'pictures', caption, pictures } as const]),
      { kind: 'table', caption, table: tableOf(rows), folded: true },
    ];
  });
}

function tableOf(rows: readonly ScoreRow[]): { columns: string[]; rows: string[][] } {
  return {
    columns: ['id', 'manipulation', 'video', 'score'],
    rows: rows.map(({ id, manipulation, videoId, score }) => [id, manipulation, videoId, score.toFixed(4)]),
  };
}
