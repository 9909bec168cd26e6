/** A report over more runs than anybody compares: 200, of 40 settings and 5 seeds, with 600 test images each. */
import { execFile } from 'node:child_process';
import { createRequire } from 'node:module';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { expect } from 'chai';
import { makeRun } from '../support/run-folders.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const TSX = pathToFileURL(createRequire(path.join(ROOT, 'package.json')).resolve('tsx')).href;
const [SETTINGS, SEEDS] = [40, 5];
/** Says at the end how much memory it had at most, in kB. */
const MEASURED = `process.on('exit', () => process.stderr.write('peak ' + process.resourceUsage().maxRSS));
await import(${JSON.stringify(pathToFileURL(path.join(ROOT, 'scripts/report.ts')).href)});`;

describe('a report over 200 runs', () => {
  let parent: string;
  before(() => (parent = mkdtempSync(path.join(tmpdir(), 'report-'))));
  after(() => rmSync(parent, { recursive: true, force: true }));

  it('has all of them in its tables, a few in its charts, and stays below 1 GB', async () => {
    const manipulations = ['deepfakes', 'face2face', 'faceswap', 'neuraltextures'];
    const dirs = Array.from({ length: SETTINGS * SEEDS }, (_, i) => {
      const [seed, generator] = [1 + (i % SEEDS), `opponent-${Math.floor(i / SEEDS)}`];
      const dir = path.join(parent, `${generator}-s${seed}`);
      makeRun(dir, { seed, generator, manipulations, videos: 40, frames: 3 });
      return dir;
    });
    const out = path.join(parent, 'report');
    const args = ['--import', TSX, '--input-type=module', '-e', MEASURED, 'report', ...dirs, `out=${out}`];
    const started = performance.now();
    const { stdout, stderr } = await promisify(execFile)(process.execPath, args, { maxBuffer: 2 ** 26 });
    const peak = Number(/peak (\d+)/.exec(stderr)![1]);
    const html = readFileSync(path.join(out, 'report.html'), 'utf8');
    process.stdout.write(
      `      200 runs: ${((performance.now() - started) / 1000).toFixed(0)} s, ${(peak / 1024).toFixed(0)} MB, report.html ${(html.length / 2 ** 20).toFixed(1)} MB\n`,
    );
    expect(stdout).to.contain('report on 200 of 200 runs');
    expect(html.match(/<tr><th scope="row">opponent-\d+-s\d</g)?.length).to.be.at.least(200);
    expect(html).to.contain('The first 7 of 40 settings are shown');
    expect(peak).to.be.below(2 ** 20);
  });
});
