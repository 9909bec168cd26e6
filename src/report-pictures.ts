/** The pictures of a report: images of the test that were judged worst, what opponents do, and sheets that other commands left. They need the data set. */
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import type { DatasetContext } from './data/module.ts';
import type { OpenDataset } from './data/index.ts';
import { encodePng, resizeSquare } from './data/image.ts';
import { opponentPicture } from './opponent-picture.ts';
import { openEngine, prepareData } from './prepare.ts';
import type { RunTest } from './report/run-test.ts';
import type { ReportedRun } from './report/run.ts';
import type { Scene } from './report/scene.ts';
import type { ReportPictures } from './report/sections/pictures.ts';
import { shownGroups } from './report/shown.ts';
import type { ShownPicture } from './reports/document.ts';
import { encodePng as encodePicture } from './reports/pictures.ts';
import { readRunConfig } from './run-config.ts';
import type { RunConfig } from './run-settings.ts';
import { tellProgress } from './run.ts';

/** Side of a thumbnail in pixels at most. */
const SIDE = 112;

/**
 * The pictures of the first run of each setting that charts show.
 *
 * @throws if a run's settings are not those of this version, its data set cannot be opened, or it no longer holds a sample that was tested
 */
export async function reportPictures(
  { groups, sets }: Scene,
  tell: (line: string) => void,
): Promise<ReportPictures> {
  const progress = tellProgress(tell);
  const thumbnails = new Map<string, ReadonlyMap<string, Uint8Array>>();
  const opponents: ShownPicture[] = [];
  const sheets: ShownPicture[] = [];
  const tested = new Set(
    sets.flatMap((set) => shownGroups(set.groups).groups.map(({ entries }) => entries[0]!.run)),
  );
  for (const run of tested) {
    const config = await readRunConfig(run.dir);
    const own = run.tests.find(({ label }) => label === null);
    if (own !== undefined) thumbnails.set(run.name, await thumbnailsOf(own, config, run, progress));
    sheets.push(...sheetsIn(run));
  }
  for (const { name, runs } of shownGroups(groups).groups) {
    const [run] = runs;
    const config = await readRunConfig(run!.dir);
    if (config.generator.name === 'none') continue;
    openEngine(config.runtime);
    const picture = await opponentPicture(config, run!.dir, progress);
    const caption = `${name}: what it changes in eight val images, amplified, and the maps that it chose`;
    opponents.push({ png: await encodePicture(picture), caption });
  }
  return { thumbnails, opponents, sheets };
}

async function thumbnailsOf(
  { hardest }: RunTest,
  config: RunConfig,
  run: ReportedRun,
  progress: DatasetContext['progress'],
): Promise<Map<string, Uint8Array>> {
  const dataset: OpenDataset = await prepareData(config.data, config.seed, progress);
  const samples = new Map(dataset.samples('test').map((sample) => [sample.id, sample]));
  const images = new Map<string, Uint8Array>();
  for (const { id } of [...hardest.reals, ...hardest.fakes]) {
    const sample = samples.get(id);
    if (sample === undefined) {
      throw new Error(
        `${id}: was tested by ${run.dir}, and its data set no longer holds it; evaluate the run again, or leave out pictures=true`,
      );
    }
    const image = await dataset.read(sample);
    images.set(id, await encodePng(image.width > SIDE ? await resizeSquare(image, SIDE) : image));
  }
  return images;
}

/** Pictures that `npm run explain` and `npm run robustness` drew. */
function sheetsIn({ dir, name }: ReportedRun): ShownPicture[] {
  const file = path.join(dir, 'explanation', 'explanation.json');
  const explained = existsSync(file)
    ? (JSON.parse(readFileSync(file, 'utf8')) as { readonly sheets: readonly StoredSheet[] }).sheets.map(
        (sheet) => ({
          file: path.join('explanation', path.basename(sheet.file)),
          caption: `${name}, ${path.basename(sheet.file, '.png')}; rows from above: ${sheet.rows.join('; ')}`,
        }),
      )
    : [];
  const corrupted = {
    file: path.join('robustness', 'corrupted.png'),
    caption: `${name}: one image at every corruption, the clean one first`,
  };
  return [...explained, corrupted]
    .filter((sheet) => existsSync(path.join(dir, sheet.file)))
    .map((sheet) => ({ png: readFileSync(path.join(dir, sheet.file)), caption: sheet.caption }));
}

interface StoredSheet {
  readonly file: string;
  readonly rows: readonly string[];
}
