/** A report on trained and tested runs: the composition root. It reads run folders, and opens a data set only for pictures. */
import path from 'node:path';
import { compareAll, type Comparisons } from './report/comparisons.ts';
import { figuresCsv } from './report/figures-csv.ts';
import type { Problem } from './report/problem.ts';
import { namesOf, readRun } from './report/run.ts';
import { arrange, type Scene } from './report/scene.ts';
import { comparisons } from './report/sections/comparisons.ts';
import { cost } from './report/sections/cost.ts';
import { curves } from './report/sections/curves.ts';
import { errors } from './report/sections/errors.ts';
import { leftOut } from './report/sections/left-out.ts';
import { matrix } from './report/sections/matrix.ts';
import { reliability } from './report/sections/reliability.ts';
import { overSeedsTable, results } from './report/sections/results.ts';
import { runs } from './report/sections/runs.ts';
import { NO_PICTURES, opponents, sheets, type ReportPictures } from './report/sections/pictures.ts';
import { storedCurves } from './report/sections/stored-curves.ts';
import { training } from './report/sections/training.ts';
import { verdict } from './report/sections/verdict.ts';
import { mainFigures } from './report/figures.ts';
import { CURVE_KINDS } from './report/stored-curves.ts';
import { documentAsMarkdown } from './reports/document-markdown.ts';
import { chartsOf, type ReportDocument } from './reports/document.ts';
import { writeFileAtomic } from './reports/files.ts';
import { documentAsHtml } from './reports/html/page.ts';
import { tableAsLatex } from './reports/tables.ts';

export interface ReportOptions {
  /** Run folders; settings that differ in more than the seed are compared with the first of the same data. */
  readonly dirs: readonly string[];
  /** The folder of the report; files of an earlier report there are replaced. */
  readonly out: string;
  /** Bootstrap resamples of each comparison. */
  readonly resamples: number;
  /** Whether data sets are opened for images of the test and for opponents at work. */
  readonly pictures: boolean;
  /** Told of what is at hand. */
  readonly progress: (line: string) => void;
}

export interface Reported {
  /** What is left out of the report, and why. */
  readonly problems: readonly Problem[];
  /** Runs that are in it. */
  readonly runs: number;
  /** The files written, report.html first. */
  readonly files: readonly string[];
}

/** The seed of the comparisons' bootstrap: the same runs give the same report. */
const SEED = 1;

/**
 * Writes `report.html`, which holds everything, and beside it `report.md`, `report.csv`, `report.tex` and each chart as SVG.
 *
 * @throws if no run is left that has a test, or the folder cannot be written
 */
export async function report(options: ReportOptions): Promise<Reported> {
  const scene = readScene(options);
  if (scene.sets.length === 0) {
    const why = scene.problems.map(({ file, what, remedy }) => `  ${file}: ${what}; ${remedy}`);
    throw new Error(`no run is left to report on:\n${why.join('\n')}`);
  }
  options.progress('comparing');
  const compared = compareAll(scene.sets, { seed: SEED, resamples: options.resamples });
  options.progress('drawing');
  const pictures = await picturesOf(scene, options);
  const document = await documentOf(scene, compared, pictures, options);
  const tables = scene.sets.map(
    ({ name, groups }) =>
      `% ${name.replace(/\s+/g, ' ')}\n${tableAsLatex(overSeedsTable(groups, mainFigures))}`,
  );
  const files = [
    ['report.html', documentAsHtml(document)],
    ['report.md', documentAsMarkdown(document)],
    ['report.csv', figuresCsv(scene, compared)],
    ['report.tex', tables.join('\n')],
    ...chartsOf(document).map(({ name, svg }) => [`${name}.svg`, svg] as const),
  ] as const;
  for (const [name, content] of files) writeFileAtomic(path.join(options.out, name), content);
  return {
    problems: scene.problems,
    runs: scene.groups.reduce((sum, group) => sum + group.runs.length, 0),
    files: files.map(([name]) => path.join(options.out, name)),
  };
}

function readScene({ dirs, progress }: ReportOptions): Scene {
  const names = namesOf(dirs);
  const read = dirs.map((dir, i) => {
    progress(`reading ${i + 1} of ${dirs.length}: ${dir}`);
    return readRun(dir, names[i]!);
  });
  return arrange(
    read.flatMap(({ run }) => (run === null ? [] : [run])),
    read.flatMap(({ problems }) => problems),
  );
}

/** TensorFlow is loaded for them alone. */
async function picturesOf(scene: Scene, { pictures, progress }: ReportOptions): Promise<ReportPictures> {
  if (!pictures) return NO_PICTURES;
  const { reportPictures } = await import('./report-pictures.ts');
  return reportPictures(scene, progress);
}

async function documentOf(
  scene: Scene,
  compared: Comparisons,
  pictures: ReportPictures,
  { resamples }: ReportOptions,
): Promise<ReportDocument> {
  const count = scene.groups.reduce((sum, group) => sum + group.runs.length, 0);
  const plural = (n: number, what: string): string => `${n} ${what}${n === 1 ? '' : 's'}`;
  return {
    title: 'Detectors compared',
    lead: `${plural(count, 'run')} of ${plural(scene.groups.length, 'setting')}, on ${plural(scene.sets.length, 'test set')}.`,
    sections: [
      verdict(scene, compared, resamples),
      ...leftOut(scene),
      results(scene),
      ...comparisons(scene, compared, resamples),
      await curves(scene),
      await reliability(scene),
      ...(await matrix(scene)),
      ...(await Promise.all(CURVE_KINDS.map((kind) => storedCurves(scene, kind)))).flat(),
      await training(scene),
      ...opponents(scene, pictures.opponents),
      errors(scene, pictures.thumbnails),
      ...sheets(pictures.sheets),
      cost(scene),
      runs(scene),
    ],
  };
}
