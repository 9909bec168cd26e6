/** Weights into a detector: all of them or none, and never in silence a random start. */
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { createHash } from 'node:crypto';
import { appendFileSync, cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { cacheFolder } from '../../src/data/cache-folder.ts';
import { INFERENCE, type Discriminator } from '../../src/discriminator/discriminator.ts';
import { DISCRIMINATORS } from '../../src/discriminator/index.ts';
import { encodeSafeTensors, type NamedArray } from '../../src/ops/safetensors.ts';
import { assignWeights } from '../../src/weights/assign.ts';
import { publishedFile } from '../../src/weights/published.mjs';
import { readStart } from '../../src/weights/start.ts';
import type { Naming } from '../../src/weights/pretrained.ts';
import { onTensorFlow } from '../support/engines.ts';
import { shippedSettings } from '../support/players.ts';
import { bits, noise, noiseTensor } from '../support/tensors.ts';

const NAME = 'efficientnet-lite0';

const array = (shape: readonly number[], seed: number): NamedArray => ({
  shape,
  values: noise(
    seed,
    shape.reduce((a, b) => a * b, 1),
  ),
});

/** Every variable's bits, hashed. */
const stateBits = (state: ReadonlyMap<string, tf.Variable>): Record<string, string> =>
  Object.fromEntries(
    [...state].map(([name, variable]) => [
      name,
      createHash('sha256').update(variable.dataSync<'float32'>()).digest('hex'),
    ]),
  );

onTensorFlow('assigning weights', () => {
  const VARIABLES: Readonly<Record<string, readonly number[]>> = {
    'a_conv/kernel': [3, 2, 4, 5],
    'b/depthwise_kernel': [3, 3, 5, 1],
    'b_bn/gamma': [5],
    'b_bn/moving_variance': [5],
    'b_bn/auxiliary_gamma': [5],
    'b_bn/auxiliary_moving_variance': [5],
    'logits/kernel': [5, 2],
  };
  const NAMES: Readonly<Record<string, ReturnType<Naming>>> = {
    'a.weight': { variable: 'a_conv/kernel', layout: 'conv' },
    'b.weight': { variable: 'b/depthwise_kernel', layout: 'depthwise' },
    'bn.weight': { variable: 'b_bn/gamma', layout: 'same' },
    'bn.running_var': { variable: 'b_bn/moving_variance', layout: 'same' },
    'bn.again': { variable: 'b_bn/gamma', layout: 'same' },
    'fc.weight': { variable: 'logits/kernel', layout: 'linear' },
    'bn.count': 'unused',
  };
  const good = (): Map<string, NamedArray> =>
    new Map([
      ['a.weight', array([5, 4, 3, 2], 1)],
      ['b.weight', array([5, 1, 3, 3], 2)],
      ['bn.weight', array([5], 3)],
      ['bn.running_var', array([5], 4)],
      ['bn.count', { shape: [], values: Int32Array.of(3) }],
      ['fc.weight', array([1000, 5], 5)],
    ]);
  let state: Map<string, tf.Variable>;
  beforeEach(() => {
    state = new Map(
      Object.entries(VARIABLES).map(([name, shape], i) => [
        name,
        tf.variable(noiseTensor<tf.Tensor>(i, shape, 2, 3)),
      ]),
    );
  });
  afterEach(() => state.forEach((variable) => variable.dispose()));
  const assign = (
    tensors: ReadonlyMap<string, NamedArray>,
    keeps = (name: string) => name.startsWith('logits/'),
  ): void => assignWeights(state, tensors, { naming: (name) => NAMES[name], keeps, source: 'some.pth' });

  it('turns each layout, gives the auxiliary branches the main ones, and leaves the head', () => {
    const head = bits(state.get('logits/kernel')!.dataSync<'float32'>());
    const tensors = good();
    assign(tensors);
    const conv = state.get('a_conv/kernel')!.arraySync() as number[][][][];
    const depthwise = state.get('b/depthwise_kernel')!.arraySync() as number[][][][];
    for (let out = 0; out < 5; out++) {
      for (let y = 0; y < 3; y++) {
        for (let x = 0; x < 2; x++) {
          for (let into = 0; into < 4; into++) {
            const at = ((out * 4 + into) * 3 + y) * 2 + x;
            expect(conv[y]![x]![into]![out]).to.equal(tensors.get('a.weight')!.values[at]);
          }
        }
        for (let x = 0; x < 3; x++) {
          expect(depthwise[y]![x]![out]![0]).to.equal(tensors.get('b.weight')!.values[(out * 3 + y) * 3 + x]);
        }
      }
    }
    for (const [own, from] of [
      ['b_bn/gamma', 'bn.weight'],
      ['b_bn/auxiliary_gamma', 'bn.weight'],
      ['b_bn/auxiliary_moving_variance', 'bn.running_var'],
    ] as const) {
      expect(bits(state.get(own)!.dataSync<'float32'>()), own).to.deep.equal(bits(tensors.get(from)!.values));
    }
    expect(bits(state.get('logits/kernel')!.dataSync<'float32'>())).to.deep.equal(head);
  });

  const BAD: readonly [what: string, change: (tensors: Map<string, NamedArray>) => void, says: RegExp][] = [
    ['a missing tensor', (t) => t.delete('bn.running_var'), /no tensor for b_bn\/moving_variance/],
    ['no tensor at all', (t) => t.clear(), /no tensor for a_conv\/kernel/],
    ['an unknown name', (t) => t.set('c.weight', array([1], 1)), /tensor c\.weight has no place/],
    [
      'two tensors of one variable',
      (t) => t.set('bn.again', array([5], 1)),
      /tensor bn\.again is the second one for b_bn\/gamma/,
    ],
    [
      'a wrong shape',
      (t) => t.set('bn.weight', array([4], 1)),
      /tensor bn\.weight of shape \[4\] does not fit b_bn\/gamma of shape \[5\]/,
    ],
    [
      'as many values in another shape',
      (t) => t.set('a.weight', array([4, 5, 3, 2], 1)),
      /tensor a\.weight of shape \[4, 5, 3, 2\]/,
    ],
    ['another rank', (t) => t.set('b.weight', array([5, 9], 1)), /tensor b\.weight of shape \[5, 9\]/],
    [
      'integers',
      (t) => t.set('bn.weight', { shape: [5], values: new Int32Array(5) }),
      /tensor bn\.weight holds integers/,
    ],
    ['NaN', (t) => (t.get('b.weight')!.values[7] = NaN), /tensor b\.weight holds NaN or infinity/],
    [
      'infinity',
      (t) => (t.get('bn.running_var')!.values[4] = Infinity),
      /tensor bn\.running_var holds NaN or infinity/,
    ],
    [
      'a variance below 0',
      (t) => (t.get('bn.running_var')!.values[0] = -1e-3),
      /tensor bn\.running_var holds a variance below 0/,
    ],
  ];
  for (const [what, change, says] of BAD) {
    it(`refuses ${what} and leaves every variable bit for bit`, () => {
      const before = stateBits(state);
      const tensors = good();
      change(tensors);
      expect(() => assign(tensors))
        .to.throw(says)
        .with.property('message')
        .that.matches(/^some\.pth/);
      expect(stateBits(state)).to.deep.equal(before);
    });
  }

  it('wants the head too where nothing keeps its own start', () => {
    const before = stateBits(state);
    expect(() => assign(good(), () => false)).to.throw(
      /fc\.weight of shape \[1000, 5\] does not fit logits\/kernel/,
    );
    expect(stateBits(state)).to.deep.equal(before);
  });
});

onTensorFlow('discriminator.weights', () => {
  let folder: string;
  let detector: Discriminator;
  const variant = DISCRIMINATORS[NAME]!;
  const settings = shippedSettings('discriminator', NAME);
  const known = { name: NAME, pretrained: variant.pretrained!(settings) };
  const context = { imageSize: 32, seed: 1, auxiliaryBatchNorm: true, recompute: false };
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'weights-'));
    detector = variant.create(settings, context);
  });
  after(() => {
    detector.dispose();
    rmSync(folder, { recursive: true });
  });
  const refusal = (job: () => Promise<unknown>): Promise<string> =>
    job().then(
      () => 'nothing was refused',
      (error: Error) => error.message,
    );

  it('without the published file names the command that fetches it', async () => {
    const empty = path.join(folder, 'empty');
    expect(await refusal(() => readStart('imagenet', known, empty))).to.match(
      /cannot read the weights .*efficientnet-lite0-57934424\.pth.*`npm run weights -- efficientnet-lite0`.*discriminator\.weights=null/,
    );
  });

  it('refuses a published file that has changed', async () => {
    const cache = path.join(folder, 'changed');
    mkdirSync(path.dirname(publishedFile(cache, NAME)), { recursive: true });
    cpSync(publishedFile(cacheFolder(), NAME), publishedFile(cache, NAME));
    expect((await readStart('imagenet', known, cache)).file).to.equal(publishedFile(cache, NAME));
    appendFileSync(publishedFile(cache, NAME), '\0');
    expect(await refusal(() => readStart('imagenet', known, cache))).to.match(/bytes after its last storage/);
    writeFileSync(publishedFile(cache, NAME), encodeSafeTensors({ tensors: new Map(), metadata: {} }));
    expect(await refusal(() => readStart('imagenet', known, cache))).to.match(
      /is not the published file.*remove it/,
    );
  });

  it('refuses the weights of a larger one of the family, and a detector without published ones', async () => {
    const other = DISCRIMINATORS['efficientnet-lite2']!.pretrained!(settings);
    const file = publishedFile(cacheFolder(), NAME);
    const lite2 = DISCRIMINATORS['efficientnet-lite2']!.create(settings, {
      ...context,
      auxiliaryBatchNorm: false,
    });
    const before = stateBits(lite2.state);
    const start = await readStart(file, { name: 'efficientnet-lite2', pretrained: other }, folder);
    expect(() => start.into(lite2.state)).to.throw(
      /tensor _blocks\.\d+\..* (of shape|has no place)|no tensor for/,
    );
    expect(stateBits(lite2.state)).to.deep.equal(before);
    lite2.dispose();
    const none = { name: NAME, pretrained: { ...known.pretrained, imagenet: null } };
    expect(await refusal(() => readStart('imagenet', none, folder))).to.match(
      /no published weights of efficientnet-lite0/,
    );
  });

  it('takes what `npm run export` wrote, the head included, of this detector only', async () => {
    const state = [...detector.state].filter(([name]) => !name.includes('/auxiliary_'));
    const tensors = new Map(
      state.map(([name, { shape, size }], i) => [name, { shape, values: noise(i, size) }]),
    );
    const write = (architecture: string): string => {
      const file = path.join(folder, `${architecture}.safetensors`);
      const metadata = { format: 'deepfake-game detector 1', architecture };
      writeFileSync(file, encodeSafeTensors({ tensors, metadata }));
      return file;
    };
    expect(await refusal(() => readStart(write('small-cnn'), known, folder))).to.match(
      /holds the detector small-cnn, and this run's is efficientnet-lite0/,
    );
    const images = noiseTensor(1, [1, 32, 32, 3]);
    (await readStart(write(NAME), known, folder)).into(detector.state);
    for (const [name, { values }] of tensors) {
      expect(
        Buffer.from(detector.state.get(name)!.dataSync<'float32'>().buffer).equals(
          Buffer.from(values.buffer),
        ),
        name,
      ).to.equal(true);
    }
    const logits = (branch: 'main' | 'auxiliary'): unknown =>
      tf.tidy(() => bits(detector.logits(images, { ...INFERENCE, branch }).dataSync<'float32'>()));
    expect(logits('auxiliary')).to.deep.equal(logits('main'));
    images.dispose();
  });
});
