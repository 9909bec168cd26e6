import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { createRequire } from 'node:module';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { withoutGreetingLines } from '../../src/tensorflow/native-log.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** Runs a few lines in a process of their own, because TensorFlow can be opened in one way only per process. */
function inProcess(
  lines: string,
  { root = ROOT, env = {} }: { root?: string; env?: NodeJS.ProcessEnv } = {},
) {
  const script = `
    import { openTensorFlow } from ${JSON.stringify(path.join(root, 'src/tensorflow/binding.ts'))};
    const messageOf = (job) => { try { job(); return 'no error'; } catch (error) { return error.message; } };
    ${lines}`;
  const inherited = { ...process.env };
  delete inherited['TF_CPP_MIN_LOG_LEVEL'];
  const args = [
    '--import',
    pathToFileURL(createRequire(import.meta.url).resolve('tsx')).href,
    '--input-type=module',
    '-e',
    script,
  ];
  const { stdout, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    cwd: ROOT,
    env: { ...inherited, ...env },
  });
  return { stdout: stdout.trim(), stderr: stderr.trim() };
}

describe('openTensorFlow', () => {
  it('opens TensorFlow once, quietly, also on a Node without the removed utilities', () => {
    const { stdout, stderr } = inProcess(`
      import util from 'node:util';
      delete util.isNullOrUndefined;
      delete util.isArray;
      const tf = openTensorFlow({ device: 'cpu' });
      const product = tf.matMul(tf.tensor2d([[1, 2], [3, 4]]), tf.tensor2d([[5], [6]]));
      console.log(JSON.stringify([
        [...product.dataSync()],
        tf.getBackend(),
        openTensorFlow({ device: 'cpu' }) === tf,
        messageOf(() => openTensorFlow({ device: 'gpu' })),
        messageOf(() => openTensorFlow({ device: 'cpu', threads: 3 })),
        process.env.TF_CPP_MIN_LOG_LEVEL,
      ]));
    `);
    const cannot = (what: string) => `TensorFlow is open with ${what} in this process and cannot change to`;
    const [values, backend, same, gpu, threads, level] = JSON.parse(stdout) as unknown[];
    expect(values).to.deep.equal([1 * 5 + 2 * 6, 3 * 5 + 4 * 6]);
    expect(backend).to.equal('tensorflow');
    expect(same).to.be.true;
    expect(gpu).to.contain(`${cannot('device cpu')} gpu`);
    expect(threads).to.contain(`${cannot('threads by default')} 3`);
    expect(level).to.equal('2');
    expect(stderr).to.equal('');
  });

  it('with one thread one operation uses one core', function () {
    if (process.platform !== 'linux') this.skip(); // reads /proc
    const { stdout } = inProcess(`
      import fs from 'node:fs';
      const tf = openTensorFlow({ device: 'cpu', threads: 1 });
      const threadTimes = () => fs.readdirSync('/proc/self/task').map((id) => {
        const fields = fs.readFileSync('/proc/self/task/' + id + '/stat', 'utf8').split(') ')[1].split(' ');
        return Number(fields[11]) + Number(fields[12]); // user and system time
      });
      const x = tf.ones([1500, 1500]);
      tf.matMul(x, x).dataSync(); // the threads are made with the first operation
      const before = threadTimes();
      for (let i = 0; i < 10; i++) {
        const product = tf.matMul(x, x);
        product.dataSync();
        product.dispose();
      }
      const spent = threadTimes().map((time, i) => time - (before[i] ?? 0)).sort((a, b) => b - a);
      console.log(JSON.stringify(spent.slice(0, 2)));
    `);
    const [most, second] = JSON.parse(stdout) as [number, number];
    expect(most).to.be.greaterThan(5);
    expect(second).to.be.lessThan(most / 2);
  });

  it('refuses threads that are none', () => {
    const { stdout } = inProcess(`
      for (const threads of [0, -1, 1.5, NaN]) console.log(messageOf(() => openTensorFlow({ device: 'cpu', threads })));
    `);
    expect(stdout.split('\n').map((line) => line.replace(/ not .*/, ''))).to.deep.equal(
      Array<string>(4).fill('threads must be a whole number above 0,'),
    );
  });

  it('a GPU that is asked for and not found is an error, and the CPU can still be opened', function () {
    const { stdout } = inProcess(
      `
      console.log(messageOf(() => openTensorFlow({ device: 'gpu' })));
      console.log(openTensorFlow({ device: 'cpu' }).getBackend());
    `,
      { env: { CUDA_VISIBLE_DEVICES: '-1' } },
    );
    expect(stdout).to.match(
      /^a GPU was asked for and TensorFlow (is installed for the CPU: run `npm run setup -- --gpu`|finds none)/,
    );
    expect(stdout).to.match(/tensorflow$/);
  });

  it('names the remedy when the binding is missing', () => {
    const folder = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'deepfake-game-binding-')));
    try {
      fs.cpSync(path.join(ROOT, 'src/tensorflow'), path.join(folder, 'src/tensorflow'), { recursive: true });
      const package_ = path.join(folder, 'node_modules/@tensorflow/tfjs-node');
      fs.mkdirSync(package_, { recursive: true });
      fs.writeFileSync(path.join(package_, 'package.json'), '{}');
      fs.writeFileSync(path.join(folder, 'package.json'), '{ "type": "module" }');
      const { stdout } = inProcess(`console.log(messageOf(() => openTensorFlow({ device: 'cpu' })));`, {
        root: folder,
      });
      expect(stdout).to.equal(
        `TensorFlow's binding is missing (${package_}/lib/napi-v8/tfjs_binding.node): run \`npm run setup\``,
      );
    } finally {
      fs.rmSync(folder, { recursive: true });
    }
  });
});

describe('withoutGreetingLines', () => {
  it('drops the two lines of the greeting and nothing else', () => {
    const greeting =
      'WARNING: All log messages before absl::InitializeLog() is called are written to STDERR\n' +
      'I0000 00:00:1.2 3 port.cc:153] oneDNN custom operations are on. You may see …\n';
    expect(withoutGreetingLines(greeting)).to.equal('');
    expect(withoutGreetingLines(`a\n${greeting}E0000 b\nc`)).to.equal('a\nE0000 b\nc');
    expect(withoutGreetingLines('')).to.equal('');
  });
});
