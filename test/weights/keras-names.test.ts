/** Weights of Keras into detectors: the same logits, and nothing where the networks differ. */
import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { DISCRIMINATORS } from '../../src/discriminator/index.ts';
import type { NamedArray } from '../../src/ops/safetensors.ts';
import type { Place } from '../../src/weights/pretrained.ts';
import { readStart } from '../../src/weights/start.ts';
import { onTensorFlow } from '../support/engines.ts';
import { kerasCase, tensorsOf, writtenH5 } from '../support/keras-h5.ts';
import { itIsAsKerasSays, settingsForKeras } from '../support/keras-parity.ts';
import { shippedSettings } from '../support/players.ts';
import { undrawn } from '../support/undrawn.ts';

// Xception and the large MobileNetV3 take longer: test/full/keras.test.ts
itIsAsKerasSays(['efficientnet-b0', 'mobilenet-v3-small', 'meso-4', 'meso-inception-4']);

const EVERY = ['efficientnet-b0', 'mobilenet-v3-small', 'mobilenet-v3-large', 'xception', 'meso-4'];
EVERY.push('meso-inception-4');

/** A detector's state with as many variables as its original has tensors, without drawing one. */
function stateOf(
  network: string,
  imageSize: number,
): { state: ReadonlyMap<string, unknown>; dispose(): void } {
  const context = { imageSize, seed: 1, auxiliaryBatchNorm: false, recompute: false };
  return undrawn(() => DISCRIMINATORS[network]!.create(settingsForKeras(network), context));
}

/** The variables that tensors of these names are for, in their order; constants and what is unused left out. */
function variablesOf(network: string, names: readonly string[]): string[] {
  const naming = DISCRIMINATORS[network]!.pretrained!(settingsForKeras(network)).keras!(names);
  return names.flatMap((name) => {
    const place = naming(name);
    expect(place, name).not.to.equal(undefined);
    return typeof place === 'object' && 'variable' in place ? [(place as Place).variable] : [];
  });
}

onTensorFlow("Keras's names", () => {
  for (const network of EVERY) {
    it(`${network}: one tensor for every variable, by names and by places`, () => {
      const { tensors, size } = kerasCase(network);
      const names = tensors.map(([name]) => name);
      const detector = stateOf(network, size);
      const variables = variablesOf(network, names);
      expect(variables).to.have.members([...detector.state.keys()]);
      detector.dispose();
      const places = new Map<string, number>();
      const numbered = names.map((name) => {
        const layer = name.slice(0, name.lastIndexOf('/'));
        const place = places.get(layer) ?? 0;
        places.set(layer, place + 1);
        return `${layer}/${place}`;
      });
      expect(variablesOf(network, numbered)).to.deep.equal(variables);
    });
  }

  it('count layers without names from wherever a program had come, by number and not by place', () => {
    const { tensors } = kerasCase('meso-inception-4');
    const names = tensors.map(([name]) => name);
    const shifted = names.map((name) =>
      name.replace(/^(conv2d|batch_normalization|dense)(?:_(\d+))?\//, (_, kind, number = '0') =>
        [kind as string, `_${Number(number) + 7}/`].join(''),
      ),
    );
    expect(shifted).to.include('conv2d_7/kernel').and.to.include('conv2d_22/bias');
    expect(variablesOf('meso-inception-4', shifted)).to.deep.equal(variablesOf('meso-inception-4', names));
    expect(variablesOf('meso-inception-4', shifted.toReversed())).to.deep.equal(
      variablesOf('meso-inception-4', names).toReversed(),
    );
  });

  it('are known in the spelling of older versions', () => {
    expect(
      variablesOf('xception', [
        ...['block1_conv1/W', 'block1_conv1_bn/running_mean', 'block1_conv1_bn/running_std'],
        ...['convolution2d_1/W', 'batchnormalization_1/gamma', 'predictions/b'],
      ]),
    ).to.deep.equal([
      ...['stem1_conv/kernel', 'stem1_bn/moving_mean', 'stem1_bn/moving_variance'],
      ...['block1_projection_conv/kernel', 'block1_projection_bn/gamma', 'logits/bias'],
    ]);
    expect(
      variablesOf('mobilenet-v3-small', [
        ...['Conv/kernel', 'Conv_1/BatchNorm/beta', 'expanded_conv/depthwise/depthwise_kernel'],
        ...['expanded_conv_3/squeeze_excite/Conv_1/bias', 'Conv_2/kernel', 'Logits/bias'],
      ]),
    ).to.deep.equal([
      ...['stem_conv/kernel', 'head_bn/beta', 'block1_depthwise/depthwise_kernel'],
      ...['block4_excite/bias', 'hidden/kernel', 'logits/bias'],
    ]);
  });
});

