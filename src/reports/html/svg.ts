/** A drawn chart inside a page: told to those who do not see it, and with ids that no other chart of the page has. */
import type { Chart } from '../document.ts';
import { escapeHtml } from './escape.ts';

/**
 * The chart's SVG with title and description, which screen readers say in place of its letters and lines.
 *
 * @throws if the text is no SVG
 */
export function inlineSvg({ name, title, description, svg }: Chart): string {
  const opening = /<svg\b[^>]*>/.exec(svg)?.[0];
  if (opening === undefined) throw new Error(`chart ${name} is no SVG`);
  const own = ownIds(svg.slice(svg.indexOf(opening) + opening.length), name);
  const [titleId, descriptionId] = [`${name}-title`, `${name}-description`];
  const attributes = `role="img" aria-labelledby="${titleId} ${descriptionId}"`;
  return (
    `${opening.replace('<svg', `<svg ${attributes}`)}<title id="${titleId}">${escapeHtml(title)}</title>` +
    `<desc id="${descriptionId}">${escapeHtml(description)}</desc>${own}`
  );
}

/** Ids, and what refers to them, with the chart's name before them. Vega counts from zero in every chart. */
function ownIds(svg: string, name: string): string {
  return svg
    .replace(/\bid="([^"]*)"/g, `id="${name}-$1"`)
    .replace(/url\(#([^)]*)\)/g, `url(#${name}-$1)`)
    .replace(/\bhref="#([^"]*)"/g, `href="#${name}-$1"`);
}
