// What an attack costs: one forward pass and one input-gradient pass of the detector, and nothing more.
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { smallCnn } from '../../src/discriminator/small-cnn.ts';
import { GENERATORS } from '../../src/generator/index.ts';
import { crossEntropy } from '../../src/game/objective.ts';
import { play as runRound, type PlaySettings } from '../../src/game/play.ts';
import { createCarried, createGame, disposeGame } from '../../src/game/players.ts';
import { victimOf } from '../../src/game/victim.ts';
import { createRng } from '../../src/ops/random.ts';
import { nodeBackend } from '../../src/tensorflow/backend.ts';
import { openTensorFlow } from '../../src/tensorflow/binding.ts';
import { registerFastKernels } from '../../src/tensorflow/kernels.ts';
import { SGD, lastTurn, noiseBatch, shippedSettings } from '../support/players.ts';

/** How often each operation runs in `body`, by its name on the tape: the same whichever op of TensorFlow or of our own it is. */
function countOps(body: () => void): Map<string, number> {
  const engine = tf.engine();
  const counts = new Map<string, number>();
  const runKernel = engine.runKernel.bind(engine);
  engine.runKernel = (name, inputs, attrs) => {
    counts.set(name, (counts.get(name) ?? 0) + 1);
    return runKernel(name, inputs, attrs);
  };
  try {
    body();
  } finally {
    Reflect.deleteProperty(engine, 'runKernel'); // the method of its class again
  }
  return counts;
}

