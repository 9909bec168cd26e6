import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { PAGE, withTables } from '../../scripts/docs-settings.ts';

describe('docs: settings.md', () => {
  it('has the tables that `node --import tsx scripts/docs-settings.ts` writes', async () => {
    const page = readFileSync(PAGE, 'utf8');
    expect(page).to.equal(await withTables(page));
  });
});
