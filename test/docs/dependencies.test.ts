import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { readPage, ROOT } from './pages.ts';

interface Manifest {
  readonly dependencies: Readonly<Record<string, string>>;
  readonly devDependencies: Readonly<Record<string, string>>;
  readonly license?: string;
}

const readManifest = (...at: string[]): Manifest =>
  JSON.parse(readFileSync(path.join(ROOT, ...at, 'package.json'), 'utf8')) as Manifest;

describe('docs: dependencies.md', () => {
  it('has each dependency with its version and licence, and no other', () => {
    const { dependencies, devDependencies } = readManifest();
    const rows = [
      ...readPage('docs/dependencies.md').matchAll(/^\| `([^`]+)` \| (\S+) \| ([^|]+?)(?: \([^|]+\))? \|/gm),
    ];
    const documented = rows.map(([, name, version, licence]) => [name!, version!, licence!]);
    const installed = Object.entries({ ...dependencies, ...devDependencies }).map(([name, version]) => [
      name,
      version,
      readManifest('node_modules', name).license ?? 'none',
    ]);
    expect(documented.toSorted()).to.deep.equal(installed.toSorted());
  });
});
