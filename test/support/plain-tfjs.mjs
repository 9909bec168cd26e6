/* eslint-disable -- plain JavaScript, as somebody who has none of our code would write it */
// Plain TensorFlow.js and nothing of ours: loads the model of each FOLDER and prints its logits of the float32 images in images.f32 beside it, as JSON.
// @ts-nocheck
import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as tf from '@tensorflow/tfjs';

tf.enableProdMode();
await tf.setBackend('cpu');
const bytes = (folder, file) => new Uint8Array(readFileSync(path.join(folder, file))).buffer;
const said = [];
for (const folder of process.argv.slice(2)) {
  const json = JSON.parse(readFileSync(path.join(folder, 'model.json'), 'utf8'));
  const [{ paths, weights: weightSpecs }] = json.weightsManifest;
  const weightData = bytes(folder, paths[0]);
  const { modelTopology, userDefinedMetadata: metadata } = json;
  const model = await tf.loadLayersModel(tf.io.fromMemory({ modelTopology, weightSpecs, weightData }));
  const values = new Float32Array(bytes(folder, 'images.f32'));
  const [, height, width, channels] = model.inputs[0].shape;
  const images = tf.tensor4d(values, [values.length / (height * width * channels), height, width, channels]);
  said.push({ logits: model.predict(images).arraySync(), metadata, backend: tf.getBackend() });
}
process.stdout.write(JSON.stringify(said));
