import { expect } from 'chai';
import { INFERENCE } from '../../src/discriminator/discriminator.ts';
import { FRONT_ENDS } from '../../src/discriminator/front-ends.ts';
import { smallCnn } from '../../src/discriminator/small-cnn.ts';
import { onTensorFlow } from '../support/engines.ts';
import { noiseTensor } from '../support/tensors.ts';

const CONTEXT = { imageSize: 8, seed: 1, auxiliaryBatchNorm: false, recompute: false };

onTensorFlow('small-cnn', () => {
  const settings = {
    channels: [4],
    strides: [2],
    bn_momentum: 0.9,
    bn_epsilon: 1e-3,
    head: 'binary',
  } as const;

  it('wants one stride a convolution', () => {
    expect(() => smallCnn.create({ ...settings, channels: [4, 4], input: 'rgb' }, CONTEXT)).to.throw(
      'discriminator.strides has 1 entries, discriminator.channels 2',
    );
  });

  it('has a first kernel as deep as its front end', () => {
    const images = noiseTensor(1, [2, 8, 8, 3]);
    const depths = FRONT_ENDS.map((input) => {
      const detector = smallCnn.create({ ...settings, input }, CONTEXT);
      const logits = detector.logits(images, INFERENCE);
      expect(logits.dataSync().every(Number.isFinite), input).to.equal(true);
      const depth = detector.state.get('block1_conv/kernel')!.shape[2];
      logits.dispose();
      detector.dispose();
      return depth;
    });
    expect(depths).to.deep.equal([3, 6, 3, 12]);
    images.dispose();
  });
});
