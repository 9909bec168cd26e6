/** What a path says of an image where nothing else does. */
import { extname } from 'node:path';

const FRAME_NUMBER = /[_-](?:frame|f)?\d+$/i;

/**
 * The video that a file belongs to, from its path below the class folder (with `/`): its first folder, or its name without
 * extension and trailing frame number.
 */
export function videoOf(path: string): string {
  const [first, ...rest] = path.split('/') as [string, ...string[]];
  if (rest.length > 0) return first;
  const name = withoutExtension(first);
  return name.replace(FRAME_NUMBER, '') || name;
}

/** `vid12/0003.png` → `vid12/0003`. */
export function withoutExtension(path: string): string {
  return path.slice(0, path.length - extname(path).length);
}
