import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { readPage, ROOT } from './pages.ts';

describe('docs: checks.md', () => {
  const named = [
    ...readPage('docs/checks.md').matchAll(/\[((?:\\.|[^\]\\])+)\]\(\.\.\/(test\/[\w/.-]+\.ts)\)/g),
  ]
    .map(([, title, file]) => ({ title: title!.replaceAll('\\', ''), file: file! }))
    .filter(({ title }) => title !== 'test');

  it('names tests', () => {
    expect(named.length).to.be.above(25);
  });

  for (const { title, file } of named) {
    it(`${file} has a test that says: ${title}`, () => {
      const titles = readFileSync(path.join(ROOT, file), 'utf8').matchAll(
        /\b(?:it|describe|onEachEngine|onTensorFlow)\(\s*(['"`])([\s\S]*?)\1/g,
      );
      expect([...titles].some(([, , own]) => own!.includes(title))).to.equal(true);
    });
  }
});
