/** ZIP archives whose files are stored as they are, read in place: PyTorch's and Keras's files are such (PKWARE's APPNOTE 6.3, sections 4.3 to 4.5). */

const LOCAL = 0x04034b50;
const CENTRAL = 0x02014b50;
const END = 0x06054b50;
const END64_LOCATOR = 0x07064b50;
const NO_SIZE = 0xffffffff;

/** Whether bytes begin as a ZIP archive does. */
export function isZip(bytes: Uint8Array): boolean {
  return bytes.length >= 4 && new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true) === LOCAL;
}

/** The name of the file that an archive begins with; null where bytes begin as no archive does. */
export function firstEntry(bytes: Uint8Array): string | null {
  if (!isZip(bytes) || bytes.length < 30) return null;
  const length = new DataView(bytes.buffer, bytes.byteOffset).getUint16(26, true);
  return new TextDecoder().decode(bytes.subarray(30, 30 + length));
}

/**
 * The files of an archive, each a view of its bytes, so that no archive can unpack to more than it is.
 *
 * @throws if it is cut off or damaged, a file is compressed or encrypted, two have one name, or two share bytes
 */
export function storedEntries(bytes: Uint8Array): ReadonlyMap<string, Uint8Array> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const end = endRecord(view);
  let count = view.getUint16(end + 10, true);
  let at = view.getUint32(end + 16, true);
  if (end >= 20 && view.getUint32(end - 20, true) === END64_LOCATOR) {
    const record = Number(view.getBigUint64(end - 12, true));
    count = Number(view.getBigUint64(inside(view, record, 56) + 32, true));
    at = Number(view.getBigUint64(record + 48, true));
  }
  const entries = new Map<string, Uint8Array>();
  let taken = 0;
  for (let i = 0; i < count; i++) {
    if (view.getUint32(inside(view, at, 46), true) !== CENTRAL) throw new Error('its directory is damaged');
    const lengths = [28, 30, 32].map((field) => view.getUint16(at + field, true)) as [number, number, number];
    inside(view, at, 46 + lengths[0] + lengths[1] + lengths[2]);
    const name = new TextDecoder().decode(bytes.subarray(at + 46, at + 46 + lengths[0]));
    if ((view.getUint16(at + 8, true) & 1) !== 0 || view.getUint16(at + 10, true) !== 0) {
      throw new Error(
        `its file ${name} is compressed or encrypted, and neither PyTorch nor Keras writes such`,
      );
    }
    const extra = { at: at + 46 + lengths[0], length: lengths[1] };
    const [size, packed, local] = wide(view, extra, [
      view.getUint32(at + 24, true),
      view.getUint32(at + 20, true),
      view.getUint32(at + 42, true),
    ]);
    if (size !== packed)
      throw new Error(`its file ${name} is stored and has two sizes, ${packed} and ${size}`);
    if (view.getUint32(inside(view, local, 30), true) !== LOCAL)
      throw new Error(`its file ${name} is not where it should be`);
    const start = local + 30 + view.getUint16(local + 26, true) + view.getUint16(local + 28, true);
    inside(view, start, size);
    taken += size;
    if (entries.has(name)) throw new Error(`it has two files ${name}`);
    entries.set(name, bytes.subarray(start, start + size));
    at += 46 + lengths[0] + lengths[1] + lengths[2];
  }
  if (taken > bytes.length) throw new Error('its files share bytes');
  return entries;
}

/** Offset of the end record, which a comment of up to 64 KB may follow. */
function endRecord(view: DataView): number {
  for (let at = view.byteLength - 22; at >= Math.max(0, view.byteLength - 22 - 0xffff); at--) {
    if (view.getUint32(at, true) === END) return at;
  }
  throw new Error('its end is missing: it is cut off');
}

/** The offset, if so many bytes from it lie in the file. */
function inside(view: DataView, at: number, length: number): number {
  if (!(at + length <= view.byteLength))
    throw new Error(`it is cut off or damaged: byte ${at + length} of ${view.byteLength} is named`);
  return at;
}

/** Replaces fields that hold 2³² − 1 by their 64-bit values, which stand one after the other in extra field 1. */
function wide(
  view: DataView,
  extra: { readonly at: number; readonly length: number },
  fields: [number, number, number],
): [number, number, number] {
  const end = extra.at + extra.length;
  for (let at = extra.at; at + 4 <= end; at += 4 + view.getUint16(at + 2, true)) {
    if (view.getUint16(at, true) !== 1) continue;
    let next = at + 4;
    return fields.map((field) => {
      if (field !== NO_SIZE) return field;
      next += 8;
      return Number(view.getBigUint64(inside(view, next - 8, 8), true));
    }) as [number, number, number];
  }
  return fields;
}
