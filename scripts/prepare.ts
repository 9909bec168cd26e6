// npm run prepare -- data=NAME data.root=FOLDER out=FOLDER [overrides]: videos and still images to face crops with a manifest. See --help.
import os from 'node:os';
import path from 'node:path';
import sharp from 'sharp';
import { parseCommandLine } from '../src/config/command-line.ts';
import { openConfigFiles } from '../src/config/config-files.ts';
import { ConfigError } from '../src/config/config-error.ts';
import { checkSettings } from '../src/config/schema.ts';
import { text } from '../src/config/settings.ts';
import { plainValue, type MapNode } from '../src/config/tree.ts';
import { cacheFolder } from '../src/data/cache-folder.ts';
import { findCorpus, type AnyCorpusVariant } from '../src/data/corpora/index.ts';
import { FACE_NETWORKS } from '../src/data/face-networks.ts';
import { writeManifest } from '../src/data/manifest/manifest-file.ts';
import { ffmpegVersion, findFfmpeg } from '../src/data/prepare/ffmpeg.ts';
import { openOutput } from '../src/data/prepare/output.ts';
import { prepareClips } from '../src/data/prepare/prepare.ts';
import { coverageReport, type Coverage, type CoverageReport } from '../src/data/prepare/report.ts';
import { manifestRows } from '../src/data/prepare/rows.ts';
import { prepareSettings, type PrepareSettings } from '../src/data/prepare/settings.ts';
import { writeFileAtomic } from '../src/reports/files.ts';
import { openProgress } from '../src/reports/progress.ts';
import { tableAsText } from '../src/reports/tables.ts';
import { composeCommand } from './compose-command.ts';
import { CONFIGS, resolveContext } from './compose-run.ts';
import { runScript, stopSignal } from './run-script.ts';

/** Changes when the same settings and files give other crops or records. */
const FORMAT = 1;

const COLUMNS: readonly (readonly [head: string, (group: CoverageReport['total']) => number])[] = [
  ['clips', ({ clips }) => clips],
  ['skipped', ({ skipped }) => skipped],
  ['damaged', ({ damaged }) => damaged],
  ['frames', ({ frames_wanted }) => frames_wanted],
  ['with face', ({ frames_with_face }) => frames_with_face],
  ['crops', ({ crops }) => crops],
  ["real's box", ({ boxes_borrowed }) => boxes_borrowed],
  ['own box', ({ boxes_own }) => boxes_own],
];

const COMMAND = {
  configName: 'prepare',
  usage: 'npm run prepare --',
  single: 'prepare makes one folder at a time',
};

await runScript(async () => {
  const command = parseCommandLine(process.argv.slice(2).map(chooseCorpus));
  const files = openConfigFiles(command.configDir ?? CONFIGS);
  const resolved = composeCommand(command, files, COMMAND, resolveContext(new Date(), 0));
  return resolved === null ? 0 : run(checkPrepareConfig(resolved));
});

/** `data=NAME` chooses how the clips lie on disk: the group corpus, not train's data, which is what a detector learns from. */
function chooseCorpus(argument: string): string {
  return argument.startsWith('data=') ? `corpus@${argument}` : argument;
}

interface PrepareConfig extends PrepareSettings {
  readonly corpus: AnyCorpusVariant;
  readonly data: { readonly name: string };
}

/** Throws a ConfigError with every problem, or that there is no such corpus. */
function checkPrepareConfig(resolved: MapNode): PrepareConfig {
  const section = resolved.entries.get('data');
  const name = section?.kind === 'map' ? (plainValue(section) as Record<string, unknown>)['name'] : undefined;
  if (typeof name !== 'string') throw new ConfigError("'data.name' must say which corpus it is");
  const corpus = findCorpus(name);
  const data = { name: text('Which corpus.'), ...corpus.settings };
  return { ...checkSettings(resolved, { data, ...prepareSettings }), corpus } as unknown as PrepareConfig;
}

async function run({
  corpus: variant,
  data,
  out: folder,
  workers,
  ...settings
}: PrepareConfig): Promise<number> {
  const out = path.resolve(folder);
  const ffmpeg = await findFfmpeg(cacheFolder());
  const corpus = await variant.list(data as never);
  const tools = {
    format: FORMAT,
    ffmpeg: await ffmpegVersion(ffmpeg),
    faces: FACE_NETWORKS,
    sharp: sharp.versions.sharp,
  };
  await openOutput(out, { corpus: corpus.name, made_with: tools, settings });
  const stop = stopSignal('finishing the clips under way');
  const { length: total } = corpus.clips;
  const line = openProgress({
    label: `prepare ${corpus.name}`,
    unit: 'clip',
    steps: total,
    out: process.stderr,
  });
  const outcomes = await prepareClips({
    corpus,
    settings,
    out,
    workers: workers ?? os.availableParallelism(),
    ffmpeg,
    stop,
    onClip: ({ record, kept }, done) => {
      const crops = record?.frames.filter(({ face }) => face !== null).length ?? 0;
      line.update(done, {}, kept ? 0 : crops);
    },
  }).finally(() => line.close());
  if (outcomes === null) {
    process.stderr.write('stopped; the same command goes on with what is left\n');
    return 130;
  }
  await writeManifest(path.join(out, 'manifest.parquet'), manifestRows(outcomes));
  const report = coverageReport(corpus, outcomes);
  writeFileAtomic(path.join(out, 'report.json'), `${JSON.stringify(report, null, 2)}\n`);
  const kept = outcomes.filter((outcome) => outcome.kept).length;
  tell(report, kept);
  process.stdout.write(`manifest.parquet, report.json, images/ and clips/: ${out}\n`);
  return 0;
}

/** The table of coverage, and what was left out. */
function tell({ total, groups, skipped, damaged, frames_without_crop }: CoverageReport, kept: number): void {
  const row = (name: string, group: CoverageReport['total']): string[] => [
    name,
    ...COLUMNS.map(([, of]) => String(of(group))),
  ];
  const nameOf = ({ manipulation, compression }: Coverage): string =>
    [manipulation, compression].filter(Boolean).join(' ');
  const rows = [...groups.map((group) => row(nameOf(group), group)), row('all', total)];
  process.stdout.write(tableAsText({ columns: ['manipulation', ...COLUMNS.map(([head]) => head)], rows }));
  for (const [why, frames] of Object.entries(frames_without_crop)) {
    process.stdout.write(`${frames} frames without a crop: ${why}\n`);
  }
  for (const [what, list] of [
    ['left out', skipped],
    ['damaged', damaged],
  ] as const) {
    const [first] = list;
    if (first === undefined) continue;
    process.stdout.write(
      `${list.length} files ${what}, listed in report.json; the first: ${first.file}: ${first.why}\n`,
    );
  }
  if (kept > 0) process.stdout.write(`${kept} clips were there from an earlier run\n`);
}
