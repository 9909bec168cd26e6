import fs from 'node:fs';
import path from 'node:path';
import { FFMPEG_PACKAGE, ffmpegFile } from '../../src/data/ffmpeg-file.mjs';
import { ensure } from './product.mjs';
import { downloadWheels } from './wheels.mjs';
import { unzip } from './zip.mjs';

/** The one program in the wheel; its name tells the machine and ffmpeg's version. */
const PROGRAM = /^imageio_ffmpeg\/binaries\/ffmpeg-[^/]+$/;

/**
 * Brings ffmpeg, a static program, into the cache, out of the wheel that PyPI has for Python; no Python is needed to run it. Does nothing
 * where `DEEPFAKE_GAME_FFMPEG` names another.
 * @param {{ cache: string, machine: import('./machine.mjs').Machine }} where
 */
export async function bringFfmpeg({ cache, machine }) {
  const { file, own } = ffmpegFile(cache, process.env, machine.name);
  if (own) return;
  const what = `ffmpeg (imageio-ffmpeg ${FFMPEG_PACKAGE}, 30 MB)`;
  await ensure({
    folder: path.dirname(file),
    what: `downloading ${what}`,
    bytes: 3e8,
    isWhole: () => fs.existsSync(file),
    make: async (partial) => {
      const downloads = path.join(partial, 'downloads');
      fs.mkdirSync(downloads);
      const requirements = path.join(import.meta.dirname, 'requirements', `${machine.name}-video.txt`);
      const wheels = await downloadWheels({ what, requirements, folder: downloads, machine });
      for (const wheel of wheels) await unzip(wheel, downloads, (name) => PROGRAM.test(name));
      const binaries = path.join(downloads, 'imageio_ffmpeg/binaries');
      const [program] = fs.existsSync(binaries) ? fs.readdirSync(binaries) : [];
      if (program === undefined) throw new Error(`the wheel of imageio-ffmpeg holds no ${PROGRAM}`);
      fs.renameSync(path.join(binaries, program), path.join(partial, 'ffmpeg'));
      fs.chmodSync(path.join(partial, 'ffmpeg'), 0o755);
      fs.rmSync(downloads, { recursive: true });
    },
  });
}
