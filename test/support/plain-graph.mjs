/* eslint-disable -- plain JavaScript, as somebody who has none of our code would write it */
// Plain TensorFlow.js and nothing of ours: loads the graph of each FOLDER and prints what it says of the float32 images in images.f32 beside it, all at
// once and of the first alone, as JSON.
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
  const { modelTopology, signature, userDefinedMetadata: metadata } = json;
  const artifacts = { modelTopology, signature, weightSpecs, weightData };
  const model = await tf.loadGraphModel({ load: () => Promise.resolve(artifacts) });
  const [{ name, shape }] = model.inputs;
  const [, height, width, channels] = shape;
  const values = new Float32Array(bytes(folder, 'images.f32'));
  const images = tf.tensor4d(values, [values.length / (height * width * channels), height, width, channels]);
  const logits = model.predict(images).arraySync();
  const [first] = tf.split(images, images.shape[0]);
  said.push({
    input: { name, shape },
    outputs: model.outputs.map((output) => output.name),
    logits: model.predict(images).arraySync(),
    single: model.predict(first).arraySync(),
    metadata,
    backend: tf.getBackend(),
  });
}
process.stdout.write(JSON.stringify(said));
