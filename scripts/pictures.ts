// npm run pictures -- RUN_FOLDER… OUT.png: what the opponents of runs do to val images, one under the other; no photo is shown.
import { encodePng, GAP } from '../src/reports/pictures.ts';
import { writeFileAtomic } from '../src/reports/files.ts';
import type { Picture } from '../src/reports/reporter.ts';
import { opponentPicture } from '../src/opponent-picture.ts';
import { openEngine } from '../src/prepare.ts';
import { readRunConfig } from '../src/run-config.ts';
import { tellProgress } from '../src/run.ts';
import { runScript } from './run-script.ts';

await runScript(async () => {
  const out = process.argv.at(-1) ?? '';
  const dirs = process.argv.slice(2, -1);
  if (dirs.length === 0 || !out.endsWith('.png')) {
    throw new Error('usage: npm run pictures -- RUN_FOLDER… OUT.png');
  }
  const pictures: Picture[] = [];
  for (const dir of dirs) {
    const config = await readRunConfig(dir);
    openEngine(config.runtime);
    pictures.push(
      await opponentPicture(
        config,
        dir,
        tellProgress((line) => process.stderr.write(`${line}\n`)),
      ),
    );
  }
  writeFileAtomic(out, await encodePng(stacked(pictures)));
  return 0;
});

/** Pictures of one width, one under the other, a white line between them. */
function stacked(pictures: readonly Picture[]): Picture {
  const { width } = pictures[0]!;
  if (pictures.some((picture) => picture.width !== width)) {
    throw new Error('the runs have images of different sizes: draw them one at a time');
  }
  const line = Buffer.alloc(GAP * width * 3, 255);
  const data = Buffer.concat(
    pictures.flatMap((picture, i) => (i === 0 ? [picture.data] : [line, picture.data])),
  );
  return { width, height: data.length / width / 3, data };
}
