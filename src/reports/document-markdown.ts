/** A report as Markdown, its charts as files beside it. */
import type { Block, ReportDocument } from './document.ts';
import { tableAsMarkdown, type Cell } from './tables.ts';

/** The text of report.md. Pictures are in the HTML alone, which holds them itself. */
export function documentAsMarkdown({ title, lead, sections }: ReportDocument): string {
  const parts = sections.map(
    (section) => `## ${escapeMarkdown(section.title)}\n\n${section.blocks.map(blockAsMarkdown).join('\n')}`,
  );
  return [`# ${escapeMarkdown(title)}\n\n${escapeMarkdown(lead)}\n`, ...parts].join('\n');
}

/** Text that Markdown shows as it is: what begins markup, HTML or a link is escaped, and a line break is a blank. */
export function escapeMarkdown(text: string): string {
  return text
    .replace(/\s+/g, ' ')
    .replace(/[\\`*_{}[\]<>#&~$!]/g, (character) => `\\${character}`)
    .replace(/\b(https?):\/\//gi, '$1\\://'); // or it would become a link
}

function blockAsMarkdown(block: Block): string {
  switch (block.kind) {
    case 'text':
      return `${escapeMarkdown(block.text)}\n`;
    case 'warning':
      return `> **Note.** ${escapeMarkdown(block.text)}\n`;
    case 'list':
      return block.items.map((item) => `- ${escapeMarkdown(item)}\n`).join('');
    case 'code':
      return `${block.text.replace(/\r/g, '').replace(/^/gm, '    ')}\n`;
    case 'table': {
      const { columns, rows } = block.table;
      const safe = (cell: Cell): Cell => (typeof cell === 'string' ? escapeMarkdown(cell) : cell);
      const table = { columns: columns.map(escapeMarkdown), rows: rows.map((row) => row.map(safe)) };
      return `${escapeMarkdown(block.caption)}\n\n${tableAsMarkdown(table)}`;
    }
    case 'chart':
      return `![${escapeMarkdown(block.title)}](${block.name}.svg)\n\n${escapeMarkdown(block.description)}\n`;
    case 'pictures':
      return `${escapeMarkdown(block.caption)} (in the HTML)\n`;
  }
}
