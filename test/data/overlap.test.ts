import { symlink } from 'node:fs/promises';
import { join } from 'node:path';
import { expect } from 'chai';
import type { Sample } from '../../src/data/dataset.ts';
import { overlapOf } from '../../src/data/overlap.ts';
import { picture, put, temporaryFolder } from './image-files.ts';

function sample(file: string, videoId: string, identities?: readonly string[]): Sample {
  const given = identities === undefined ? {} : { identities };
  return { id: file, file, split: 'test', label: 1, manipulation: 'fake', videoId, pair: file, ...given };
}

describe('data/overlap', () => {
  const folder = temporaryFolder();

  it('names files, videos and people in common, each once, sorted', async () => {
    const known = [sample('/a/1.png', 'v2'), sample('/a/2.png', 'v1', ['id3', 'id1'])];
    const tested = [
      sample('/b/1.png', 'v2'),
      sample('/a/2.png', 'v2', ['id1']),
      sample('/b/3.png', 'v1', ['id1', 'id2']),
      sample('/b/4.png', 'v4', ['id3']),
    ];
    expect(await overlapOf(known, tested)).to.deep.equal({
      files: ['/a/2.png'],
      videos: ['v1', 'v2'],
      identities: ['id1', 'id3'],
    });
    expect(await overlapOf([], tested)).to.deep.equal({ files: [], videos: [], identities: [] });
  });

  it('images of one shard are told apart by where they lie in it', async () => {
    const at = (offset: number): Sample => ({
      ...sample('/a/0.tar', `v${offset}`),
      packed: { offset, bytes: 9 },
    });
    const { files } = await overlapOf([at(512), at(1536)], [at(1536), at(2560)]);
    expect(files).to.deep.equal(['/a/0.tar#1536']);
  });

  it('a link is what it leads to, and a path with .. is where it leads', async () => {
    const file = join(folder.path(), 'there.png');
    await put(file, picture(1, 16).png());
    await symlink(file, join(folder.path(), 'link.png'));
    const tested = [
      sample(join(folder.path(), 'link.png'), 'a'),
      sample('/nowhere/x/../1.png', 'b'), // not there: compared by its name
    ];
    const { files } = await overlapOf([sample(file, 'c'), sample('/nowhere/1.png', 'd')], tested);
    expect(files).to.have.length(2).and.to.include('/nowhere/1.png');
  });
});
