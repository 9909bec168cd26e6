/** A part of a page that a program writes, between two comments. */

/**
 * The page with what stands between `<!-- NAME -->` and `<!-- end of NAME -->` replaced.
 *
 * @param page where it is, for messages
 * @throws unless each of the two comments stands there once, in this order
 */
export function withMarkedSection(text: string, name: string, content: string, page: string): string {
  const [begin, end] = [`<!-- ${name} -->`, `<!-- end of ${name} -->`];
  const [head, ...afterBegin] = text.split(begin);
  const [, ...afterEnd] = (afterBegin[0] ?? '').split(end);
  if (afterBegin.length !== 1 || afterEnd.length !== 1) {
    throw new Error(
      `${page}: write '${begin}' and below it '${end}', once each, where the table is to stand`,
    );
  }
  return `${head}${begin}\n\n${content}\n${end}${afterEnd[0]}`;
}
