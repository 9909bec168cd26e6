/** Studies made up for tests: their settings, and runs with scores that a formula gives. */
import type { Test, TestedStudyRun } from '../../src/ablation/read-study.ts';
import type { StudyRun } from '../../src/ablation/run-state.ts';
import type { Study } from '../../src/ablation/study.ts';
import type { ScoreRow } from '../../src/evaluation/scores.ts';
import type { RunConfig } from '../../src/run-settings.ts';

export const STUDY: Study = {
  name: 'made-up',
  dir: 'outputs/made-up',
  seeds: [1, 2],
  jobs: 1,
  common: ['game.rounds=4'],
  table: 'comparison',
  reference: 'none',
  columns: ['seen', 'unseen'],
  metric: 'auc',
  unit: 'images',
  resamples: 50,
  markdown: null,
  rows: { none: ['generator=none'], blur: ['generator=blur'] },
  folds: {},
  tests: {},
};

/** Six people, each real and forged by two methods, twice; a detector whose scores depend on `strength`, between the classes from 0 (chance) up. */
export function scoresOf(strength: number, salt: number): ScoreRow[] {
  return [0, 1, 2, 3, 4, 5].flatMap((person) =>
    ['real', 'deepfakes', 'faceswap'].flatMap((manipulation, m) =>
      [0, 1].map((take): ScoreRow => {
        const noise = ((person * 37 + m * 101 + take * 59 + salt * 17) % 97) / 97;
        const fake = manipulation !== 'real';
        return {
          id: `${manipulation}/${person}/${take}`,
          label: fake ? 1 : 0,
          manipulation,
          videoId: `person${person}`,
          split: 'test',
          score: (noise + (fake ? strength * m : 0)) / 10,
        };
      }),
    ),
  );
}

/** A finished run; `over` changes its own test. */
export function testedRun(
  row: string,
  seed: number,
  rows: readonly ScoreRow[],
  over: Partial<Pick<Test, 'seen' | 'test'>> & { readonly fold?: string; readonly data?: object } = {},
): TestedStudyRun {
  const { fold = null, data = { name: 'faces' }, ...test } = over;
  const name = `${row}${fold === null ? '' : `-${fold}`}-s${seed}`;
  const config = { data, game: { clean_rounds: 1 } } as unknown as RunConfig;
  const run: StudyRun = { row, fold, seed, name, dir: name, overrides: [], config, yaml: '', on: [] };
  return {
    run,
    tests: [{ run, name, on: null, rows, seen: ['deepfakes'], test: null, ...test }],
    minutes: 2 * seed,
    msPerRound: row === 'none' ? 100 : 250,
  };
}

/** AUC by its definition: the share of pairs of a fake and a real that are in order, ties half. */
export function aucByPairs(rows: readonly Pick<ScoreRow, 'label' | 'score'>[]): number {
  const scores = (label: 0 | 1) => rows.filter((row) => row.label === label).map(({ score }) => score);
  const pairs = scores(1).flatMap((fake) =>
    scores(0).map((real): number => (fake > real ? 1 : fake === real ? 0.5 : 0)),
  );
  return pairs.reduce((sum, won) => sum + won, 0) / pairs.length;
}
