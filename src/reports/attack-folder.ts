/**
 * The folder that an attack fills: `adversarial.npz` with the images as float32, `png/` with the same rounded to 8 bits, a picture of the
 * first ones, a row and a line of figures for each. It has its name when it is whole, and not before.
 */
import { existsSync, mkdirSync, readdirSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { explainWriteError } from './files.ts';
import { createNpz } from './npz.ts';
import { comparisonGrid, encodePng, type Comparison } from './pictures.ts';

export interface AttackFolder {
  /** Where each image's PNG is, from the folder. */
  readonly pngs: readonly string[];
  /** The next images, [n, size, size, 3] in [0, 1], and the same as bytes. */
  append(images: Float32Array, bytes: Uint8Array): Promise<void>;
  /** `comparison.png`. */
  compare(comparison: Comparison): Promise<void>;
  /** Writes the rest and gives the folder its name. */
  finish(files: { readonly json: unknown; readonly csv: string }): void;
  /** Removes what was written; after `finish` it does nothing. */
  discard(): void;
}

export interface AttackedImages {
  readonly ids: readonly string[];
  /** 1 = fake. */
  readonly labels: readonly number[];
  /** Side in pixels. */
  readonly size: number;
}

/**
 * Throws unless a folder can be made there: it does not exist, or is an empty folder.
 */
export function requireNewFolder(folder: string): void {
  const found = guard(folder, () => statSync(folder, { throwIfNoEntry: false }));
  if (found === undefined) return;
  if (!found.isDirectory()) throw new Error(`${folder} is a file: name a new folder with out=DIR`);
  const [first] = readdirSync(folder);
  if (first !== undefined) {
    throw new Error(
      `${folder} is not empty (it holds ${first}), and nothing is overwritten: name a new folder with out=DIR`,
    );
  }
}

/**
 * Begins an attack's folder, beside its later place; `append` then takes the images in their order.
 *
 * @throws if the folder holds anything, or cannot be written
 */
export function openAttackFolder(folder: string, { ids, labels, size }: AttackedImages): AttackFolder {
  requireNewFolder(folder);
  const place = path.resolve(folder);
  const partial = path.join(path.dirname(place), `.${path.basename(place)}.${process.pid}.partial`);
  guard(folder, () => mkdirSync(path.join(partial, 'png'), { recursive: true }));
  const npz = createNpz(path.join(partial, 'adversarial.npz'));
  const array = npz.array('images', 'float32', [ids.length, size, size, 3]);
  const pngs = fileNames(ids).map((name) => path.posix.join('png', name));
  let written = 0;
  return {
    pngs,
    append: async (images, bytes) => {
      array.append(images);
      const pixels = size * size * 3;
      const count = bytes.length / pixels;
      const here = pngs.slice(written, written + count);
      written += count;
      await Promise.all(
        here.map(async (file, i) => {
          const data = bytes.subarray(i * pixels, (i + 1) * pixels);
          const png = await encodePng({ width: size, height: size, data });
          guard(folder, () => writeFileSync(path.join(partial, file), png));
        }),
      );
    },
    compare: async (comparison) => {
      const png = await encodePng(comparisonGrid(comparison).picture);
      guard(folder, () => writeFileSync(path.join(partial, 'comparison.png'), png));
    },
    finish: ({ json, csv }) => {
      array.end();
      const classes = npz.array('labels', 'int32', [labels.length]);
      classes.append(Int32Array.from(labels));
      classes.end();
      npz.texts('ids', ids);
      npz.close();
      guard(folder, () => {
        writeFileSync(path.join(partial, 'images.csv'), csv);
        writeFileSync(path.join(partial, 'attack.json'), `${JSON.stringify(json, null, 2)}\n`);
        renameSync(partial, place);
      });
    },
    discard: () => {
      npz.discard();
      if (existsSync(partial)) rmSync(partial, { recursive: true });
    },
  };
}

/** Bytes that a file's name may have everywhere, less the ending and a number. */
const LONGEST = 200;

/**
 * A PNG's name for each id: letters, digits and `._-` of it, anything else as `_`. Two ids that would share a name, in a file system
 * that takes capitals for small letters too, are told apart by a number.
 */
export function fileNames(ids: readonly string[]): string[] {
  const taken = new Set<string>();
  return ids.map((id) => {
    const plain = id
      .replace(/\.(jpe?g|jpe|jfif|png|webp|gif|tiff?|avif)$/i, '')
      .replace(/[^A-Za-z0-9._-]/g, '_')
      .replace(/^(\.|$)/, '_')
      .slice(0, LONGEST);
    let name = plain;
    for (let number = 2; taken.has(name.toLowerCase()); number++) name = `${plain}-${number}`;
    taken.add(name.toLowerCase());
    return `${name}.png`;
  });
}

/** A system error as one that names the folder and the remedy. */
function guard<T>(folder: string, work: () => T): T {
  try {
    return work();
  } catch (error) {
    throw explainWriteError(error, folder);
  }
}
