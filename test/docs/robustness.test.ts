import { expect } from 'chai';
import { CORRUPTIONS, type Corruption } from '../../src/data/corruption/corruptions.ts';
import { readPage } from './pages.ts';

describe('docs: robustness.md', () => {
  it('has the table of corruptions as it is in code', () => {
    const page = readPage('docs/robustness.md');
    const rows = Object.entries<Corruption>(CORRUPTIONS).map(([name, { parameter, strengths, source }]) => {
      const five = strengths.map((strength) => Number(strength.toFixed(3)));
      return `| \`${name}\` | ${parameter} | ${five.join(' | ')} | ${source} |`;
    });
    for (const row of rows) expect(page).to.include(row);
    expect(page.match(/^\| `[\w-]+` \|.*(ImageNet-C|DeeperForensics)/gm)).to.have.length(rows.length);
  });
});
