import { expect } from 'chai';
import { join } from 'node:path';
import { dfd, type DfdSettings } from '../../../src/data/corpora/dfd.ts';
import { dfdTree, ffppTree, writeVideos, type Pair } from '../../support/corpora.ts';
import { errorOf, put, temporaryFolder } from '../image-files.ts';

describe('data/corpora/dfd', () => {
  const place = temporaryFolder();
  let count = 0;
  const fresh = (): string => join(place.path(), `tree${count++}`);
  const list = (root: string, settings: Partial<DfdSettings> = {}) =>
    dfd.list({ root, split: 'test', val_fraction: 0.25, test_fraction: 0.25, seed: 1, ...settings });

  it('all of it is for test; FaceForensics++ in the same root is not its own', async () => {
    const root = await writeVideos(fresh(), dfdTree());
    await writeVideos(root, ffppTree());
    const { clips, skipped } = await list(root);
    expect([clips.length, skipped]).to.deep.equal([24, []]);
    expect(new Set(clips.map(({ split }) => split))).to.deep.equal(new Set(['test']));
    const scene = 'walking_outside_cafe_disgusted';
    expect(
      clips.find(({ label, video }) => label === 1 && video.includes(`01_02__${scene}`)),
    ).to.deep.include({
      id: `manipulated_sequences/DeepFakeDetection/c23/videos/01_02__${scene}__JZUXXFRB`,
      ...{ manipulation: 'DeepFakeDetection', compression: 'c23', identities: ['actor01', 'actor02'] },
      source: `original_sequences/actors/c23/videos/01__${scene}`,
    });
  });

  it('split=people: nobody is in two splits, and fakes across are left out with both', async () => {
    const people = Array.from({ length: 8 }, (_, i) => String(i + 1).padStart(2, '0'));
    const swaps = people.flatMap((a) => people.filter((b) => b !== a).map((b): Pair => [a, b]));
    const root = await writeVideos(fresh(), dfdTree({ swaps }));
    const { clips, skipped } = await list(root, { split: 'people' });
    const splits = new Map<string, Set<string | null>>();
    for (const { identities, split } of clips) {
      for (const person of identities) splits.set(person, (splits.get(person) ?? new Set()).add(split));
    }
    expect([...splits.values()].map((set) => [...set].join()).sort()).to.deep.equal([
      ...['test', 'test', 'train', 'train', 'train', 'train', 'val', 'val'],
    ]);
    // two scenes: 8 reals, and fakes within 4, 2 and 2 people
    expect(clips.length).to.equal(2 * (8 + 12 + 2 + 2));
    expect(skipped.length).to.equal(2 * (56 - 16));
    for (const { why } of skipped) expect(why).to.match(/^shows people of two splits, (\w+) and (?!\1)\w+$/);
    expect((await list(root, { split: 'people' })).clips).to.deep.equal(clips);
  });

  it('lists files named otherwise; refuses a root without its two folders', async () => {
    const root = await writeVideos(fresh(), dfdTree());
    const real = await put(join(root, 'original_sequences/actors/c23/videos/anna.mp4'), 'x');
    const fake = await put(
      join(root, 'manipulated_sequences/DeepFakeDetection/c23/videos/01_02__kitchen__short.mp4'),
      'x',
    );
    const { skipped } = await list(root);
    expect(skipped.map(({ file }) => file)).to.deep.equal([real, fake]);
    const other = await writeVideos(fresh(), ffppTree());
    expect((await errorOf(list(other))).message).to.match(
      /has other things .*; DeepFakeDetection has original_sequences\/actors\/ and manipulated_sequences\/DeepFakeDetection\/ there$/,
    );
  });
});
