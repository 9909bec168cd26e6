import { expect } from 'chai';
import { GENERATORS } from '../../src/generator/index.ts';
import { onTensorFlow } from '../support/engines.ts';
import { shippedSettings } from '../support/players.ts';
import { itIsAGenerator, type GeneratorCase } from './generator.ts';

/** What the suite needs to know of each opponent that ships. */
const CASES: Readonly<Record<string, Omit<GeneratorCase, 'variant' | 'settings'>>> = {
  none: {
    powerless: {},
    blind: null,
    manySteps: null,
    largestChange: 0,
    drawsPerBatch: false,
    fixedSize: false,
  },
  fgsm: {
    powerless: { eps: 0 },
    blind: { eps: 0 },
    manySteps: null,
    largestChange: 0.00784,
    drawsPerBatch: false,
    fixedSize: false,
  },
  blur: {
    powerless: { sigma: 0, step_size: 0 },
    blind: { step_size: 0 },
    manySteps: (steps) => ({ steps, direction: 'sign', step_size: 0.3 }),
    largestChange: 1,
    drawsPerBatch: false,
    fixedSize: false,
  },
  generative: {
    powerless: { sigma_max: 1e-6 },
    blind: null,
    manySteps: null,
    largestChange: 1,
    drawsPerBatch: false,
    fixedSize: true,
  },
};

describe('conformance: generator', () => {
  it('covers every opponent that ships', () => {
    expect(Object.keys(CASES)).to.have.members(Object.keys(GENERATORS));
  });

  for (const [name, given] of Object.entries(CASES)) {
    const variant = GENERATORS[name]!;
    const { name: chosen, ...settings } = shippedSettings('generator', name);

    describe(`settings of ${name}`, () => {
      it('are all there in its YAML file, and accepted', () => {
        expect(chosen).to.equal(name);
        expect(Object.keys(settings)).to.have.members(Object.keys(variant.settings));
        for (const [key, setting] of Object.entries(variant.settings)) {
          expect((setting.accepts as (value: unknown) => boolean)(settings[key]), key).to.equal(true);
        }
      });
    });

    onTensorFlow(name, () => itIsAGenerator({ variant, settings, ...given }));
  }
});
