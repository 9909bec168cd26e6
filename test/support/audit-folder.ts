/**
 * The shortcut audit on a folder of images: `node --import tsx test/support/audit-folder.ts FOLDER` prints what AUC a boosted classifier reaches
 * on each feature that should say nothing, and on all of them, for people or videos that it was not fitted on.
 */
import { createFolder } from '../../src/data/folder.ts';
import { crossValidatedAuc, type Example } from '../../src/data/audit/boosted-stumps.ts';
import { FEATURES, shortcutFeatures } from './shortcut-features.ts';

const [folder] = process.argv.slice(2);
if (folder === undefined)
  throw new Error('name a folder: node --import tsx test/support/audit-folder.ts FOLDER');
const settings = {
  path: folder,
  size: 96,
  val_fraction: 0,
  test_fraction: 1,
  unit: 'video',
  check: 'header',
} as const;
const dataset = await createFolder(settings, { cacheFolder: '', seed: 1, progress: () => {} });
const examples: Example[] = [];
for (const sample of dataset.samples('test')) {
  const features = await shortcutFeatures(await dataset.read(sample));
  examples.push({ features, label: sample.label, group: sample.videoId });
}
const audit = (name: string, chosen: (features: readonly number[]) => readonly number[]): void => {
  const auc = crossValidatedAuc(
    examples.map((example) => ({ ...example, features: chosen(example.features) })),
  );
  process.stdout.write(`${name}: ${auc.toFixed(3)}\n`);
};
audit('all', (features) => features);
FEATURES.forEach((name, f) => {
  audit(name, (features) => [features[f]!]);
});
