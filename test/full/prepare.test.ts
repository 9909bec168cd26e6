import { expect } from 'chai';
import { existsSync, readFileSync, readdirSync, renameSync } from 'node:fs';
import path from 'node:path';
import { faceVideo, portrait } from '../support/face-videos.ts';
import { launch, runScript, until, workplace, type Running } from '../cli/command-line.ts';

describe('npm run prepare that is stopped', () => {
  const place = workplace();
  const arguments_ = (out: string): string[] => [
    'data.root=data',
    `out=${out}`,
    'frames.count=3',
    'size=64',
    'workers=2',
  ];
  const start = (out: string): Running => launch('prepare', arguments_(out), place.path());
  const records = (out: string): string[] =>
    existsSync(place.path(out, 'clips'))
      ? readdirSync(place.path(out, 'clips'), { recursive: true, encoding: 'utf8' }).filter((name) =>
          name.endsWith('.json'),
        )
      : [];
  /** Every file of an output folder with its bytes. */
  const contents = (out: string): Map<string, string> => {
    const names = readdirSync(place.path(out), { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    const files = names.map((entry) => path.join(entry.parentPath, entry.name)).sort();
    return new Map(
      files.map((file) => [path.relative(place.path(out), file), readFileSync(file).toString('base64')]),
    );
  };

  before(async () => {
    for (const number of [1, 2, 3]) {
      await faceVideo(place.path(`data/real/${number}.mp4`), { frames: 9, photos: [portrait(number)] });
      await faceVideo(place.path(`data/swap/${number}.mp4`), {
        frames: 9 + number,
        photos: [portrait(3 + number)],
      });
    }
    const { code, stderr } = await start('whole').outcome;
    expect(code, stderr).to.equal(0);
    expect(records('whole')).to.have.length(6);
  });

  for (const after of [1, 4]) {
    it(`by kill -9 after ${after} clips ends up with the same bytes`, async () => {
      const out = `killed-${after}`;
      const running = start(out);
      await until(running, () => records(out).length >= after);
      running.child.kill('SIGKILL');
      expect((await running.outcome).signal).to.equal('SIGKILL');
      expect(records(out).length).to.be.below(6);
      expect(existsSync(place.path(out, 'manifest.parquet'))).to.equal(false);
      const { code, stdout, stderr } = await start(out).outcome;
      expect(code, stderr).to.equal(0);
      expect(Number(/(\d+) clips were there/.exec(stdout)?.[1])).to.be.at.least(after);
      expect(contents(out)).to.deep.equal(contents('whole'));
    });
  }

  it('by Ctrl-C finishes the clips under way, says how to go on, and ends up with the same bytes', async () => {
    const running = start('interrupted');
    await until(running, () => records('interrupted').length >= 1);
    running.child.kill('SIGINT');
    const { code, stderr } = await running.outcome;
    expect(code).to.equal(130);
    expect(stderr).to.contain('finishing the clips under way').and.contain('goes on with what is left');
    expect(records('interrupted').length).to.be.below(6);
    expect((await start('interrupted').outcome).code).to.equal(0);
    expect(contents('interrupted')).to.deep.equal(contents('whole'));
  });

  it('makes a fake anew when its real clip has become another', async () => {
    await faceVideo(place.path('data/real/other.mp4'), { frames: 9, photos: [portrait(9)], width: 260 });
    renameSync(place.path('data/real/other.mp4'), place.path('data/real/1.mp4'));
    const { stdout } = await runScript('prepare', arguments_('whole'), place.path());
    expect(stdout).to.contain('4 clips were there from an earlier run');
    const { faces_of: before } = JSON.parse(
      readFileSync(place.path('killed-1/clips/swap/1.json'), 'utf8'),
    ) as { faces_of: string };
    const now = JSON.parse(readFileSync(place.path('whole/clips/swap/1.json'), 'utf8')) as {
      faces_of: string;
    };
    expect(now.faces_of).to.not.equal(before);
  });
});
