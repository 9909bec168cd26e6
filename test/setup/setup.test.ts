import { expect } from 'chai';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { machine, makeCheckout, outcomeOf, type Checkout } from './checkout.ts';

const COMPILER = machine.compiler;
const TENSORFLOW = `tensorflow-2.21.0-${machine.name}-cpu`;

describe('setup', function () {
  let checkout: Checkout;
  beforeEach(() => (checkout = makeCheckout()));
  afterEach(() => checkout.remove());

  const below = (folder: string) =>
    fs.readdirSync(path.join(checkout.cache, folder), { recursive: true }).sort();
  /** What lies in the cache and is neither whole nor expected: half-made folders, locks. */
  const remains = () =>
    fs.existsSync(checkout.cache)
      ? below('').filter((name) => /partial|lock|half|\.tgz|\.whl/.test(String(name)))
      : [];

  async function until(condition: () => boolean): Promise<void> {
    while (!condition()) await sleep(20);
  }

  it('brings everything once and finds it there the second time', async () => {
    const first = await checkout.setup();
    expect(first).to.include({ code: 0, stdout: '' });
    expect(checkout.calls()).to.deep.equal([
      'npm ci',
      'pip3 download',
      `${COMPILER} -O3`,
      'npm pack',
      'npm pack',
    ]);
    const library = (name: string) => `tensorflow/${machine.library(name)}`;
    expect(below(TENSORFLOW)).to.include.members([library('tensorflow_cc'), library('tensorflow_framework')]);
    expect(below(TENSORFLOW)).to.include('tensorflow/include/tensorflow/c/c_api.h');
    expect(below(TENSORFLOW).filter((name) => String(name).endsWith('.py'))).to.be.empty;
    expect(below('photos').filter((name) => String(name).endsWith('.jpg'))).to.deep.equal([
      'tabler-preview-1.2.0/1.jpg',
      'tabler-preview-1.2.0/male/2.jpg',
      'tabler-ui-0.0.34/1.jpg',
      'tabler-ui-0.0.34/male/2.jpg',
    ]);
    expect(checkout.linked()).to.match(new RegExp(`^binding-2.21.0-${machine.name}-cpu-[0-9a-f]{16}$`));
    expect(remains()).to.be.empty;

    expect(await checkout.setup(['--quiet'])).to.deep.include({ code: 0, stdout: '', stderr: '' });
    expect(checkout.calls()).to.be.empty;
  });

  it('shares the cache between checkouts and repairs what was deleted in it', async () => {
    await checkout.setup();
    checkout.calls();
    fs.rmSync(path.join(checkout.folder, 'node_modules'), { recursive: true });
    fs.rmSync(path.join(checkout.cache, 'photos/tabler-ui-0.0.34/1.jpg'));
    expect((await checkout.setup()).code).to.equal(0);
    expect(checkout.calls()).to.deep.equal(['npm ci', 'npm pack']);
  });

  it('compiles again when a source changes, without another download', async () => {
    await checkout.setup();
    const before = checkout.linked();
    checkout.calls();
    fs.mkdirSync(path.join(checkout.folder, 'native'));
    fs.writeFileSync(path.join(checkout.folder, 'native/more.cc'), '// more\n');
    await checkout.setup();
    expect(checkout.calls()).to.deep.equal([`${COMPILER} -O3`]);
    expect(checkout.linked()).to.be.a('string').and.not.equal(before);
  });

  it('does the work once when started twice at the same time', async () => {
    const slow = { FAKE_NPM: 'slow', FAKE_PIP3: 'slow' };
    const outcomes = await Promise.all([checkout.setup([], slow), checkout.setup([], slow)]);
    expect(outcomes.map(({ code }) => code)).to.deep.equal([0, 0]);
    expect(outcomes.map(({ stderr }) => stderr).join()).to.contain('waiting for another set-up');
    expect(checkout.calls().sort()).to.deep.equal(
      ['npm ci', 'pip3 download', `${COMPILER} -O3`, 'npm pack', 'npm pack'].sort(),
    );
    expect(remains()).to.be.empty;
  });

  it('goes on after being killed in the middle of a download', async () => {
    const killed = checkout.start('scripts/setup.mjs', [], { FAKE_PIP3: 'hang' });
    const ended = outcomeOf(killed);
    await until(() => remains().some((name) => String(name).endsWith('half-a-download')));
    killed.kill('SIGKILL');
    expect((await ended).signal).to.equal('SIGKILL');
    expect(remains()).to.not.be.empty;
    expect((await checkout.setup()).code).to.equal(0);
    expect(remains()).to.be.empty;
    expect(checkout.linked()).to.be.a('string');
  });

  it('leaves nothing behind when told to end', async () => {
    const child = checkout.start('scripts/setup.mjs', [], { FAKE_PIP3: 'hang' });
    const ended = outcomeOf(child);
    await until(() => remains().some((name) => String(name).endsWith('half-a-download')));
    child.kill('SIGTERM');
    const outcome = await ended;
    expect(outcome.code).to.equal(128 + 15);
    expect(outcome.stderr).to.contain('interrupted; run again');
    expect(remains()).to.be.empty;
  });

  describe('says what is wrong and what helps', () => {
    const expectProblem = async (
      words: readonly string[],
      args: string[] = [],
      env: NodeJS.ProcessEnv = {},
    ) => {
      const { code, stdout, stderr } = await checkout.setup(args, env);
      expect(code).to.equal(1);
      expect(stdout).to.equal('');
      for (const word of words) expect(stderr).to.contain(word);
      expect(stderr).to.not.contain('at async'); // no stack
      expect(remains()).to.be.empty;
    };

    it('no pip', async () => {
      checkout.removeTool('pip3');
      checkout.removeTool('python3');
      await expectProblem(['pip is missing', machine.remedy.pip]);
    });

    it('no compiler; the download is kept', async () => {
      checkout.removeTool(COMPILER);
      await expectProblem([`${COMPILER} is missing`, machine.remedy.compiler]);
      checkout.calls();
      expect((await checkout.setup([], { CXX: path.join(checkout.env['PATH']!, 'pip3') })).code).to.equal(1);
      expect(checkout.calls()).to.not.include('pip3 download');
    });

    it('no npm', async () => {
      checkout.removeTool('npm');
      await expectProblem(['npm is missing']);
    });

    it('no network for npm, pip, or the photos', async () => {
      await expectProblem(['npm ci', 'network is unreachable', 'https-proxy'], [], { FAKE_NPM: 'fail' });
      await expectProblem(['TensorFlow', 'network is unreachable', 'nothing was kept', 'proxy'], [], {
        FAKE_PIP3: 'fail',
      });
      expect(fs.readdirSync(checkout.cache)).to.be.empty;
      await expectProblem(['could not compile', 'unreachable'], [], {
        FAKE_GXX: 'fail',
        FAKE_CLANGXX: 'fail',
      });
      await checkout.setup();
      fs.rmSync(path.join(checkout.cache, 'photos'), { recursive: true });
      await expectProblem(['photos of @tabler/preview', 'network is unreachable', 'nothing was kept'], [], {
        FAKE_NPM: 'fail',
      });
      expect(fs.readdirSync(path.join(checkout.cache, 'photos'))).to.be.empty;
    });

    it('a file that is not the pinned one', async () => {
      const pins = `${machine.name}-cpu.txt`;
      const right = fs.readFileSync(path.join(checkout.folder, 'scripts/setup/requirements', pins));
      checkout.spoil(pins);
      await expectProblem(['not the pinned file', 'sha256', 'nothing was kept']);
      expect(fs.readdirSync(checkout.cache)).to.be.empty;
      fs.writeFileSync(path.join(checkout.folder, 'scripts/setup/requirements', pins), right);
      checkout.spoil('photos.json');
      await expectProblem(['not the pinned file', '@tabler/preview', 'nothing was kept']);
      expect(fs.readdirSync(path.join(checkout.cache, 'photos'))).to.be.empty;
    });

    it('a library that does not load', async () => {
      await expectProblem(['does not load on this machine', 'glibc'], [], {
        FAKE_ADDON: import.meta.filename,
      });
    });

    it('a cache folder that cannot be written', async () => {
      const file = path.join(checkout.folder, 'package.json');
      await expectProblem(['cannot be written', 'DEEPFAKE_GAME_CACHE'], [], {
        DEEPFAKE_GAME_CACHE: `${file}/cache`,
      });
    });

    it('an unknown option', async () => {
      await expectProblem(['--gpus', 'usage:'], ['--gpus']);
      await expectProblem(['exclude each other'], ['--gpu', '--cpu']);
    });
  });

  it('--gpu brings CUDA beside TensorFlow and stays until --cpu', async function () {
    if (machine.name !== 'linux-x64') this.skip();
    expect((await checkout.setup(['--gpu'])).stderr).to.contain(
      'everything is there: TensorFlow for the GPU',
    );
    expect(
      below('tensorflow-2.21.0-linux-x64-gpu').filter((name) => !String(name).includes('include')),
    ).to.deep.equal([
      'nvidia',
      'nvidia/cudnn',
      'nvidia/cudnn/lib',
      'nvidia/cudnn/lib/libcudnn.so.9',
      'tensorflow',
      'tensorflow/libtensorflow_cc.so.2',
      'tensorflow/libtensorflow_framework.so.2',
    ]);
    expect(checkout.linked()).to.match(/-gpu-/);
    checkout.calls();
    expect((await checkout.setup(['--quiet'])).code).to.equal(0);
    expect(checkout.calls()).to.be.empty;
    expect(checkout.linked()).to.match(/-gpu-/);
    expect((await checkout.setup(['--cpu'])).code).to.equal(0);
    expect(checkout.linked()).to.match(/-cpu-/);
  });

  it('--tensorboard installs TensorBoard once', async () => {
    expect((await checkout.setup(['--tensorboard'])).code).to.equal(0);
    expect(checkout.calls()).to.include('python3 -m');
    await checkout.setup(['--tensorboard']);
    expect(checkout.calls()).to.be.empty;
  });

  describe('--video', () => {
    const program = () => path.join(checkout.cache, `imageio-ffmpeg-0.6.0-${machine.name}/ffmpeg`);

    it('brings ffmpeg once, as a program that runs, and nothing else of the wheel', async () => {
      await checkout.setup();
      expect(fs.existsSync(program())).to.be.false;
      checkout.calls();
      expect(await checkout.setup(['--quiet', '--video'])).to.include({ code: 0, stdout: '' });
      expect(checkout.calls()).to.deep.equal(['pip3 download']);
      expect(fs.readdirSync(path.dirname(program()))).to.deep.equal(['ffmpeg']);
      expect(spawnSync(program(), { encoding: 'utf8' }).stdout).to.equal('ffmpeg\n');
      expect(remains()).to.be.empty;
      expect(await checkout.setup(['--quiet', '--video'])).to.deep.include({ code: 0, stderr: '' });
      expect(checkout.calls()).to.be.empty;
    });

    it('brings none where the user has named one', async () => {
      expect((await checkout.setup(['--video'], { DEEPFAKE_GAME_FFMPEG: '/usr/bin/ffmpeg' })).code).to.equal(
        0,
      );
      expect(fs.existsSync(path.dirname(program()))).to.be.false;
    });

    it('keeps nothing that is not the pinned file', async () => {
      await checkout.setup();
      checkout.spoil(`${machine.name}-video.txt`);
      const { code, stderr } = await checkout.setup(['--video']);
      expect(code).to.equal(1);
      expect(stderr).to.contain('not the pinned file').and.contain('nothing was kept');
      expect(fs.existsSync(path.dirname(program()))).to.be.false;
    });
  });
});
