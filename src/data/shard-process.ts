/** A process that renders its share of a shard's rows. */

import sharp from 'sharp';
import { serveParent } from './child.ts';
import { renderRow, unpackFace } from './render-row.ts';
import type { RenderedRow, RenderWork } from './shard.ts';

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
    const { data, mask } = await renderRow(manipulation, source, settings);
    send({ row, data, mask });
  }
});
