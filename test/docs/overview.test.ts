import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { readPage, ROOT } from './pages.ts';

describe('docs: overview.md', () => {
  const text = readPage('docs/overview.md');
  const mentioned = [...text.matchAll(/`((?:src|scripts)\/[\w/.-]+\.(?:ts|mjs))`/g)].map(([, file]) => file!);
  const lines = [...text.matchAll(/^- `(src\/[\w/.-]+)`: /gm)].map(([, file]) => file!);

  it('has exactly one line for each file of src/', () => {
    const files = readdirSync(path.join(ROOT, 'src'), { recursive: true, encoding: 'utf8' })
      .filter((name) => /\.(ts|mjs)$/.test(name))
      .map((name) => `src/${name.split(path.sep).join('/')}`);
    expect(lines.toSorted()).to.deep.equal(files.toSorted());
  });

  it('names each file of native/, and none that is not there', () => {
    const named = [...text.matchAll(/`(native\/[\w-]+\.(?:cc|h))`/g)].map(([, file]) => file!);
    const files = readdirSync(path.join(ROOT, 'native')).map((name) => `native/${name}`);
    expect([...new Set(named)].toSorted()).to.deep.equal(files.toSorted());
  });

  it('mentions no file that is not there', () => {
    for (const file of mentioned) expect(existsSync(path.join(ROOT, file)), file).to.equal(true);
  });

  it('names every command line of scripts/', () => {
    const scripts = readdirSync(path.join(ROOT, 'scripts')).filter((name) => name.endsWith('.ts'));
    expect(mentioned).to.include.members(scripts.map((name) => `scripts/${name}`));
  });
});
