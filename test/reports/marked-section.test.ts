import { expect } from 'chai';
import { withMarkedSection } from '../../src/reports/marked-section.ts';

describe('a part of a page between comments', () => {
  const page = 'before\n<!-- t -->\nold\n<!-- end of t -->\nafter <!-- u -->';

  it('is replaced, and the rest stays; again gives the same', () => {
    const written = withMarkedSection(page, 't', 'new $& $1\n', 'page.md');
    expect(written).to.equal('before\n<!-- t -->\n\nnew $& $1\n\n<!-- end of t -->\nafter <!-- u -->');
    expect(withMarkedSection(written, 't', 'new $& $1\n', 'page.md')).to.equal(written);
  });

  for (const [what, text] of [
    ['no comments', 'nothing'],
    ['no end', 'x <!-- t --> y'],
    ['two beginnings', `${page}${page}`],
    ['the end first', '<!-- end of t --> <!-- t -->'],
  ] as const) {
    it(`${what} is an error that says what to write`, () => {
      expect(() => withMarkedSection(text, 't', 'x', 'page.md')).to.throw(
        /page\.md: write '<!-- t -->' and below it '<!-- end of t -->'/,
      );
    });
  }
});
