import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { PAGE, withTables } from '../../scripts/docs-settings.ts';
import { COMBINATIONS, GENERATORS } from '../../src/generator/index.ts';
import { playSettings } from '../../src/run-settings.ts';

describe('docs: settings.md', () => {
  const page = readFileSync(PAGE, 'utf8');

  it('has the tables that `node --import tsx scripts/docs-settings.ts` writes', async () => {
    expect(page).to.equal(await withTables(page));
  });

  /** The lines of the table below a heading. */
  const tableOf = (title: string): readonly string[] => {
    const [, rest] = page.split(`\n### ${title}\n`);
    expect(rest, title).to.be.a('string');
    return rest!.split('\n#')[0]!.split('\n');
  };

  it('has a row for every setting of every opponent', () => {
    for (const [name, { settings }] of Object.entries(GENERATORS)) {
      const keys = Object.keys(settings);
      if (keys.length === 0) continue;
      const rows = tableOf(`generator: ${name}`);
      for (const key of keys) {
        expect(
          rows.filter((row) => row.startsWith(`| \`generator.${key}\` |`)),
          `${name}: ${key}`,
        ).to.have.length(1);
      }
    }
    for (const name of Object.keys(COMBINATIONS)) {
      expect(tableOf(`generator: ${name}`).join('\n')).to.match(
        /\| `generator\.opponents\.first` \| `blur` \|/,
      );
    }
  });

  it('shows the settings of a way of playing in its own column alone', () => {
    const [, , head, , ...rows] = ['', ...tableOf('game')];
    const columns = head!.split('|').map((cell) => cell.trim());
    for (const [play, settings] of Object.entries(playSettings)) {
      for (const key of Object.keys(settings)) {
        const cells = rows.find((row) => row.startsWith(`| \`game.${key}\` |`))?.split('|') ?? [];
        columns.forEach((column, i) => {
          if (column.startsWith('`game=')) {
            expect(cells[i]!.trim() !== '', `${key} in ${column}`).to.equal(column === `\`game=${play}\``);
          }
        });
      }
    }
  });
});