describe('the cost of an attack', () => {
  before(async () => {
    openTensorFlow({ device: 'cpu' });
    await tf.setBackend('tensorflow');
    registerFastKernels();
  });

  const config = {
    channels: [4, 8, 8],
    strides: [2, 1, 2],
    input: 'rgb',
    bn_momentum: 0.9,
    bn_epsilon: 1e-5,
    head: 'binary',
  } as const;

  /** What an opponent's images cost, in ops of the detector's layers. */
  const costOf = (name: string, settings: Readonly<Record<string, unknown>>): Map<string, number> => {
    const detector = smallCnn.create(config, {
      imageSize: 16,
      seed: 1,
      auxiliaryBatchNorm: false,
      recompute: false,
    });
    const labels = tf.tensor1d([0, 1], 'int32');
    const images = createRng(1, 'images').uniform([2, 16, 16, 3]) as tf.Tensor4D;
    const opponent = GENERATORS[name]!.create(
      { ...shippedSettings('generator', name), ...settings },
      { imageSize: 16, seed: 1 },
    );
    const victim = victimOf(detector, { crafting: 'eval', auxiliary_bn: false });
    const counts = countOps(() => {
      const { images: made, maps } = opponent.perturb({ images, labels }, victim, lastTurn());
      tf.dispose([made, ...Object.values(maps)]);
    });
    tf.dispose([images, labels]);
    opponent.dispose();
    detector.dispose();
    return counts;
  };
  const layers = config.channels.length;

  for (const [name, settings, steps] of [
    ['fgsm', {}, 1],
    ['pgd', { steps: 4, alpha: 0.01, keep: 'last', restarts: 1 }, 4],
    ['sat', { steps: 3, step_size: 1, keep: 'last' }, 3],
    ['blur', { steps: 2, keep: 'last' }, 2],
  ] as const) {
    it(`is one convolution forward and one input gradient a layer and step, and no kernel gradient: ${name}`, () => {
      const counts = costOf(name, settings);
      // an opponent's own ring sums may be convolutions too: once, and without a gradient
      const own = name === 'blur' ? 1 : 0;
      expect(counts.get('Conv2D')).to.be.within(layers * steps, layers * steps + own);
      expect(counts.get('Conv2DBackpropInput')).to.equal(layers * steps);
      expect(counts.has('Conv2DBackpropFilter')).to.equal(false);
    });
  }

  it('grows by one forward pass for the best iterate, and by one for the predicted label', () => {
    const settings = { steps: 4, alpha: 0.01, restarts: 1 };
    const best = costOf('pgd', { ...settings, keep: 'best' });
    expect(best.get('Conv2D')).to.equal(layers * 5);
    expect(best.get('Conv2DBackpropInput')).to.equal(layers * 4);
    const unlabelled = costOf('pgd', { ...settings, keep: 'last', goal: 'predicted-label' });
    expect(unlabelled.get('Conv2D')).to.equal(layers * 5);
    expect(unlabelled.get('Conv2DBackpropInput')).to.equal(layers * 4);
  });

  /** What a round costs in convolutions, the networks of a learned opponent counted by themselves. */
  const roundOf = (name: string, play: PlaySettings): Map<string, number> => {
    const detector = smallCnn.create(config, {
      imageSize: 16,
      seed: 1,
      auxiliaryBatchNorm: true,
      recompute: false,
    });
    const opponent = GENERATORS[name]!.create(shippedSettings('generator', name), { imageSize: 16, seed: 1 });
    const carried = play.play === 'free' ? createCarried(opponent, 2, 16) : null;
    const optimizers = { seed: 1, optimizer_d: SGD, optimizer_g: SGD };
    const game = createGame(detector, opponent, optimizers, { pool: null, carried });
    const batch = noiseBatch([0, 1]);
    const rates = { detector: 0.1, generator: 0.1 };
    const counts = countOps(() => void runRound(game, batch, play, rates, lastTurn()));
    tf.dispose([batch.images, batch.labels]);
    disposeGame(game);
    return counts;
  };
  const SHARED = {
    objective: 'clean+adversarial',
    lambda: 1,
    accumulate: 1,
    crafting: 'train',
    auxiliary_bn: true,
  } as const;

  it('in simultaneous play is nothing: one pass through both players serves both, where turns take two', () => {
    const turns = { ...SHARED, play: 'alternating', g_per_d: 1, d_per_g: 1 } as const;
    const [both, inTurns] = [
      roundOf('generative', { ...SHARED, play: 'simultaneous' }),
      roundOf('generative', turns),
    ];
    const networks = GENERATORS['generative']!.create(shippedSettings('generator', 'generative'), {
      imageSize: 16,
      seed: 1,
    });
    // those of both classes' networks
    const own = [...networks.state.keys()].filter((variable) => variable.endsWith('/kernel')).length;
    networks.dispose();
    expect(both.get('Conv2D')).to.equal(2 * layers + own);
    expect(both.get('Conv2DBackpropFilter')).to.equal(2 * layers + own);
    // in turns: the generator's step through itself and the detector, then its images anew, then the detector's step
    expect(inTurns.get('Conv2D')).to.equal(own + layers + own + 2 * layers);
    expect(inTurns.get('Conv2DBackpropInput')! - both.get('Conv2DBackpropInput')!).to.equal(layers - 1);
  });

  it('in free play is the gradient of the first layer’s input, a replay', () => {
    const free = roundOf('fgsm', { ...SHARED, play: 'free', replays: 3 });
    expect(free.get('Conv2D')).to.equal(3 * 2 * layers);
    expect(free.get('Conv2DBackpropFilter')).to.equal(3 * 2 * layers);
    expect(free.get('Conv2DBackpropInput')).to.equal(3 * (2 * layers - 1));
  });

  it('in a pass shared with the clean images is the gradient of the first layer’s input, where one of its own is a pass more', () => {
    const turns = { ...SHARED, play: 'alternating', g_per_d: 1, d_per_g: 1 } as const;
    const fgsm = roundOf('fgsm', { ...turns, crafting: 'shared' });
    expect(fgsm.get('Conv2D')).to.equal(2 * layers);
    expect(fgsm.get('Conv2DBackpropInput')).to.equal(2 * layers - 1);
    expect(fgsm.get('Conv2DBackpropFilter')).to.equal(2 * layers);
    const apart = roundOf('fgsm', turns);
    expect(apart.get('Conv2D')).to.equal(3 * layers);
    expect(apart.get('Conv2DBackpropInput')).to.equal(3 * layers - 2);
  });

  it('is one reading of figures a round, whatever is played: nothing waits for the engine before its end', () => {
    const backend = nodeBackend();
    const readSync = backend.readSync.bind(backend);
    const readings = (name: string, settings: PlaySettings): number => {
      let count = 0;
      backend.readSync = (id) => (count++, readSync(id));
      try {
        roundOf(name, settings);
      } finally {
        Object.assign(backend, { readSync });
      }
      return count;
    };
    const turns = { ...SHARED, play: 'alternating', g_per_d: 2, d_per_g: 2 } as const;
    for (const name of ['none', 'fgsm', 'pgd', 'sat', 'blur']) {
      expect(readings(name, turns), name).to.equal(1);
    }
    expect(readings('fgsm', { ...SHARED, play: 'free', replays: 3 })).to.equal(1);
    expect(readings('none', { ...turns, objective: 'clean' })).to.equal(1);
  });

  it('training asks for no gradient of the images: one input gradient a layer but the first', () => {
    const detector = smallCnn.create(config, {
      imageSize: 16,
      seed: 1,
      auxiliaryBatchNorm: false,
      recompute: false,
    });
    const labels = tf.tensor1d([0, 1], 'int32');
    const images = createRng(1, 'images').uniform([2, 16, 16, 3]) as tf.Tensor4D;
    const counts = countOps(() => {
      const pass = { training: true, trackStatistics: true, branch: 'main' } as const;
      const { value, grads } = tf.variableGrads(
        () => tf.mean(crossEntropy(detector.logits(images, pass), labels)),
        [...detector.trainable],
      );
      tf.dispose([value, ...Object.values(grads)]);
    });
    expect(counts.get('Conv2DBackpropInput')).to.equal(config.channels.length - 1);
    expect(counts.get('Conv2DBackpropFilter')).to.equal(config.channels.length);
    tf.dispose([images, labels]);
    detector.dispose();
  });
});
