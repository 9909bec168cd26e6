import { mkdirSync, readdirSync, readFileSync } from 'node:fs';
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import sharp from 'sharp';
import type { AttackReport } from '../../src/attack.ts';
import { INFERENCE } from '../../src/discriminator/discriminator.ts';
import { readCheckpoint } from '../../src/game/checkpoint.ts';
import { crossEntropy } from '../../src/game/objective.ts';
import { disposeGame, restoreGame, type Game } from '../../src/game/players.ts';
import { victimOf } from '../../src/game/victim.ts';
import { createRng } from '../../src/ops/random.ts';
import { openGame } from '../../src/prepare.ts';
import { readRunConfig } from '../../src/run-config.ts';
import { useEngine } from '../support/engines.ts';
import { floatsOf, readNpz, type NumpyArray } from '../support/read-npz.ts';
import { expectClose } from '../support/tensors.ts';
import {
  fastRun,
  launch,
  put,
  readJson,
  runScript,
  until,
  workplace,
  writeDataset,
  type Outcome,
} from '../cli/command-line.ts';

const SIDE = 32;

describe('npm run attack', function () {
  this.timeout(120_000);
  const place = workplace();
  const attack = (...args: string[]): Promise<Outcome> => runScript('attack', args, place.path());
  const done = async (...args: string[]): Promise<string> => {
    const { code, stdout, stderr } = await attack(...args);
    expect(code, stderr).to.equal(0);
    return stdout;
  };
  const arrays = (out: string): Promise<Record<string, NumpyArray>> =>
    readNpz(place.path(out, 'adversarial.npz'));
  const report = (out: string): AttackReport => readJson(place.path(out, 'attack.json')) as AttackReport;
  const pixels = (file: string): Promise<Buffer> => sharp(place.path(file)).removeAlpha().raw().toBuffer();

  before(async () => {
    await useEngine('tensorflow');
    await writeDataset(place.path('data'));
    // from the first round, so that the opponent has learnt and the two batch norms differ
    const more = ['generator=generative', 'game.rounds=4', 'game.clean_rounds=0', 'evaluation.batch_size=6'];
    const { code, stderr } = await runScript('train', fastRun('data', 'run', more), place.path());
    expect(code, stderr).to.equal(0);
  });

  /** The run's players as its best checkpoint has them, with what they say of images, in this process. */
  async function bestGame() {
    const config = await readRunConfig(place.path('run'));
    const game = await openGame(config, SIDE);
    const checkpoint = readCheckpoint(place.path('run/checkpoints/best.safetensors'));
    restoreGame(game, checkpoint);
    const { threshold } = JSON.parse(checkpoint.notes['best']!) as { threshold: number };
    return { game, threshold };
  }

  it('PGD on the run’s val split: float images inside the ball, their PNGs, and figures that hold', async () => {
    const eps = 0.02;
    const said = await done('run=run', 'generator=pgd', `generator.eps=${eps}`, 'seed=7', 'out=pgd');
    expect(said).to.match(/^pgd on 16 images of folder, val, checkpoint of round \d+\n/);
    expect(said).to.match(/\nadversarial +\d\.\d{3} +\d+\.\d % .* 5\.10\/255 /);
    expect(said).to.match(/\npixels, linf <= 0\.02: .*% of it on average, 100\.0 % at most; rounded /);
    expect(readdirSync(place.path('pgd')).sort()).to.deep.equal(
      ['adversarial.npz', 'attack.json', 'comparison.png', 'images.csv', 'png'].sort(),
    );

    const { images, labels, ids, ...rest } = await arrays('pgd');
    expect(rest).to.deep.equal({});
    expect(images).to.deep.include({ dtype: '<f4', shape: [16, SIDE, SIDE, 3], c: true });
    expect(labels).to.deep.include({ dtype: '<i4', shape: [16] });
    expect(ids!.dtype).to.match(/^<U\d+$/);
    expect(ids!.values.slice(0, 3)).to.deep.equal([
      'val/real/val0/0.png',
      'val/fake/val0/0.png',
      'val/real/val0/1.png',
    ]);
    expect(labels!.values).to.deep.equal(ids!.values.map((id) => Number((id as string).includes('/fake/'))));

    const values = floatsOf(images!);
    const clean: number[] = [];
    const size = SIDE * SIDE * 3;
    for (const [i, id] of (ids!.values as string[]).entries()) {
      const before = await pixels(`data/${id}`);
      const png = await pixels(`pgd/png/${id.replaceAll('/', '_')}`);
      const part = values.subarray(i * size, (i + 1) * size);
      for (let k = 0; k < size; k++) {
        if (!(part[k]! >= 0 && part[k]! <= 1)) expect.fail(`${id}: value ${k} is ${part[k]}`);
        if (!(Math.abs(part[k]! - before[k]! / 255) <= eps + 1e-6))
          expect.fail(`${id}: value ${k} left the ball`);
        if (png[k] !== Math.round(part[k]! * 255)) expect.fail(`${id}: value ${k} of its PNG is ${png[k]}`);
      }
      clean.push(...before);
    }
    const comparison = await sharp(place.path('pgd/comparison.png')).metadata();
    // the first batch, as it is smaller than eight
    expect([comparison.width, comparison.height]).to.deep.equal([6 * SIDE + 10, 3 * SIDE + 4]);

    // the figures, from the files, by the detector as it is tested
    const { game, threshold } = await bestGame();
    const byHand = (data: ArrayLike<number>) =>
      tf.tidy(() => {
        const logits = game.detector.logits(
          tf.tensor4d(Float32Array.from(data), [16, SIDE, SIDE, 3]),
          INFERENCE,
        );
        const truth = tf.tensor1d(labels!.values as number[], 'int32');
        const scores = tf.softmax(logits).slice([0, 1], [-1, 1]).dataSync();
        const right = labels!.values.filter((label, i) => scores[i]! >= threshold === (label === 1)).length;
        return { loss: tf.mean(crossEntropy(logits, truth)).dataSync()[0]!, accuracy: right / 16 };
      });
    const { detector, change, bounds, opponent, checkpoint } = report('pgd');
    const states = {
      clean: clean.map((byte) => byte / 255),
      adversarial: values,
      rounded: Array.from(values, (value) => Math.round(value * 255) / 255),
    };
    for (const [state, data] of Object.entries(states)) {
      const { loss, accuracy } = byHand(data);
      const told = detector[state as keyof typeof states].all;
      expect(told.loss, state).to.be.closeTo(loss, 1e-5);
      expect(told.accuracy, state).to.equal(accuracy);
    }
    disposeGame(game);
    expect(detector.adversarial.all.loss).to.be.above(detector.clean.all.loss);
    expect(checkpoint.threshold).to.equal(threshold);
    expect(opponent).to.include({ name: 'pgd', eps, steps: 7 });
    expect(change.adversarial.linf.max).to.be.closeTo(eps, 1e-6);
    expect(change.rounded.linf.max).to.be.closeTo(5 / 255, 1e-6); // 0.02 · 255 = 5.1
    expect(bounds).to.have.length(1);
    expect(bounds[0]!.rounded!.max).to.be.closeTo(5 / 255 / eps, 1e-4);
    const rows = readFileSync(place.path('pgd/images.csv'), 'utf8').trimEnd().split('\n');
    expect(rows).to.have.length(17);
    expect(rows[2]).to.match(/^val\/fake\/val0\/0\.png,1,png\/val_fake_val0_0\.png,\d/);
  });

  it('same seed, same images, bit for bit; another seed, another random start', async () => {
    const same = ['run=run', 'generator=pgd', 'generator.eps=0.02', 'limit=6'];
    await done(...same, 'seed=7', 'out=same');
    await done(...same, 'seed=8', 'out=other');
    const first = (await arrays('pgd'))['images']!.values.slice(0, 6 * SIDE * SIDE * 3);
    const { images, labels } = await arrays('same');
    expect(labels!.values).to.deep.equal([0, 1, 0, 1, 0, 1]);
    expect(images!.values.length).to.equal(first.length);
    expect(images!.values.findIndex((value, k) => value !== first[k])).to.equal(-1);
    const other = (await arrays('other'))['images']!.values;
    expect(other.findIndex((value, k) => value !== first[k])).to.be.above(-1);
  });

  it('a run’s learned opponent attacks with the weights that it learned, a folder of any layout', async () => {
    // two classes without split folders, names alike but for their case, one that is no image
    for (const [from, to] of [
      ['val/real/val0/0.png', 'original/Ünal.png'],
      ['val/real/val1/0.png', 'original/a/x.png'],
      ['val/fake/val0/0.png', 'swap/a/x.png'],
      ['val/fake/val1/0.png', 'swap/A_x.png'],
      ['val/fake/val2/0.png', 'swap/a_x.png'],
    ] as const) {
      put(place.path('faces', to), readFileSync(place.path('data', from)));
    }
    put(place.path('faces/swap/broken.png'), 'no image');
    mkdirSync(place.path('learned'));
    const { code, stderr } = await attack('run=run', 'input=faces', 'out=learned');
    expect(code, stderr).to.equal(0);
    expect(stderr).to.match(/1 file left out, listed in attack\.json; the first: .*broken\.png/);
    const { images, ids } = await arrays('learned');
    expect(ids!.values).to.deep.equal([
      'original/a/x.png',
      'swap/A_x.png',
      'original/Ünal.png',
      'swap/a/x.png',
      'swap/a_x.png',
    ]);
    expect(images!.shape).to.deep.equal([5, SIDE, SIDE, 3]);
    const names = [
      'original_a_x.png',
      'original__nal.png',
      'swap_A_x.png',
      'swap_a_x-2.png',
      'swap_a_x-3.png',
    ];
    expect(readdirSync(place.path('learned/png')).sort()).to.deep.equal(names.sort());
    const { bounds, skipped, images: told } = report('learned');
    expect(bounds.map(({ name, rounded }) => [name, rounded])).to.deep.equal([['sigma', null]]);
    expect(skipped).to.have.length(1);
    expect(told).to.deep.equal({ from: 'faces', count: 5, size: SIDE, batch_size: 6 });

    // the same opponent in this process, and what it was before it learnt
    const clean: number[] = [];
    for (const id of ids!.values as string[]) clean.push(...(await pixels(`faces/${id}`)));
    const by = ({ detector, generator }: Game): Float32Array =>
      tf.tidy(() => {
        const batch = {
          images: tf.tensor4d(
            Float32Array.from(clean, (byte) => byte / 255),
            [5, SIDE, SIDE, 3],
          ),
          labels: tf.tensor1d([0, 1, 0, 1, 1], 'int32'),
        };
        const victim = victimOf(detector, { crafting: 'eval', auxiliary_bn: false });
        return generator
          .perturb(batch, victim, { rng: createRng(1, 'attack'), progress: 1 })
          .images.dataSync<'float32'>();
      });
    const { game } = await bestGame();
    const begun = await openGame(await readRunConfig(place.path('run')), SIDE);
    const [learnt, before] = [by(game), by(begun)];
    [game, begun].forEach(disposeGame);
    expectClose(floatsOf(images!), learnt, { absolute: 1e-6 });
    expect(Math.max(...learnt.map((value, k) => Math.abs(value - before[k]!)))).to.be.above(1e-4);
  });

  it('how a run was played says nothing of an attack; an opponent that had not joined yet has learnt nothing to attack with', async () => {
    const short = ['game.rounds=4', 'evaluation.every=4'];
    const free = ['game=free', 'generator=fgsm', 'game.clean_rounds=2', ...short];
    const late = ['generator=generative', 'game.clean_rounds=3', 'evaluation.every=2', 'game.rounds=4'];
    for (const [dir, more] of [
      ['free', free],
      ['late', late],
    ] as const) {
      const { code, stderr } = await runScript('train', fastRun('data', dir, more), place.path());
      expect(code, stderr).to.equal(0);
    }
    const said = await done('run=free', 'generator.goal=predicted-label', 'limit=4', 'out=other-goal');
    expect(said).to.match(/^fgsm on 4 images/);
    const best = readCheckpoint(place.path('late/checkpoints/best.safetensors')).counters['rounds']!;
    const { code, stderr } = await attack('run=late', 'limit=4', 'out=late-attack');
    if (best > 3) expect(code, stderr).to.equal(0);
    else
      expect(stderr).to.match(
        /^the best round on val is 2, and generative joined after round 3: .*generator=pgd\n$/m,
      );
  });

  it('an opponent that leaves its budget stops, with the image named, and leaves nothing behind', async () => {
    put(
      place.path('cheat.ts'),
      `export const settings = {};
      const rows = (images, from, count) => images.slice([from, 0, 0, 0], [count, -1, -1, -1]);
      export const create = () => ({
        name: 'cheat', learners: [], state: new Map(), dispose: () => {},
        perturb: ({ images }) => ({
          images: rows(images, 0, 3).concat(rows(images, 3, 1).mul(0.9).add(0.05)).concat(rows(images, 4, -1)),
          maps: {}, bounds: { pixels: { norm: 'linf', limit: 0.01 } },
        }),
      });`,
    );
    const before = readdirSync(place.path());
    const { code, stdout, stderr } = await attack(
      'run=run',
      'generator=module',
      'generator.module=./cheat.ts',
      'out=cheated',
    );
    expect([code, stdout]).to.deep.equal([1, '']);
    expect(stderr).to.match(
      /the opponent cheat left its budget: pixels reached \d\.\d+ of its linf bound 0\.01, with the image val\/fake\/val0\/1\.png \(.*1\.png\)\n$/,
    );
    expect(readdirSync(place.path())).to.deep.equal(before);
  });

  it('SIGINT ends it after the batch at hand, and nothing is written', async () => {
    const before = readdirSync(place.path());
    const running = launch('attack', ['run=run', 'generator=pgd', 'out=stopped'], place.path());
    await until(running, () => running.said().stderr.includes('checking'));
    running.child.kill('SIGINT');
    const { code, stdout, stderr } = await running.outcome;
    expect([code, stdout]).to.deep.equal([130, '']);
    expect(stderr).to.match(
      /SIGINT: stopping after the batch at hand; .*\n[^]*stopped; nothing was written\n$/,
    );
    expect(readdirSync(place.path())).to.deep.equal(before);
  });

  it('mistakes are one message each, and nothing is written', async () => {
    const before = readdirSync(place.path());
    const mistakes: readonly (readonly [readonly string[], RegExp])[] = [
      [['run=run', 'out=x', 'split=val', 'input=data'], /^split is of the run's own dataset.*leave one out/],
      [['run=run', 'out=data'], /^data is not empty \(it holds test\), and nothing is overwritten/],
      [['run=run', 'out=x', 'input=nowhere'], /input=nowhere: .*nowhere does not exist/],
      [['run=run', 'out=x', 'generator=pdg'], /Did you mean 'pgd'\?/],
      [
        ['run=run', 'out=x', 'generator=generative-residual', 'input=nowhere'],
        /^generator=generative-residual: a learned opponent needs the weights .* trained against generative\. Leave generator= out/,
      ],
    ];
    for (const [args, message] of mistakes) {
      const { code, stdout, stderr } = await attack(...args);
      expect(stderr).to.match(message);
      expect(stderr, 'stack trace').not.to.match(/^\s+at /m);
      expect([code, stdout]).to.deep.equal([1, '']);
    }
    expect(readdirSync(place.path())).to.deep.equal(before);
  });
});