onTensorFlow('a file of Keras as discriminator.weights', () => {
  let folder: string;
  before(() => {
    folder = mkdtempSync(path.join(os.tmpdir(), 'keras-'));
  });
  after(() => rmSync(folder, { recursive: true }));

  /** What is said against a file of these tensors for a detector. */
  const refusal = async (
    network: string,
    settings: Readonly<Record<string, unknown>>,
    tensors: ReadonlyMap<string, NamedArray>,
    size = 64,
  ): Promise<string> => {
    const file = path.join(folder, 'some.h5');
    writeFileSync(file, await writtenH5(tensors));
    const variant = DISCRIMINATORS[network]!;
    const message = (error: Error): string => error.message;
    const start = await readStart(
      file,
      { name: network, pretrained: variant.pretrained!(settings) },
      folder,
    ).catch(message);
    if (typeof start === 'string') return start;
    const context = { imageSize: size, seed: 1, auxiliaryBatchNorm: false, recompute: false };
    const detector = undrawn(() => variant.create(settings, context));
    const sums = (): number[] =>
      [...detector.state.values()].map((variable) =>
        variable.dataSync<'float32'>().reduce((sum, v) => sum + v, 0),
      );
    const before = sums();
    try {
      start.into(detector.state);
      return 'nothing was refused';
    } catch (error) {
      expect(sums()).to.deep.equal(before);
      return message(error as Error);
    } finally {
      detector.dispose();
    }
  };
  const array = (shape: readonly number[], value = 0): NamedArray => ({
    shape,
    values: new Float32Array(shape.reduce((a, b) => a * b, 1)).fill(value),
  });
  const meso = settingsForKeras('meso-4');
  const changed = (change: (tensors: Map<string, NamedArray>) => void): Map<string, NamedArray> => {
    const tensors = tensorsOf(kerasCase('meso-4'));
    change(tensors);
    return tensors;
  };

  it('is refused where the detector is set to be another function, with the settings that are meant', async () => {
    const one = new Map([['block1_conv1/kernel', array([1])]]);
    expect(await refusal('xception', shippedSettings('discriminator', 'xception'), one)).to.match(
      /xception as it is set is another function than Keras's network: set discriminator\.padding=same discriminator\.bn_epsilon=0\.001$/,
    );
    expect(
      await refusal('mobilenet-v3-small', shippedSettings('discriminator', 'mobilenet-v3-small'), one),
    ).to.match(/set discriminator\.normalisation=centred discriminator\.padding=same$/);
  });

  it('is refused where Keras has another network, or none, of that name', async () => {
    expect(
      await refusal(
        'resnet-50',
        shippedSettings('discriminator', 'resnet-50'),
        new Map([['conv1_conv/kernel', array([7, 7, 3, 64])]]),
        32,
      ),
    ).to.match(/tensor conv1_conv\/kernel is of Keras's ResNet, .*version 1\.5/);
    expect(
      await refusal(
        'efficientnet-lite0',
        shippedSettings('discriminator', 'efficientnet-lite0'),
        changed(() => 0),
        32,
      ),
    ).to.match(/Keras's names, and no network of that framework is efficientnet-lite0/);
  });

  it('is refused where EfficientNet’s layer in front is not the published one', async () => {
    const tensors = new Map([
      ['normalization/mean', array([3])],
      ['normalization/variance', array([3], 1)],
    ]);
    expect(await refusal('efficientnet-b0', settingsForKeras('efficientnet-b0'), tensors, 32)).to.match(
      /tensor normalization\/mean is not \[0\.485, 0\.456, 0\.406\]: the file is of an EfficientNet that sees/,
    );
  });

  const BAD: readonly [what: string, tensors: Map<string, NamedArray>, says: RegExp, size?: number][] = [
    ['a missing tensor', changed((t) => t.delete('dense/bias')), /has no tensor for hidden\/bias/],
    ['NaN', changed((t) => (t.get('conv2d_1/kernel')!.values[5] = NaN)), /tensor conv2d_1\/kernel holds NaN/],
    ['two outputs', changed((t) => t.set('dense_1/bias', array([2]))), /tensor dense_1\/bias of shape \[2\]/],
    [
      'one more layer',
      changed((t) => t.set('conv2d_4/bias', array([2]))),
      /tensor conv2d_4\/bias has no place/,
    ],
    ['a named layer', changed((t) => t.set('mine/bias', array([2]))), /tensor mine\/bias has no place/],
    [
      'weights of larger images',
      changed(() => 0),
      /tensor dense\/kernel of shape \[64, 16\] does not fit/,
      32,
    ],
    [
      'another network',
      tensorsOf(kerasCase('meso-inception-4')),
      /tensor conv2d\w*\/kernel of shape \[[\d, ]+\] does not fit/,
    ],
  ];
  for (const [what, tensors, says, size] of BAD) {
    it(`is refused for ${what}, and every variable stays`, async () => {
      expect(await refusal('meso-4', meso, tensors, size)).to.match(says);
    });
  }

  it('goes into a detector whole, head included, and PyTorch has none of it', async () => {
    expect(
      await refusal(
        'meso-4',
        meso,
        changed(() => 0),
      ),
    ).to.equal('nothing was refused');
    const file = path.join(folder, 'torch.pth');
    const torch = JSON.parse(
      readFileSync(new URL('../fixtures/weights/files.json', import.meta.url), 'utf8'),
    ) as { good: Record<string, { file: string }> };
    writeFileSync(file, Buffer.from(torch.good['zip']!.file, 'base64'));
    const said = await readStart(
      file,
      { name: 'meso-4', pretrained: DISCRIMINATORS['meso-4']!.pretrained!(meso) },
      folder,
    ).then(String, (error: Error) => error.message);
    expect(said).to.match(/PyTorch's names, and no network of that framework is meso-4/);
  });
});
