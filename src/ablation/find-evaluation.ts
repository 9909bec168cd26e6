/** The evaluation of a run on given data, found among the files of its folder. */
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { differingKey } from '../config/differing-key.ts';
import type { OtherData } from '../evaluate.ts';
import { readEvaluation, type StoredEvaluation } from '../evaluation/evaluation-file.ts';

export interface FoundEvaluation {
  readonly evaluation: StoredEvaluation;
  /** The scores that it was made of. */
  readonly scores: string;
}

/**
 * The evaluation of a finished run's best checkpoint on its own test, or with `on` on other data with the same settings; null if there is none, its scores are
 * gone, or it is of an earlier checkpoint.
 *
 * @throws if a file is damaged, or two evaluations have the same settings of other samples
 */
export function findEvaluation(dir: string, on: OtherData | null): FoundEvaluation | null {
  const files =
    on === null ? ['evaluation.json'] : readdirSync(dir).filter((name) => /^evaluation-.*\.json$/.test(name));
  const found = files.flatMap((name) => {
    const scores = path.join(dir, name.replace(/^evaluation(.*)json$/, 'scores-test$1csv'));
    if (!existsSync(path.join(dir, name)) || !existsSync(scores)) return [];
    const evaluation = readEvaluation(path.join(dir, name));
    const sameData = on === null || differingKey(evaluation.data, on.data) === null;
    return sameData && evaluation.round === bestRound(dir) ? [{ name, evaluation, scores }] : [];
  });
  // labels may differ: the hash at the end is that of what was tested
  if (new Set(found.map(({ name }) => name.slice(-HASHED))).size > 1) {
    throw new Error(
      `${dir}: ${found.map(({ name }) => name).join(' and ')} are tests by the same settings on different files: the data have changed in between. ` +
        'Remove the older one and its scores',
    );
  }
  return found[0] ?? null;
}

/** Characters of `-HASH.json`. */
const HASHED = 14;

/** The round of the checkpoint that a finished run is judged by. */
function bestRound(dir: string): number | undefined {
  const file = path.join(dir, 'results.json');
  const { metrics } = JSON.parse(readFileSync(file, 'utf8')) as { metrics: Record<string, number> };
  return metrics['best/round'];
}
