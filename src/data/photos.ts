/** The portrait photos of `data=faces`: where set-up puts them and which there are. */

import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';

/** The folders that set-up unpacks, below `<cache>/photos`, and how many JPEG files each holds. */
export const PHOTO_PACKAGES = { 'tabler-preview-1.2.0': 148, 'tabler-ui-0.0.34': 72 } as const;

export interface Photo {
  /** Path below the photos folder, with `/`: `tabler-ui-0.0.34/male/1.jpg`. Names the photo everywhere. */
  readonly name: string;
  /** Absolute path of the file. */
  readonly file: string;
  /** Size of the file in bytes. */
  readonly bytes: number;
}

/**
 * All photos below `<cacheFolder>/photos`, sorted by name. Throws an error that asks for `npm run setup` if a package's
 * folder is missing or does not hold the expected number of files.
 */
export async function listPhotos(cacheFolder: string): Promise<Photo[]> {
  const root = path.join(cacheFolder, 'photos');
  const photos: Photo[] = [];
  for (const [folder, expected] of Object.entries(PHOTO_PACKAGES)) {
    const names = (await filesBelow(path.join(root, folder))).filter((name) => /\.jpe?g$/i.test(name));
    if (names.length !== expected) {
      throw new Error(
        `data=faces: ${path.join(root, folder)} holds ${names.length} of ${expected} photos; run \`npm run setup\``,
      );
    }
    for (const name of names) {
      const file = path.join(root, folder, name);
      photos.push({
        name: `${folder}/${name.split(path.sep).join('/')}`,
        file,
        bytes: (await stat(file)).size,
      });
    }
  }
  return photos.sort((a, b) => (a.name < b.name ? -1 : 1));
}

async function filesBelow(folder: string): Promise<string[]> {
  try {
    return await readdir(folder, { recursive: true });
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
