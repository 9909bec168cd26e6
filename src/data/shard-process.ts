/** A process that renders its share of a shard's rows. */

import sharp from 'sharp';
import { serveParent } from './child.ts';
import {
  renderRow,
  unpackFace,
  type Manipulation,
  type PackedFace,
  type RenderSettings,
} from './render-row.ts';
import type { Row } from './shard.ts';

export interface RenderWork {
  readonly manipulation: Manipulation;
  readonly faces: readonly PackedFace[];
  readonly settings: RenderSettings;
  /** The rows to render, each with its place in the shard. */
  readonly jobs: readonly (Row & { readonly row: number })[];
}

export interface RenderedRow {
  readonly row: number;
  readonly data: Uint8Array;
}

serveParent(async ({ manipulation, faces, settings, jobs }: RenderWork, send: (row: RenderedRow) => void) => {
  sharp.concurrency(1);
  const canvasFaces = faces.map(unpackFace);
  for (const { row, name, face, variant, donors } of jobs) {
    const source = {
      name,
      variant,
      face: canvasFaces[face]!,
      donors: donors.map((index) => canvasFaces[index]!),
    };
    send({ row, data: (await renderRow(manipulation, source, settings)).data });
  }
});
