/** The project's pages as tests read them: their text, links, code blocks and commands. */
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';

export const ROOT = path.join(import.meta.dirname, '../..');

/** All pages, as paths from the root. */
export const PAGES: readonly string[] = [
  'README.md',
  'CONTRIBUTING.md',
  'CHANGELOG.md',
  'bench/README.md',
  ...readdirSync(path.join(ROOT, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

/** A page without its HTML comments, which hold what is still to come. */
export function readPage(page: string): string {
  return readFileSync(path.join(ROOT, page), 'utf8').replace(/<!--.*?-->/gs, '');
}

/** The text without code, in which brackets mean links. */
export function withoutCode(markdown: string): string {
  return markdown.replace(/^```.*?^```$/gms, '').replace(/^ {4}.*$/gm, '');
}

/** Targets of links and pictures. */
export function linksOf(markdown: string): string[] {
  return [...withoutCode(markdown).matchAll(/\]\(([^)\s]+)\)/g)].map(([, target]) => target!);
}

/** The anchors that GitHub gives to a page's headings. */
export function anchorsOf(markdown: string): Set<string> {
  const headings = [...markdown.replace(/^```.*?^```$/gms, '').matchAll(/^#+ +(.+)$/gm)];
  return new Set(
    headings.map(([, heading]) =>
      heading!
        .toLowerCase()
        .replace(/[^\p{L}\p{N} _-]/gu, '')
        .replaceAll(' ', '-'),
    ),
  );
}

/** Fenced code blocks of one language. */
export function blocksOf(markdown: string, language: string): string[] {
  return [...markdown.matchAll(/^```(\w*)\n(.*?)^```$/gms)]
    .filter(([, given]) => given === language)
    .map(([, , code]) => code!);
}

/** Lines of code blocks, indented or fenced, that start with `npm`. */
export function commandsOf(markdown: string): string[] {
  return [...markdown.matchAll(/^(?: {4})?(npm .+)$/gm)].map(([, line]) => line!);
}

/** The words of a command as a POSIX shell parts them: blanks, quotes, a comment at the end. */
export function shellWords(line: string): string[] {
  const words: string[] = [];
  for (const [word] of line.matchAll(/(?:'[^']*'|"[^"]*"|[^\s'"])+/g)) {
    if (word.startsWith('#')) break;
    words.push(
      word.replaceAll(
        /'([^']*)'|"([^"]*)"/g,
        (_, single?: string, double?: string) => single ?? double ?? '',
      ),
    );
  }
  return words;
}
