import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { readJson, runScript, workplace } from './command-line.ts';
import { modelsCsv, type ModelFacts } from '../../src/models.ts';

/** 3×3 convolutions of SAME padding on an image of 224 pixels, and the linear layer. */
function convolutional(channels: readonly number[], strides: readonly number[], input: number): number {
  let [side, before, sum] = [224, input, 0];
  channels.forEach((filters, i) => {
    side = Math.ceil(side / strides[i]!);
    sum += side * side * 9 * before * filters;
    before = filters;
  });
  return sum + before * 2;
}

describe('npm run models', function () {
  this.timeout(120_000);
  const place = workplace();

  it('says what detectors are made of and what they cost, and writes it as JSON', async () => {
    const { code, stdout, stderr } = await runScript(
      'models',
      [
        'discriminator=cnn7,small-cnn,efficientnet-b0,spectrum',
        'time=false',
        `out=${place.path('models.json')}`,
      ],
      place.path(),
    );
    expect(code, stderr).to.equal(0);
    const facts = readJson(place.path('models.json')) as ModelFacts[];
    expect(facts.map(({ name }) => name)).to.deep.equal(['cnn7', 'small-cnn', 'efficientnet-b0', 'spectrum']);
    const [cnn7, small, efficient, spectrum] = facts as [ModelFacts, ModelFacts, ModelFacts, ModelFacts];
    expect(cnn7.multiplyAdds).to.equal(
      convolutional([32, 64, 64, 128, 128, 256, 256], [1, 2, 1, 2, 1, 2, 1], 3),
    );
    expect(small.multiplyAdds).to.equal(
      convolutional([24, 24, 48, 48, 96, 96, 192], [2, 1, 1, 2, 1, 2, 1], 6),
    );
    // 5.3 million parameters with ImageNet's 1000 classes, and 0.39 billion multiply-adds, says table 2 of the paper
    expect(efficient.parameters).to.equal(4_010_110);
    expect(efficient.multiplyAdds / 1e9).to.be.closeTo(0.39, 0.01);
    // both products of the Fourier transform, the rings, the points and the logits: 113 of 224 columns, rings 0 … 158
    const fourier = 224 * 224 * 226 + 448 * 224 * 226;
    expect(spectrum.multiplyAdds).to.equal(fourier + 224 * 113 * 159 + 159 * 64 + 64 * 2);
    for (const { size, ms, weights } of [cnn7, small, spectrum]) {
      expect([size, ms, weights]).to.deep.equal([224, null, null]);
    }
    expect(stdout).to.match(/^detector +parameters +multiply-adds \(M\) +pixels +weights$/m);
    expect(stdout).to.match(/^efficientnet-b0 +4,010,110 +3[89]\d\.\d +224×224/m);
  });

  it('measures the time of an image, and writes Markdown', async () => {
    const args = ['discriminator=illumination,small-cnn', 'size=32', `out=${place.path('models.md')}`];
    const { code, stderr } = await runScript('models', args, place.path());
    expect(code, stderr).to.equal(0);
    const page = readFileSync(place.path('models.md'), 'utf8');
    expect(page).to.match(/^\| illumination \| 126 \| 0\.0 \| 32×32 \| \d+\.\d\d \| {2}\|$/m);
  });

  it('has a line of CSV a detector, empty where nothing is known', () => {
    const facts = { name: 'a', parameters: 5, multiplyAdds: 1e9, size: 32, ms: null, weights: 'a, of b' };
    expect(modelsCsv([facts])).to.equal(
      'name,parameters,multiplyAdds,size,ms,weights\na,5,1000000000,32,,"a, of b"\n',
    );
  });

  it('mistakes are one message each, before anything is computed', async () => {
    for (const [args, message] of [
      [
        ['discriminator=small-cn'],
        "discriminator=small-cn: there is no such detector. Did you mean 'small-cnn'?",
      ],
      [['out=models.xlsx'], 'out=models.xlsx: there is no such format. Known: .md, .json, .csv'],
    ] as const) {
      const { code, stderr } = await runScript('models', args, place.path());
      expect([code, stderr.includes(message)], stderr).to.deep.equal([1, true]);
    }
  });
});
