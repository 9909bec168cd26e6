import { expect } from 'chai';
import {
  appendFileSync,
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { explainWriteError, writeFileAtomic } from '../../src/reports/files.ts';
import { openMetricsLog, readMetricsLog } from '../../src/reports/metrics-log.ts';
import { openRunFolder, readRunStatus } from '../../src/reports/run-folder.ts';
import { gitCommit } from '../../src/reports/versions.ts';

const facts = {
  command: 'npm run train',
  seed: 7,
  tfjs: '4.22.0',
  tensorflow: '2.21.0',
  threads: 2,
  precision: 'bfloat16',
  precisionReason: 'the processor has amx_bf16',
};
const options = { ...facts, config: 'seed: 7\n' };

describe('run folder', () => {
  let parent: string;
  let folder: string;
  beforeEach(() => {
    parent = mkdtempSync(join(tmpdir(), 'run-'));
    folder = join(parent, 'outputs/a');
  });
  afterEach(() => rmSync(parent, { recursive: true }));
  const json = (name: string) => JSON.parse(readFileSync(join(folder, name), 'utf8')) as never;

  it('explains itself', async () => {
    const run = openRunFolder(folder, options);
    expect(readRunStatus(folder)).to.include({ state: 'running', step: 0, pid: process.pid });
    run.reporter.scalar('train/loss_d', 0.5, 1);
    run.reporter.scalar('train/loss_d', NaN, 2);
    run.reporter.hparams({ generator: 'blur' }, { 'val/auc': 0.9 });
    await run.reporter.close();
    run.setStatus('finished', 2);
    expect(readdirSync(folder).sort()).to.deep.equal([
      'config.yaml',
      'metrics.jsonl',
      'results.json',
      'status.json',
      'versions.json',
    ]);
    expect(readFileSync(join(folder, 'config.yaml'), 'utf8')).to.equal('seed: 7\n');
    expect(readRunStatus(folder)).to.include({ state: 'finished', step: 2 });
    expect(json('results.json')).to.deep.equal({
      settings: { generator: 'blur' },
      metrics: { 'val/auc': 0.9 },
    });
    const [start] = json('versions.json') as Record<string, unknown>[];
    expect(start).to.include({ ...facts, node: process.version });
    expect(start).to.include.keys('commit', 'cpu', 'cpuThreads', 'platform', 'startedAt');
    expect(readMetricsLog(join(folder, 'metrics.jsonl'))).to.deep.equal([
      { step: 1, tag: 'train/loss_d', value: 0.5 },
      { step: 2, tag: 'train/loss_d', value: 'NaN' },
    ]);
  });

  it('a resumed run logs no step twice, and adds its start', async () => {
    const killed = openRunFolder(folder, options);
    for (const step of [1, 2, 3, 4]) killed.reporter.scalar('loss', step, step);
    await killed.reporter.close();
    appendFileSync(join(folder, 'metrics.jsonl'), '{"step":5,"tag":"lo'); // killed in the middle of a line
    const resumed = openRunFolder(folder, { ...options, command: 'npm run train -- resume', resumedStep: 2 });
    expect(readRunStatus(folder)).to.include({ state: 'running', step: 2 });
    for (const step of [3, 4, 5]) resumed.reporter.scalar('loss', 10 * step, step);
    await resumed.reporter.close();
    const lines = readMetricsLog(join(folder, 'metrics.jsonl'));
    expect(lines.map(({ step, value }) => [step, value])).to.deep.equal([
      [1, 1],
      [2, 2],
      [3, 30],
      [4, 40],
      [5, 50],
    ]);
    expect((json('versions.json') as { command: string }[]).map(({ command }) => command)).to.deep.equal([
      'npm run train',
      'npm run train -- resume',
    ]);
  });

  it('a new run does not enter a folder with a run, and none is resumed where there is none', async () => {
    expect(() => openRunFolder(folder, { ...options, resumedStep: 1 })).to.throw(
      `${folder}: no run to resume`,
    );
    expect(existsSync(folder)).to.equal(false);
    await openRunFolder(folder, options).reporter.close();
    expect(() => openRunFolder(folder, options)).to.throw(`${folder}: holds a run already`);
  });

  it('a changed log names the line', async () => {
    const run = openRunFolder(folder, options);
    await run.reporter.close();
    const file = join(folder, 'metrics.jsonl');
    writeFileSync(file, '{"step":1,"tag":"a","value":1}\nhello\n');
    expect(() => openRunFolder(folder, { ...options, resumedStep: 1 })).to.throw(`${file}:2: not a metric`);
  });

  it('a folder that cannot be made names itself and the remedy', () => {
    writeFileSync(join(parent, 'file'), '');
    expect(() => openRunFolder(join(parent, 'file/run'), options)).to.throw(
      /file\/run.*Choose another folder/s,
    );
  });

  it('a full disk names the folder and the remedy', function () {
    if (!existsSync('/dev/full')) this.skip(); // a device that is always full; Linux has it
    const log = openMetricsLog('/dev/full');
    expect(() => log.append({ step: 1, tag: 'a', value: 1 })).to.throw(
      /no space left for folder \/dev\. Free some space/,
    );
    log.close();
  });
});

describe('writeFileAtomic', () => {
  it('on an error the old file stays whole and nothing else is left', () => {
    const folder = mkdtempSync(join(tmpdir(), 'atomic-'));
    const file = join(folder, 'a.json');
    writeFileAtomic(file, 'old');
    expect(() => writeFileAtomic(file, 7 as unknown as string)).to.throw(`cannot write ${file}`);
    expect(readdirSync(folder)).to.deep.equal(['a.json']);
    expect(readFileSync(file, 'utf8')).to.equal('old');
    rmSync(folder, { recursive: true });
  });

  it('explains what the system says', () => {
    const because = (code: string) =>
      explainWriteError(Object.assign(new Error('x'), { code }), '/r/a').message;
    expect(because('EACCES')).to.equal(
      'cannot write /r/a: no permission in folder /r. Choose another folder or make this one writable',
    );
    expect(because('ENOSPC')).to.contain('no space left for folder /r');
    expect(because('EIO')).to.equal('cannot write /r/a: x');
  });
});

describe('gitCommit', () => {
  it('is null outside a checkout', () => {
    const folder = mkdtempSync(join(tmpdir(), 'nogit-'));
    expect(gitCommit(folder)).to.equal(null);
    rmSync(folder, { recursive: true });
  });
});
