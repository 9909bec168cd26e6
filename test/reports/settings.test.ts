import { expect } from 'chai';
import { flatSettings, namesOfSettings, withoutSeed } from '../../src/reports/settings.ts';

const settings = (generator: string, more: Readonly<Record<string, unknown>> = {}) =>
  flatSettings({
    generator: { name: generator, eps: 0.1 },
    discriminator: { name: 'cnn7' },
    seed: 1,
    ...more,
  });

describe('settings of runs', () => {
  it('are leaves by dotted key, a list is one', () => {
    expect([...flatSettings({ a: { b: 1, c: [1, 'x'] }, d: 'e', f: null })]).to.deep.equal([
      ['a.b', '1'],
      ['a.c', '[1,"x"]'],
      ['d', 'e'],
      ['f', 'null'],
    ]);
  });

  it('are alike if they differ in the seed, the folder or the threads, and not if the data have another seed', () => {
    const of = (more: Readonly<Record<string, unknown>>) => [...withoutSeed(settings('pgd', more))];
    expect(of({ seed: 2, run: { dir: 'x' }, runtime: { threads: 4 } })).to.deep.equal(of({}));
    expect(of({ runtime: { precision: 'float16' } })).to.not.deep.equal(of({}));
    expect(of({ data: { seed: 2 } })).to.not.deep.equal(of({ data: { seed: 1 } }));
  });

  it('are called by opponent and detector, and by what else differs', () => {
    expect(namesOfSettings([settings('none'), settings('pgd')])).to.deep.equal(['none · cnn7', 'pgd · cnn7']);
    const eps = (value: number) => settings('pgd', { generator: { name: 'pgd', eps: value } });
    expect(namesOfSettings([settings('none'), eps(0.1), eps(0.2)])).to.deep.equal([
      'none · cnn7',
      'pgd · cnn7 · eps=0.1',
      'pgd · cnn7 · eps=0.2',
    ]);
    // of most: not said
    expect(namesOfSettings([eps(0.1), settings('pgd', { k: 2 }), eps(0.2)])).to.deep.equal([
      'pgd · cnn7',
      'pgd · cnn7 · k=2',
      'pgd · cnn7 · eps=0.2',
    ]);
    const twice = (a: number, b: number) => settings('pgd', { a: { lr: a }, b: { lr: b } });
    expect(namesOfSettings([twice(1, 1), twice(2, 2)])).to.deep.equal([
      'pgd · cnn7 · a.lr=1 · b.lr=1',
      'pgd · cnn7 · a.lr=2 · b.lr=2',
    ]);
    const data = (name: string) => settings('pgd', { data: { name } });
    expect(namesOfSettings([data('faces'), data('ffpp')])).to.deep.equal([
      'pgd · cnn7 · data=faces',
      'pgd · cnn7 · data=ffpp',
    ]);
    const seen = (...methods_seen: string[]) => settings('pgd', { data: { methods_seen } });
    expect(namesOfSettings([seen('a', 'b-c'), seen(), seen('a, b')])).to.deep.equal([
      'pgd · cnn7 · methods_seen=[a,b-c]',
      'pgd · cnn7 · methods_seen=[]',
      'pgd · cnn7 · methods_seen=["a, b"]',
    ]);
  });
});
