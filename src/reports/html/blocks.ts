/** The blocks of a report as HTML. */
import type { Block, ShownPicture } from '../document.ts';
import { printFigure, type Cell, type ResultsTable } from '../tables.ts';
import { escapeHtml } from './escape.ts';
import { inlineSvg } from './svg.ts';

/** One block's HTML. */
export function blockAsHtml(block: Block): string {
  switch (block.kind) {
    case 'text':
      return `<p>${escapeHtml(block.text)}</p>\n`;
    case 'warning':
      return `<p class="warning">${escapeHtml(block.text)}</p>\n`;
    case 'list':
      return `<ul>\n${block.items.map((item) => `<li>${escapeHtml(item)}</li>\n`).join('')}</ul>\n`;
    case 'code':
      return `<pre tabindex="0"><code>${escapeHtml(block.text)}</code></pre>\n`;
    case 'chart':
      return `<figure class="chart">\n${inlineSvg(block)}\n<figcaption>${escapeHtml(block.description)}</figcaption>\n</figure>\n`;
    case 'pictures':
      return picturesAsHtml(block.caption, block.pictures);
    case 'table':
      return block.folded === true
        ? `<details>\n<summary>${escapeHtml(block.caption)}</summary>\n${tableAsHtml(block.table, null)}</details>\n`
        : tableAsHtml(block.table, block.caption);
  }
}

/** A table that scrolls by itself where a screen is narrow; cells carry the number that they are sorted by. */
function tableAsHtml({ columns, rows }: ResultsTable, caption: string | null): string {
  const head = columns.map((name) => `<th scope="col">${escapeHtml(name)}</th>`).join('');
  const body = rows.map((row) => `<tr>${row.map(cellAsHtml).join('')}</tr>\n`).join('');
  const title = caption === null ? '' : `<caption>${escapeHtml(caption)}</caption>\n`;
  return `<div class="table" tabindex="0">\n<table>\n${title}<thead><tr>${head}</tr></thead>\n<tbody>\n${body}</tbody>\n</table>\n</div>\n`;
}

function cellAsHtml(cell: Cell, column: number): string {
  if (column === 0)
    return `<th scope="row">${escapeHtml(typeof cell === 'string' ? cell : printFigure(cell))}</th>`;
  if (typeof cell !== 'string') {
    const { value, interval } = cell;
    const range =
      interval === null
        ? ''
        : ` <span class="range">[${interval.low.toFixed(3)}, ${interval.high.toFixed(3)}]</span>`;
    return `<td class="number" data-value="${value}">${printFigure({ value, interval: null })}${range}</td>`;
  }
  const number = /^[+−-]?\d/.test(cell) ? ' class="number"' : '';
  return `<td${number}>${escapeHtml(cell)}</td>`;
}

function picturesAsHtml(caption: string, pictures: readonly ShownPicture[]): string {
  const shown = pictures.map(({ png, caption: each }) => {
    const source = `data:image/png;base64,${Buffer.from(png).toString('base64')}`;
    return `<figure><img src="${source}" alt="${escapeHtml(each)}"><figcaption>${escapeHtml(each)}</figcaption></figure>\n`;
  });
  return `<div class="pictures" role="group" aria-label="${escapeHtml(caption)}">\n<p>${escapeHtml(caption)}</p>\n${shown.join('')}</div>\n`;
}
