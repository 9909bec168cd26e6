import { expect } from 'chai';
import type { Sample, Split } from '../../src/data/dataset.ts';
import { select, type SelectionSettings } from '../../src/data/selection.ts';

const ALL: SelectionSettings = {
  methods_seen: null,
  methods_unseen: [],
  qualities_seen: null,
  qualities_unseen: [],
};

const sample = (split: Split, manipulation: string, compression?: string): Sample => ({
  id: [split, manipulation, compression].join('/'),
  file: 'f',
  split,
  label: manipulation === 'real' ? 0 : 1,
  manipulation,
  videoId: 'v',
  pair: 'p',
  ...(compression === undefined ? {} : { compression }),
});
const everything = (['train', 'val', 'test'] as const).flatMap((split) =>
  ['real', 'Deepfakes', 'NeuralTextures'].flatMap((method) =>
    ['c23', 'c40'].map((quality) => sample(split, method, quality)),
  ),
);
const idsOf = (settings: Partial<SelectionSettings>): string[] =>
  select(everything, { ...ALL, ...settings }, 'data=ffpp').map(({ id }) => id);

describe('data: selection', () => {
  it('leaves everything in where nothing is named', () => {
    expect(select(everything, ALL, 'data=ffpp')).to.deep.equal(everything);
  });

  it('shows unseen methods in the test alone', () => {
    const ids = idsOf({ methods_unseen: ['NeuralTextures'] });
    expect(ids.filter((id) => id.includes('NeuralTextures'))).to.deep.equal([
      'test/NeuralTextures/c23',
      'test/NeuralTextures/c40',
    ]);
    expect(ids.filter((id) => id.includes('Deepfakes'))).to.have.length(6);
    expect(ids.filter((id) => id.includes('real'))).to.have.length(6);
  });

  it('leaves a method out that is neither seen nor unseen', () => {
    expect(idsOf({ methods_seen: ['Deepfakes'] }).some((id) => id.includes('NeuralTextures'))).to.equal(
      false,
    );
  });

  it('shows unseen qualities in the test alone, of real and fake', () => {
    const ids = idsOf({ qualities_unseen: ['c40'] });
    expect(ids.filter((id) => id.includes('c40'))).to.deep.equal([
      'test/real/c40',
      'test/Deepfakes/c40',
      'test/NeuralTextures/c40',
    ]);
  });

  it('refuses names that are not there, with the nearest one', () => {
    expect(() => idsOf({ methods_seen: ['Deepfake'] })).to.throw(
      /data\.methods_seen: Deepfake is not in data=ffpp; there are Deepfakes, NeuralTextures.*'Deepfakes'/,
    );
    expect(() => idsOf({ qualities_unseen: ['c50'] })).to.throw(
      /data\.qualities_unseen: c50 .* there are c23, c40/,
    );
  });

  it('refuses what is both seen and unseen', () => {
    expect(() => idsOf({ qualities_seen: ['c23'], qualities_unseen: ['c23'] })).to.throw(/c23 is in .* too/);
  });

  it('refuses to tell qualities apart where a sample tells none', () => {
    const samples = [...everything, sample('test', 'real')];
    expect(select(samples, ALL, 'data=ffpp')).to.have.length(samples.length);
    expect(() => select(samples, { ...ALL, qualities_seen: ['c23'] }, 'data=ffpp')).to.throw(
      /sample test\/real.* does not tell its compression/,
    );
  });
});
