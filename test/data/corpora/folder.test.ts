import { expect } from 'chai';
import { join } from 'node:path';
import { folderCorpus } from '../../../src/data/corpora/folder.ts';
import { put, temporaryFolder } from '../image-files.ts';

describe('data/corpora/folder', () => {
  const place = temporaryFolder();
  let count = 0;
  const tree = async (files: readonly string[]): Promise<string> => {
    const root = join(place.path(), `tree${count++}`);
    for (const file of files) await put(join(root, file), 'no video');
    return root;
  };

  it('a fake of the name of a real is made of it, a fake without one stands alone', async () => {
    const root = await tree(['real/a.mp4', 'deepfakes/a.avi', 'deepfakes/b.webm', 'faceswap/a.mkv']);
    const { clips, skipped } = await folderCorpus.list({ root, unit: 'video' });
    expect(skipped).to.deep.equal([]);
    expect(clips.map(({ id, label, source }) => [id, label, source])).to.deep.equal([
      ['deepfakes/a', 1, 'real/a'],
      ['deepfakes/b', 1, null],
      ['faceswap/a', 1, 'real/a'],
      ['real/a', 0, null],
    ]);
    expect(clips[0]).to.deep.equal({
      id: 'deepfakes/a',
      file: join(root, 'deepfakes/a.avi'),
      ...{ label: 1, manipulation: 'deepfakes', compression: null, split: null },
      ...{ video: 'deepfakes/a', identities: ['a'], source: 'real/a' },
    });
  });

  it('unit=file: equal names mean nothing, and every file is its own video', async () => {
    const root = await tree(['real/a.mp4', 'real/a_1.mp4', 'fake/a.mp4', 'fake/a_1.mp4']);
    const { clips } = await folderCorpus.list({ root, unit: 'file' });
    expect(clips.map(({ video }) => video)).to.deep.equal(['fake/a', 'fake/a_1', 'real/a', 'real/a_1']);
    clips.forEach(({ source, identities }) => {
      expect(source).to.equal(null);
      expect(identities).to.deep.equal([]);
    });
    const asVideos = await folderCorpus.list({ root, unit: 'video' });
    expect(new Set(asVideos.clips.map(({ video }) => video)).size).to.equal(2);
  });

  it('split folders give each clip its split, and a fake its real in the same split only', async () => {
    const root = await tree(
      ['train', 'val', 'test'].flatMap((split) => [
        `${split}/real/${split}.mp4`,
        `${split}/fake/${split}.mp4`,
      ]),
    );
    await put(join(root, 'test/fake/train.mp4'), 'no video');
    const { clips } = await folderCorpus.list({ root, unit: 'video' });
    expect(clips.map(({ id, split, source }) => [id, split, source])).to.deep.equal([
      ['test/fake/test', 'test', 'test/real/test'],
      ['test/fake/train', 'test', null],
      ['test/real/test', 'test', null],
      ['train/fake/train', 'train', 'train/real/train'],
      ['train/real/train', 'train', null],
      ['val/fake/val', 'val', 'val/real/val'],
      ['val/real/val', 'val', null],
    ]);
  });

  it('lists what is no clip: other files, loose files, a second container of one name', async () => {
    const root = await tree(['real/a.mp4', 'real/a.avi', 'real/notes.txt', 'fake/b.jpg', 'loose.mp4']);
    const { clips, skipped } = await folderCorpus.list({ root, unit: 'video' });
    expect(clips.map(({ file }) => file)).to.deep.equal([join(root, 'fake/b.jpg'), join(root, 'real/a.avi')]);
    expect(skipped).to.have.deep.members([
      { file: join(root, 'loose.mp4'), why: 'is outside the class folders' },
      { file: join(root, 'real/notes.txt'), why: 'is no video or image of a known extension' },
      {
        file: join(root, 'real/a.mp4'),
        why: `has the name of ${join(root, 'real/a.avi')} but for the extension`,
      },
    ]);
  });
});
