/** The published weights, in the network of 1000 classes that they are of, against PyTorch's logits on the same photos. */
import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { cacheFolder } from '../../src/data/cache-folder.ts';
import { INFERENCE } from '../../src/discriminator/discriminator.ts';
import {
  efficientNetLites,
  efficientNetLiteTrunk,
  type EfficientNetLite,
  type EfficientNetLiteSettings,
} from '../../src/discriminator/efficientnet-lite.ts';
import { linearHead } from '../../src/discriminator/heads.ts';
import { modelState } from '../../src/ops/model-state.ts';
import { assignWeights } from '../../src/weights/assign.ts';
import { publishedFile } from '../../src/weights/published.mjs';
import { readWeights } from '../../src/weights/read-weights.ts';
import { onTensorFlow } from '../support/engines.ts';
import { shippedSettings } from '../support/players.ts';
import { expectClose } from '../support/tensors.ts';
import { imagenetPhotos } from './imagenet-photos.ts';

interface Case {
  readonly name: EfficientNetLite;
  readonly side: number;
  readonly sha256: string;
  readonly photos: readonly {
    readonly classes: readonly number[];
    readonly largest: readonly number[];
    readonly every50th: readonly number[];
    readonly mean: number;
    readonly rms: number;
  }[];
}

const { cases } = JSON.parse(
  readFileSync(new URL('../fixtures/weights/imagenet.json', import.meta.url), 'utf8'),
) as { cases: readonly Case[] };

/** The one that `npm test` fetches; IMAGENET_ALL=1 compares all that were fetched by hand. */
const compared = process.env['IMAGENET_ALL'] === undefined ? cases.slice(0, 1) : cases;

onTensorFlow('ImageNet weights', () => {
  for (const { name, side, sha256, photos } of compared) {
    it(`${name}: the logits of ${photos.length} photos are PyTorch's`, async () => {
      const shown = await imagenetPhotos(side);
      expect(
        shown.sha256,
        'the decoder gives other pixels: run test/fixtures/weights/regenerate.py',
      ).to.equal(sha256);
      const file = await readWeights(
        publishedFile(cacheFolder(), name),
        `Run \`npm run weights -- ${name}\``,
      );
      const context = { imageSize: side, seed: 1, auxiliaryBatchNorm: false, recompute: false };
      const settings = shippedSettings('discriminator', name) as unknown as EfficientNetLiteSettings;
      const trunk = efficientNetLiteTrunk(name, settings, context);
      const model = tf.model({ inputs: trunk.input, outputs: linearHead(trunk, 1000) });
      const variant = efficientNetLites.find((each) => each.name === name)!;
      const { torch } = variant.pretrained!(settings);
      assignWeights(modelState(model), file.tensors, {
        naming: torch!,
        keeps: () => false,
        source: file.file,
      });
      tf.tidy(() => {
        const images = tf.div(tf.tensor(shown.bytes, [shown.count, side, side, 3], 'float32'), 255);
        const logits = (model.apply(images, { ...INFERENCE }) as tf.Tensor2D).arraySync();
        photos.forEach((photo, i) => {
          const own = logits[i]!;
          const order = own.map((_, k) => k).sort((a, b) => own[b]! - own[a]!);
          expect(order.slice(0, 5)).to.deep.equal(photo.classes);
          const mean = own.reduce((sum, v) => sum + v, 0) / 1000;
          const rms = Math.sqrt(own.reduce((sum, v) => sum + v * v, 0) / 1000);
          expectClose(
            [...photo.classes.map((k) => own[k]!), ...own.filter((_, k) => k % 50 === 0), mean, rms],
            [...photo.largest, ...photo.every50th, photo.mean, photo.rms],
            { absolute: 1e-3 },
          );
        });
      });
      model.dispose();
    });
  }
});
