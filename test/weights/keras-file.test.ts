/** Keras's files: what its own writers of three versions wrote, and what must be refused. */
import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { inflateSync } from 'node:zlib';
import type { NamedArray } from '../../src/ops/safetensors.ts';
import { isKerasFile, readKerasFile } from '../../src/weights/keras-file.ts';
import { kerasTensors } from '../../src/weights/keras-tensors.ts';
import { isTorchFile } from '../../src/weights/torch-file.ts';
import { bits } from '../support/tensors.ts';

interface Files {
  readonly good: Record<
    string,
    { file: string; tensors: Record<string, { shape: number[]; values: number[] }> }
  >;
  readonly bad: Record<string, { file: string; says: string }>;
}

const FILES = JSON.parse(
  readFileSync(new URL('../fixtures/weights/keras-files.json', import.meta.url), 'utf8'),
) as Files;
const unpacked = (file: string): Uint8Array => inflateSync(Buffer.from(file, 'base64'));
const fileOf = (name: string): Uint8Array => unpacked(FILES.good[name]!.file);

async function refusal(job: Promise<unknown>): Promise<string> {
  return job.then(
    () => 'nothing was refused',
    (error: Error) => error.message,
  );
}

describe('files of Keras', function () {
  this.timeout(60_000);

  for (const [name, { tensors }] of Object.entries(FILES.good)) {
    it(`are read with the layers' own names: ${name}`, async () => {
      const found = await kerasTensors(fileOf(name));
      expect([...found.keys()]).to.have.members(Object.keys(tensors));
      for (const [tensor, { shape, values }] of Object.entries(tensors)) {
        const own: NamedArray = found.get(tensor)!;
        expect(own.shape, tensor).to.deep.equal(shape);
        expect(bits(own.values), tensor).to.deep.equal(bits(values));
      }
    });
  }

  it('are known by their first bytes, an archive by what it begins with', () => {
    for (const name of Object.keys(FILES.good)) expect(isKerasFile(fileOf(name)), name).to.equal(true);
    const torch = JSON.parse(
      readFileSync(new URL('../fixtures/weights/files.json', import.meta.url), 'utf8'),
    ) as { good: Record<string, { file: string }> };
    for (const [name, { file }] of Object.entries(torch.good)) {
      const bytes = Buffer.from(file, 'base64');
      expect(isKerasFile(bytes), name).to.equal(false);
      expect(isTorchFile(bytes) || name === 'safetensors').to.equal(true);
    }
    expect(isKerasFile(new Uint8Array())).to.equal(false);
  });

  for (const [name, { file, says }] of Object.entries(FILES.bad)) {
    it(`are refused, with the place: ${name}`, async () => {
      expect(await refusal(kerasTensors(unpacked(file)))).to.contain(says);
    });
  }

  it('are refused wherever they are cut', async () => {
    for (const name of ['weights of Keras 2', 'a model of Keras 3']) {
      const bytes = fileOf(name);
      for (let length = 8; length < bytes.length; length += 331) {
        const message = await refusal(kerasTensors(bytes.subarray(0, length)));
        expect(message, `${name}, ${length} bytes`).not.to.equal('nothing was refused');
      }
    }
  });

  it('are read in a thread, which gives the tensors, the file and the reason, or up', async () => {
    const bytes = fileOf('weights of Keras 3');
    const found = await readKerasFile(bytes, 'some.weights.h5');
    expect([...found.keys()]).to.have.members(Object.keys(FILES.good['weights of Keras 3']!.tensors));
    const cut = refusal(readKerasFile(bytes.subarray(0, 9000), 'some.weights.h5'));
    expect(await cut).to.match(/^some\.weights\.h5 is no readable file of Keras's weights: truncated file/);
    // the heap of texts says that its first one is longer than it: the library looks for the next one for ever
    const endless = Uint8Array.from(bytes);
    const heap = Buffer.from(endless).indexOf('GCOL');
    endless[heap + 17]! ^= 0x41;
    expect(await refusal(readKerasFile(endless, 'some.weights.h5', 2000))).to.match(
      /^some\.weights\.h5 is .*(does not end|heap)/,
    );
  });
});
