import { mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { ConfigError } from '../../src/config/config-error.ts';
import { createJobFolder, createRunFolder } from '../../src/config/run-folder.ts';

describe('config/run-folder', () => {
  let folder = '';
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'run-folder-'))));
  afterEach(() => rmSync(folder, { recursive: true }));

  it('never gives the same folder twice', () => {
    const path = join(folder, 'outputs/2026-01-31/12-00-00');
    expect([createRunFolder(path), createRunFolder(path), createRunFolder(path)]).to.deep.equal([
      path,
      `${path}_1`,
      `${path}_2`,
    ]);
    expect(createJobFolder(path, 3)).to.equal(join(path, '3'));
    expect(readdirSync(path)).to.deep.equal(['3']);
  });

  it('says what to do where it cannot be made', () => {
    writeFileSync(join(folder, 'file'), '');
    expect(() => createRunFolder(join(folder, 'file/run'))).to.throw(ConfigError, 'run.dir=FOLDER');
  });
});
