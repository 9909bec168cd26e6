import { expect } from 'chai';
import type { Dataset, Sample } from '../../src/data/dataset.ts';
import { rngFor } from '../../src/data/rng.ts';
import { crossValidatedAuc, type Example } from '../../src/data/audit/boosted-stumps.ts';
import { ALL_METHODS, openFaces } from '../support/photos.ts';
import { FEATURES, shortcutFeatures } from '../support/shortcut-features.ts';

describe('data=faces gives no label away', () => {
  const examples = new Map<string, Example[]>();

  before('measure every image', async function () {
    this.timeout(300_000);
    const faces = await openFaces({ methods_seen: ALL_METHODS, methods_unseen: [] });
    for (const sample of samplesOf(faces)) {
      const features = await shortcutFeatures(await faces.read(sample));
      const example = { features, label: sample.label, group: sample.videoId };
      examples.set(sample.manipulation, [...(examples.get(sample.manipulation) ?? []), example]);
    }
  });

  for (const method of ALL_METHODS) {
    it(`${method}: file size, colour, contrast and sharpness do not tell it from real`, () => {
      const both = [...examples.get('real')!, ...examples.get(method)!];
      expect(crossValidatedAuc(both), 'all features').to.be.at.most(0.6);
      FEATURES.forEach((name, f) => {
        const one = both.map((example): Example => ({ ...example, features: [example.features[f]!] }));
        expect(crossValidatedAuc(one), name).to.be.at.most(0.6);
      });
    });
  }

  it('would notice a shortcut', () => {
    const rng = rngFor(0, 'shortcut');
    const shifted = (by: number): Example[] =>
      examples.get('real')!.flatMap(({ features, group }) => {
        const noise = 4 * rng.normal(); // the fakes a standard deviation brighter than the reals would be
        return [0, 1].map((label): Example => {
          const brightness = noise + (label === 1 ? by : 0) + 4 * rng.normal();
          return { features: [...features, brightness], label: label as 0 | 1, group };
        });
      });
    expect(crossValidatedAuc(shifted(6))).to.be.above(0.75);
    expect(crossValidatedAuc(shifted(0))).to.be.at.most(0.6);
  });
});

function samplesOf(dataset: Dataset): readonly Sample[] {
  return (['train', 'val', 'test'] as const).flatMap((split) => dataset.samples(split));
}
