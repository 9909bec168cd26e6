/**
 * Which clips lie in a folder. Owners put videos right into a folder (`Celeb-real/id0_0000.mp4`) or into `videos/` below it
 * (`c23/videos/000.mp4`); who extracts frames puts them into a folder of the clip's name beside the video, or into `frames/` beside `videos/`
 * (`c23/frames/000/0001.png`). A reader of a dataset is given one of these two functions, and so lists videos or frames by the same rules.
 */
import { extname, join, relative, sep } from 'node:path';
import { listFolder, type FolderEntry } from '../folder-layout.ts';
import type { Skipped } from '../dataset.ts';
import { isFolder } from './root.ts';

/** A clip as it lies on disk. */
export interface ClipFile {
  /** The file's name without its extension. */
  readonly name: string;
  /** Absolute path of the video, or of the folder of its frames. */
  readonly file: string;
}

/** The clips of one folder, sorted by name, no name twice, and what else lies there. */
export interface ClipFiles {
  readonly clips: readonly ClipFile[];
  readonly skipped: readonly Skipped[];
}

export type FindClips = (folder: string) => Promise<ClipFiles>;

const VIDEO_EXTENSIONS = ['.mp4', '.m4v', '.mov', '.avi', '.mkv', '.webm', '.mpg', '.mpeg', '.wmv', '.flv'];
/** What owners lay beside videos: lists, labels, notes. */
const BESIDE = ['.json', '.csv', '.txt', '.md'];

/** Whether a file's name ends like a video's, in upper or lower case. */
export function hasVideoExtension(name: string): boolean {
  return VIDEO_EXTENSIONS.includes(extname(name).toLowerCase());
}

/** The name without the extension of a video; other names come back as they are. */
export function withoutVideoExtension(name: string): string {
  return hasVideoExtension(name) ? name.slice(0, -extname(name).length) : name;
}

/** A clip's `id`: its path from the root with `/`, without the extension of a video. */
export function clipId(root: string, file: string): string {
  return withoutVideoExtension(relative(root, file).split(sep).join('/'));
}

/** The videos in `videos/` below a folder, or in the folder itself where there is none. A second file of the same clip is skipped. */
export async function findVideos(folder: string): Promise<ClipFiles> {
  const videos = join(folder, 'videos');
  const base = (await isFolder(videos)) ? videos : folder;
  const clips = new Map<string, ClipFile>();
  const skipped: Skipped[] = [];
  for (const entry of await listFolder(base)) {
    if (entry.isFolder) continue;
    const file = join(base, entry.name);
    const name = withoutVideoExtension(entry.name);
    const first = clips.get(name);
    if (entry.isDangling) skipped.push({ file, why: 'is a link to nothing' });
    else if (!isVideo(entry)) {
      if (!BESIDE.includes(extname(entry.name).toLowerCase())) {
        skipped.push({ file, why: 'is no video of a known extension' });
      }
    } else if (first !== undefined) skipped.push({ file, why: `is the same clip as ${first.file}` });
    else clips.set(name, { name, file });
  }
  return { clips: sorted(clips), skipped };
}

/**
 * The folders of frames of a folder's clips, whether or not there are images in them, and the videos that have no such folder. What lies in
 * `frames/` comes before what lies beside the videos.
 */
export async function findFrames(folder: string): Promise<ClipFiles> {
  const [frames, videos] = [join(folder, 'frames'), join(folder, 'videos')];
  const [hasFrames, hasVideos] = [await isFolder(frames), await isFolder(videos)];
  const clips = new Map<string, ClipFile>();
  const add = (name: string, file: string): void => {
    if (!clips.has(name)) clips.set(name, { name, file });
  };
  if (hasFrames) {
    for (const entry of await listFolder(frames)) {
      if (entry.isFolder) add(entry.name, join(frames, entry.name));
    }
  }
  const base = hasVideos ? videos : folder;
  const beside = await listFolder(base);
  for (const entry of beside) {
    // with frames/, the folders beside it are masks/ and landmarks/
    if (entry.isFolder && (hasVideos || !hasFrames)) add(entry.name, join(base, entry.name));
  }
  for (const entry of beside) {
    if (isVideo(entry)) add(withoutVideoExtension(entry.name), join(base, entry.name));
  }
  return { clips: sorted(clips), skipped: [] };
}

function isVideo({ name, isFolder, isDangling }: FolderEntry): boolean {
  return !isFolder && !isDangling && withoutVideoExtension(name) !== name;
}

function sorted(clips: ReadonlyMap<string, ClipFile>): readonly ClipFile[] {
  return [...clips.values()].sort((a, b) => (a.name < b.name ? -1 : 1));
}
