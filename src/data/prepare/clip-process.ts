/** The process that makes crops: one clip after another, with the face networks loaded once. */
import sharp from 'sharp';
import { serveRequests } from '../child.ts';
import { prepareClip, type ClipJob, type Unreadable } from './clip.ts';
import { loadFaceNetworks } from './detect.ts';
import type { ClipRecord } from './record.ts';

serveRequests(async () => {
  sharp.concurrency(1); // the processes share the cores
  const networks = await loadFaceNetworks();
  return (job: ClipJob): Promise<ClipRecord | Unreadable> => prepareClip(job, networks);
});
