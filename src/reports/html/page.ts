/** A report as one HTML file: nothing is fetched, and everything but the sorting of tables works without scripts. */
import { createHash } from 'node:crypto';
import type { ReportDocument, Section } from '../document.ts';
import { blockAsHtml } from './blocks.ts';
import { escapeHtml } from './escape.ts';
import { SORTING } from './sorting.ts';
import { STYLE } from './style.ts';

/** The page's text. A browser is told to load nothing and to run no script but the page's own. */
export function documentAsHtml(document: ReportDocument): string {
  const { title, lead, sections } = document;
  const links = sections.map(({ id, title: name }) => `<li><a href="#${id}">${escapeHtml(name)}</a></li>`);
  return [
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n',
    `<meta http-equiv="Content-Security-Policy" content="${policy()}">\n`,
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n',
    '<meta name="color-scheme" content="light dark">\n<meta name="referrer" content="no-referrer">\n',
    `<title>${escapeHtml(title)}</title>\n<style>${STYLE}</style>\n</head>\n<body>\n`,
    `<header>\n<h1>${escapeHtml(title)}</h1>\n<p class="lead">${escapeHtml(lead)}</p>\n</header>\n`,
    `<nav aria-label="Sections">\n<ul>${links.join('')}</ul>\n</nav>\n<main>\n`,
    ...sections.map(sectionAsHtml),
    `</main>\n<script>${SORTING}</script>\n</body>\n</html>\n`,
  ].join('');
}

function policy(): string {
  const script = createHash('sha256').update(SORTING).digest('base64');
  return `default-src 'none'; img-src data:; style-src 'unsafe-inline'; script-src 'sha256-${script}'`;
}

function sectionAsHtml({ id, title, blocks }: Section): string {
  return `<section id="${id}">\n<h2>${escapeHtml(title)}</h2>\n${blocks.map(blockAsHtml).join('')}</section>\n`;
}
