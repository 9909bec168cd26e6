/** A report before it is HTML or Markdown: sections of blocks. All text in it is plain text, whatever file it comes from; each format escapes it. */
import type { ResultsTable } from './tables.ts';

export type Block =
  | { readonly kind: 'text'; readonly text: string }
  /** What a reader must know before believing the rest. */
  | { readonly kind: 'warning'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'code'; readonly text: string }
  /** `folded`: long, and shown when it is asked for. */
  | {
      readonly kind: 'table';
      readonly caption: string;
      readonly table: ResultsTable;
      readonly folded?: boolean;
    }
  | Chart
  | {
      readonly kind: 'pictures';
      readonly caption: string;
      readonly pictures: readonly ShownPicture[];
    };

/** A chart that is drawn. */
export interface Chart {
  readonly kind: 'chart';
  /** Its file's name without the ending; no other chart's. */
  readonly name: string;
  readonly title: string;
  /** What one who does not see it should know. */
  readonly description: string;
  readonly svg: string;
}

export interface ShownPicture {
  readonly png: Uint8Array;
  readonly caption: string;
}

export interface Section {
  /** A part of an address: letters and hyphens. */
  readonly id: string;
  readonly title: string;
  readonly blocks: readonly Block[];
}

export interface ReportDocument {
  readonly title: string;
  /** A line under the title. */
  readonly lead: string;
  readonly sections: readonly Section[];
}

/** The charts of a document, in their order. Throws if two have one name: their files would be one. */
export function chartsOf({ sections }: ReportDocument): readonly Chart[] {
  const charts = sections.flatMap(({ blocks }) => blocks.filter((block) => block.kind === 'chart'));
  const twice = charts.find(({ name }, i) => charts.findIndex((chart) => chart.name === name) < i);
  if (twice !== undefined) throw new Error(`two charts are named ${twice.name}`);
  return charts;
}
