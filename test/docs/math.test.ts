import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import { readPage, ROOT } from './pages.ts';

describe('docs: math.md', () => {
  const references = [...readPage('docs/math.md').matchAll(/\[`(\w+)`\]\(\.\.\/(src\/[\w/.-]+\.ts)\)/g)];

  it('names functions', () => {
    expect(references.length).to.be.above(20);
  });

  for (const [, name, file] of references) {
    it(`${name} is exported by ${file}`, async () => {
      const module = (await import(pathToFileURL(path.join(ROOT, file!)).href)) as Record<string, unknown>;
      expect(module).to.have.property(name!);
    });
  }
});
