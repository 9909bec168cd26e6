import { createHash } from 'node:crypto';
import { expect } from 'chai';
import { documentAsMarkdown, escapeMarkdown } from '../../../src/reports/document-markdown.ts';
import { chartsOf, type Block, type ReportDocument } from '../../../src/reports/document.ts';
import { escapeHtml } from '../../../src/reports/html/escape.ts';
import { documentAsHtml } from '../../../src/reports/html/page.ts';
import { inlineSvg } from '../../../src/reports/html/svg.ts';

const EVIL = `</td></table><script>alert(1)</script><img src=x onerror="alert(2)"> & 'x' "y"`;

function documentOf(blocks: readonly Block[]): ReportDocument {
  return { title: EVIL, lead: EVIL, sections: [{ id: 'one', title: EVIL, blocks }] };
}

const svg =
  '<svg xmlns="http://www.w3.org/2000/svg" width="9"><defs><clipPath id="clip0"></clipPath></defs><g clip-path="url(#clip0)"></g></svg>';
const chart = { kind: 'chart', name: 'roc', title: EVIL, description: EVIL, svg } as const;
const table = {
  columns: ['name', EVIL],
  rows: [
    [EVIL, { value: 0.5, interval: { low: 0.4, high: 0.6 } }],
    ['x', EVIL],
  ],
};
const blocks: readonly Block[] = [
  { kind: 'text', text: EVIL },
  { kind: 'warning', text: EVIL },
  { kind: 'list', items: [EVIL] },
  { kind: 'code', text: EVIL },
  { kind: 'table', caption: EVIL, table },
  { kind: 'table', caption: EVIL, table, folded: true },
  { kind: 'pictures', caption: EVIL, pictures: [{ png: new Uint8Array([1, 2]), caption: EVIL }] },
  chart,
];

describe('a report as HTML', () => {
  const html = documentAsHtml(documentOf(blocks));

  it('escapes what comes from files in every block', () => {
    const tags = html.match(/<[a-z/!][^>]*>/gi) ?? [];
    expect(tags.filter((tag) => /onerror|alert/.test(tag.replaceAll(/"[^"]*"/g, '""')))).to.deep.equal([]);
    expect(html.match(/<script/g)).to.have.length(1);
    expect(html.match(/<img/g)).to.have.length(1);
    expect(html).to.not.match(/<img src=x/);
  });

  it('shows escaped text as it was', () => {
    const decode = (text: string): string =>
      text
        .replaceAll('&lt;', '<')
        .replaceAll('&gt;', '>')
        .replaceAll('&quot;', '"')
        .replaceAll('&#39;', "'")
        .replaceAll('&amp;', '&');
    expect(decode(escapeHtml(EVIL))).to.equal(EVIL);
    expect(escapeHtml('a\u0000b\u001bc\td')).to.equal('a\ufffdb\ufffdc\td');
  });

  it('loads nothing, and runs no script but its own', () => {
    const [, script] = /<script>([^]*)<\/script>/.exec(html)!;
    const hash = createHash('sha256').update(script!).digest('base64');
    expect(html).to.contain(`default-src 'none'`).and.contain(`script-src 'sha256-${hash}'`);
    const tags = html.match(/<[a-z][^>]*>/gi) ?? [];
    const addresses = tags.flatMap((tag) => tag.match(/\s(?:src|href)="[^"]*"|url\([^)]*\)/gi) ?? []);
    expect(addresses.length).to.be.above(2);
    expect(addresses.filter((address) => !/data:image\/png|["(]#/.test(address))).to.deep.equal([]);
    expect(/<style>([^]*)<\/style>/.exec(html)![1]).to.not.match(/url\(|@import/);
  });

  it('is well formed: every element that opens closes', () => {
    const open: string[] = [];
    const inside = html.replace(/<script>[^]*<\/script>|<style>[^]*<\/style>|<!doctype html>/g, '');
    for (const [, closing, name] of inside.matchAll(/<(\/?)([a-zA-Z]\w*)[^>]*>/g)) {
      if (['meta', 'img'].includes(name!)) continue;
      if (closing === '') open.push(name!);
      else expect(open.pop()).to.equal(name);
    }
    expect(open).to.deep.equal([]);
  });

  it('tells charts to those who do not see them, and gives each ids of its own', () => {
    const inline = inlineSvg(chart);
    expect(inline).to.match(
      /^<svg role="img" aria-labelledby="roc-title roc-description" [^>]*><title id="roc-title">/,
    );
    expect(inline).to.contain('<clipPath id="roc-clip0">').and.contain('url(#roc-clip0)');
    expect(() => inlineSvg({ ...chart, svg: 'nothing' })).to.throw('chart roc is no SVG');
    expect(() => chartsOf(documentOf([chart, chart]))).to.throw('two charts are named roc');
  });
});

describe('a report as Markdown', () => {
  it('escapes what would be markup, HTML or a link', () => {
    const markdown = documentAsMarkdown(documentOf(blocks.filter(({ kind }) => kind !== 'code')));
    expect(markdown).to.not.match(/(^|[^\\])<(script|img)/);
    expect(escapeMarkdown('[x](javascript:y) `z` *a* _b_\n# c | http://h')).to.equal(
      '\\[x\\](javascript:y) \\`z\\` \\*a\\* \\_b\\_ \\# c | http\\://h',
    );
  });

  it('refers to charts as files, and keeps a cell with a bar and a line break in its cell', () => {
    const rows = [['a|b\nc', '1']];
    const markdown = documentAsMarkdown(
      documentOf([chart, { kind: 'table', caption: 'c', table: { columns: ['x', 'y'], rows } }]),
    );
    expect(markdown).to.contain('](roc.svg)').and.contain('| a\\|b c | 1 |');
  });
});
