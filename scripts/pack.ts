// npm run pack -- data=NAME out=FOLDER [data.KEY=VALUE…] [order=shuffled|listed] [seed=N] [shard_mb=1000]: the image files of a dataset in
// shards with a manifest, for `data=manifest data.path=FOLDER/manifest.parquet`. The same command goes on where a killed one stopped.
import path from 'node:path';
import { MOST_SHARD_MB } from '../src/data/pack/pack.ts';
import { pack } from '../src/pack.ts';
import { chosen, readArguments, required, wholeNumber } from './arguments.ts';
import { composeForData } from './compose-run.ts';
import { runScript } from './run-script.ts';

const USAGE =
  'npm run pack -- data=NAME out=FOLDER [data.KEY=VALUE…] [order=shuffled|listed] [seed=N] [shard_mb=1000]';

await runScript(async () => {
  const args = readArguments(process.argv.slice(2), ['out', 'order', 'shard_mb'], USAGE, isDataOverride);
  const out = path.resolve(required(args, 'out', USAGE));
  const order = chosen(args, 'order', ['shuffled', 'listed']);
  const shardMb = wholeNumber(args, 'shard_mb', 1) ?? 1000;
  if (shardMb > MOST_SHARD_MB)
    throw new Error(`shard_mb=${shardMb}: at most ${MOST_SHARD_MB} (million bytes)`);
  const config = await composeForData(args.overrides);
  const { manifest, images, shards, bytes } = await pack(config, { out, order, shardMb }, process.stderr);
  process.stdout.write(
    `${images} images, ${(bytes / 1e6).toFixed(1)} MB, in ${shards} ${shards === 1 ? 'shard' : 'shards'}\n` +
      `data=manifest data.path=${path.relative(process.cwd(), manifest)}\n`,
  );
  return 0;
});

function isDataOverride(argument: string): boolean {
  return /^(\+{1,2}|~)?data([.@/=]|$)/.test(argument) || argument.startsWith('seed=');
}
