import path from 'node:path';
import { expect } from 'chai';
import { compose } from '../../src/config/compose.ts';
import { checkSettings } from '../../src/config/schema.ts';
import { text } from '../../src/config/settings.ts';
import { plainValue, type MapNode } from '../../src/config/tree.ts';
import type { AnyGeneratorVariant } from '../../src/generator/generator.ts';
import { COMBINATIONS, GENERATORS } from '../../src/generator/index.ts';
import { onTensorFlow } from '../support/engines.ts';
import { itIsAGenerator, type GeneratorCase } from './generator.ts';

type Settings = Readonly<Record<string, unknown>>;

/** The section that `generator=NAME` composes. */
function composed(name: string): MapNode {
  const configs = path.resolve(import.meta.dirname, '../../configs');
  const context = { env: {}, now: new Date(), hydra: {} };
  const overrides = [`generator=${name}`];
  return compose({ configs, configName: 'train', overrides, context }).config.entries.get(
    'generator',
  ) as MapNode;
}

/** The parts that a combination ships with, a blur and PGD, some of their settings changed. */
function partsOf(name: string, blur: Settings, pgd: Settings): Settings {
  const { opponents } = plainValue(composed(name)) as {
    readonly opponents: { readonly first: Settings; readonly second: Settings };
  };
  return { opponents: { first: { ...opponents.first, ...blur }, second: { ...opponents.second, ...pgd } } };
}

const NO_STEPS = { blind: null, manySteps: null, largestChange: 1, drawsPerBatch: false } as const;

/** What the suite needs to know of each opponent that ships. */
const CASES: Readonly<Record<string, Omit<GeneratorCase, 'variant' | 'settings'>>> = {
  none: { ...NO_STEPS, powerless: {}, largestChange: 0, fixedSize: false, learns: false },
  fgsm: {
    powerless: { eps: 0 },
    blind: { eps: 0 },
    manySteps: null,
    largestChange: 0.00784,
    drawsPerBatch: false,
    fixedSize: false,
    learns: false,
  },
  pgd: {
    powerless: { eps: 0 },
    blind: { eps: 0 },
    manySteps: (steps) => ({ steps, alpha: 0.004 }),
    largestChange: 0.00784,
    drawsPerBatch: true,
    fixedSize: false,
    learns: false,
  },
  apgd: {
    powerless: { eps: 0 },
    blind: { eps: 0 },
    manySteps: (steps) => ({ steps }),
    largestChange: 0.00784,
    drawsPerBatch: true,
    fixedSize: false,
    learns: false,
  },
  fab: {
    powerless: { eps: 0 },
    blind: { eps: 0 },
    manySteps: (steps) => ({ steps }),
    largestChange: 0.00784,
    drawsPerBatch: false,
    fixedSize: false,
    learns: false,
  },
  square: {
    powerless: { eps: 0 },
    blind: { eps: 0 },
    manySteps: (queries) => ({ queries }),
    largestChange: 0.00784,
    drawsPerBatch: true,
    fixedSize: false,
    learns: false,
  },
  sat: {
    powerless: { flow_max: 0 },
    blind: { flow_max: 0 },
    manySteps: (steps) => ({ steps, step_size: 0.6 }),
    largestChange: 1,
    drawsPerBatch: false,
    fixedSize: false,
    learns: false,
  },
  blur: {
    powerless: { sigma: 0, step_size: 0 },
    blind: { step_size: 0 },
    manySteps: (steps) => ({ steps, direction: 'sign', step_size: 0.3 }),
    largestChange: 1,
    drawsPerBatch: false,
    fixedSize: false,
    learns: false,
  },
  'blur-released': {
    powerless: { length: 1e6 },
    blind: { step_size: 0 },
    manySteps: (steps) => ({ steps, step_size: 1e3 }),
    largestChange: 1,
    drawsPerBatch: false,
    fixedSize: false,
    learns: false,
  },
  generative: { ...NO_STEPS, powerless: { sigma_max: 1e-6 }, fixedSize: true, learns: true },
  'generative-kernel': { ...NO_STEPS, powerless: { strength: 0 }, fixedSize: true, learns: true },
  'generative-residual': {
    ...NO_STEPS,
    powerless: { eps: 0 },
    largestChange: 0.0314,
    fixedSize: true,
    learns: true,
  },
  mixture: combinationCase('mixture'),
  chain: combinationCase('chain'),
};

function combinationCase(name: string): Omit<GeneratorCase, 'variant' | 'settings'> {
  return {
    powerless: partsOf(name, { sigma: 0, step_size: 0 }, { eps: 0 }),
    blind: partsOf(name, { step_size: 0 }, { eps: 0 }),
    manySteps: (steps) =>
      partsOf(name, { steps, direction: 'sign', step_size: 0.3 }, { steps, alpha: 0.004 }),
    largestChange: 1,
    drawsPerBatch: true,
    fixedSize: false,
    learns: false,
  };
}

/** A combination with the kinds of parts that it ships with. */
function variantOf(name: string): AnyGeneratorVariant {
  return (
    GENERATORS[name] ?? COMBINATIONS[name]!.of({ first: GENERATORS['blur']!, second: GENERATORS['pgd']! })
  );
}

describe('conformance: generator', () => {
  it('covers every opponent that ships', () => {
    expect(Object.keys(CASES)).to.have.members([...Object.keys(GENERATORS), ...Object.keys(COMBINATIONS)]);
  });

  for (const [name, given] of Object.entries(CASES)) {
    const variant = variantOf(name);
    const section = composed(name);

    describe(`settings of ${name}`, () => {
      it('are all there in its YAML file, and accepted', () => {
        const record = { name: text('Which opponent.'), ...variant.settings };
        expect(checkSettings(section, record)).to.include({ name });
      });
    });

    const settings = plainValue(section) as Settings;
    onTensorFlow(name, () => itIsAGenerator({ variant, settings, ...given }));
  }
});
