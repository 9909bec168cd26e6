/** How a report's page looks: by day and night, on a phone, and on paper. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --ink: #1d1f23; --soft: #5b6068; --paper: #fff; --line: #d9dce1; --shade: #f4f5f7; --link: #0b5cad; --warn: #fff4dc; --warn-line: #d99a00;
}
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6e7ea; --soft: #a3a8b1; --paper: #16181c; --line: #373b43; --shade: #1f2228; --link: #7db8f5; --warn: #332a13; --warn-line: #d99a00; }
  .chart svg { filter: invert(0.91) hue-rotate(180deg); }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 72rem; padding: 1.5rem 1.25rem 4rem; color: var(--ink); background: var(--paper);
  font: 1rem/1.55 system-ui, -apple-system, "Segoe UI", Helvetica, Arial, sans-serif; overflow-wrap: anywhere; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .25rem; }
h2 { font-size: 1.25rem; margin: 2.75rem 0 .75rem; padding-top: .75rem; border-top: 1px solid var(--line); }
.lead { color: var(--soft); margin: 0 0 1.25rem; }
p, li { max-width: 48rem; }
ul { padding-left: 1.25rem; }
li { margin: .3rem 0; }
nav ul { list-style: none; padding: 0; display: flex; flex-wrap: wrap; gap: .25rem 1.1rem; }
nav li { margin: 0; }
a { color: var(--link); }
.warning { background: var(--warn); border-left: 4px solid var(--warn-line); padding: .6rem .9rem; }
.table { overflow-x: auto; margin: 1.25rem 0; }
table { border-collapse: collapse; font-size: .875rem; line-height: 1.4; font-variant-numeric: tabular-nums; }
caption { text-align: left; color: var(--soft); padding-bottom: .5rem; max-width: 48rem; }
th, td { text-align: left; padding: .35rem .8rem .35rem 0; border-bottom: 1px solid var(--line); vertical-align: top; }
thead th { border-bottom: 2px solid var(--line); vertical-align: bottom; white-space: nowrap; }
tbody th { font-weight: 600; min-width: 9rem; }
td { overflow-wrap: normal; min-width: 3.5rem; }
td.number { white-space: nowrap; }
.range { display: block; color: var(--soft); font-size: .75rem; }
th button { font: inherit; color: inherit; background: none; border: 0; padding: 0; cursor: pointer; text-align: left; }
th button::after { content: " \\2195"; color: var(--soft); }
th[aria-sort=ascending] button::after { content: " \\2191"; }
th[aria-sort=descending] button::after { content: " \\2193"; }
.chart { display: inline-block; vertical-align: top; max-width: 100%; margin: 1.5rem 2rem 0 0; overflow-x: auto; }
.chart svg { display: block; max-width: 100%; height: auto; }
figcaption { color: var(--soft); font-size: .875rem; max-width: 48rem; margin-top: .4rem; }
.chart figcaption { width: 0; min-width: 100%; max-width: none; }
.pictures { display: flex; flex-wrap: wrap; gap: .9rem; margin: 1.25rem 0; }
.pictures p { flex: 1 0 100%; max-width: none; margin: 0; }
.pictures figure { margin: 0; max-width: 100%; }
.pictures img { display: block; max-width: 100%; height: auto; image-rendering: pixelated; }
.pictures figcaption { width: 0; min-width: 100%; font-size: .75rem; }
pre { background: var(--shade); padding: .75rem 1rem; overflow-x: auto; font-size: .8125rem; line-height: 1.5; border-radius: 4px; }
pre code { white-space: pre-wrap; }
details { margin: 1rem 0; }
summary { cursor: pointer; color: var(--link); }
@media print {
  :root { --ink: #000; --soft: #444; --paper: #fff; --line: #bbb; --shade: #f4f4f4; --warn: #fff; --link: #000; }
  body { max-width: none; padding: 0; font-size: 10pt; }
  nav, th button::after { display: none; }
  .table, .chart { overflow: visible; }
  .chart svg { filter: none; }
  table { font-size: 7.5pt; }
  td.number { white-space: normal; }
  figure, tr, .warning { break-inside: avoid; }
  h2 { break-after: avoid; }
}
`;
