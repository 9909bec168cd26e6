// npm run audit -- data=NAME [data.KEY=VALUE…] [seed=N] [limit=N] [hash_distance=N] [out=audit.json]: looks a dataset over for leaks between
// splits, copies, and files that give the label away. Exit code 1 if something is refused.
import { auditDataset, type AuditReport } from '../src/data/audit/audit.ts';
import { cacheFolder } from '../src/data/cache-folder.ts';
import { openDataset } from '../src/data/index.ts';
import { writeFileAtomic } from '../src/reports/files.ts';
import { tableAsText } from '../src/reports/tables.ts';
import { tellProgress } from '../src/run.ts';
import { readArguments, wholeNumber } from './arguments.ts';
import { composeForData } from './compose-run.ts';
import { runScript } from './run-script.ts';

const USAGE =
  'npm run audit -- data=NAME [data.KEY=VALUE…] [seed=N] [limit=20000] [hash_distance=6] [out=audit.json]';

await runScript(async () => {
  const args = readArguments(process.argv.slice(2), ['limit', 'hash_distance', 'out'], USAGE, isDataOverride);
  const limit = wholeNumber(args, 'limit', 1) ?? 20_000;
  const hashDistance = wholeNumber(args, 'hash_distance', 0) ?? 6;
  const out = args.values.out ?? 'audit.json';
  const config = await composeForData(args.overrides);
  const { name, ...settings } = config.data;
  const progress = tellProgress((line) => process.stderr.write(`${line}\n`));
  const source = { name, settings, cacheFolder: cacheFolder(), seed: config.seed };
  const dataset = await openDataset(source, progress).catch((error: unknown) => error as Error);
  if (dataset instanceof Error) {
    const { message } = dataset;
    const findings = [{ kind: 'unopened', message, examples: [] }];
    writeFileAtomic(out, `${JSON.stringify({ dataset: name, findings }, null, 2)}\n`);
    throw dataset;
  }
  const report = await auditDataset(dataset, { limit, hashDistance, seed: config.seed, progress });
  writeFileAtomic(out, `${JSON.stringify(report, null, 2)}\n`);
  tell(report, out);
  return report.findings.length === 0 ? 0 : 1;
});

function isDataOverride(argument: string): boolean {
  return /^(\+{1,2}|~)?data([.@/=]|$)/.test(argument) || argument.startsWith('seed=');
}

function tell(
  { counts, files, identities, looked, shortcut, skipped, findings }: AuditReport,
  out: string,
): void {
  const lines = [
    tableAsText({
      columns: ['split', 'manipulation', 'images', 'videos', 'images a video'],
      rows: counts.map(({ split, manipulation, images, videos }) =>
        [split, manipulation, images, videos, (images / videos).toFixed(1)].map(String),
      ),
    }),
    tableAsText({
      columns: ['files of', 'images', 'median bytes', 'width', 'height', 'JPEG quality', 'formats'],
      rows: files.map(({ manipulation, images, bytes, width, height, quality, formats }) => [
        ...[manipulation, images, bytes, width, height, quality ?? '-'].map(String),
        Object.entries(formats)
          .map(([format, share]) => `${format} ${Math.round(100 * share)} %`)
          .join(', '),
      ]),
    }),
  ];
  if (looked.images < looked.of) {
    lines.push(`Files and pictures are of ${looked.images} images drawn from ${looked.of} (limit=).`);
  }
  if (identities !== null) {
    const { train, val, test, shared } = identities;
    lines.push(`People: ${train} in train, ${val} in val, ${test} in test; ${shared} in more than one.`);
  }
  if (shortcut !== null) {
    const { auc, strongest, note } = shortcut;
    const alone = `${strongest.feature} alone ${strongest.auc.toFixed(3)}`;
    lines.push(
      `Real or fake from files alone: AUC ${auc.toFixed(3)}, ${alone}${note === null ? '' : ` (${note})`}.`,
    );
  }
  const [first] = skipped.first;
  if (first !== undefined) lines.push(`${skipped.count} skipped, the first: ${first.file} ${first.why}`);
  lines.push(
    findings.length === 0 ? 'Nothing is refused.' : `Refused, ${findings.length}:`,
    ...findings.flatMap(({ kind, message, examples }) => [
      `- ${kind}: ${message}`,
      ...examples.map((each) => `    ${each}`),
    ]),
    `report: ${out}`,
  );
  process.stdout.write(`${lines.join('\n')}\n`);
}
