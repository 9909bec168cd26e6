import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect } from 'chai';
import { compose } from '../../src/config/compose.ts';
import { ConfigError } from '../../src/config/config-error.ts';
import { openConfigFiles } from '../../src/config/config-files.ts';
import { resolveConfig } from '../../src/config/interpolate.ts';
import { toYaml } from '../../src/config/print-yaml.ts';
import type { ResolveContext } from '../../src/config/resolvers.ts';
import { expandSweep } from '../../src/config/sweep.ts';

const FIXTURES = join(import.meta.dirname, '../fixtures/config');

interface Table {
  readonly environment: Record<string, string>;
  readonly folders: Record<string, string>;
  readonly cases: readonly (readonly [string, string, readonly string[]])[];
  readonly sweeps: readonly (readonly [string, readonly string[]])[];
}

interface Expected {
  readonly cases: readonly { readonly yaml: string | null; readonly resolved?: string | null }[];
  readonly sweeps: readonly (readonly (readonly string[])[] | null)[];
}

function readJson(name: string): unknown {
  return JSON.parse(readFileSync(join(FIXTURES, name), 'utf8'));
}

const table = readJson('cases.json') as Table;
const expected = readJson('expected.json') as Expected;
const context: ResolveContext = { env: table.environment, now: new Date(2026, 0, 2, 3, 4, 5), hydra: {} };

/** Shown where a case fails: the answers for the project's own configs/ are as old as the last run of the script. */
const REGENERATE =
  'if configs/ changed, write the answers anew: python3 -m venv /tmp/hydra && ' +
  "/tmp/hydra/bin/pip install 'hydra-core==1.3.*' && /tmp/hydra/bin/python test/fixtures/config/regenerate.py";

/** What Hydra accepts and this composer refuses, each with the reason. */
const REFUSED: Readonly<Record<string, string>> = {
  'train +d={1:a}': 'keys are text',
  'train +d={__proto__:1}': 'a key that reaches into JavaScript',
  'train +a/b=1': 'a mistyped group would become a key with a slash',
};
/** What Hydra resolves and this resolver refuses. */
const UNRESOLVED: Readonly<Record<string, string>> = {
  'flat lr=x${section}': "a section inside a text would be spelled as Python's dict",
};

/** The result, or null where a ConfigError was thrown; any other error is a fault of the code. */
function attempt<T>(action: () => T): T | null {
  try {
    return action();
  } catch (error) {
    if (error instanceof ConfigError) return null;
    throw error;
  }
}

describe('config composes as hydra-core 1.3 does', () => {
  const folders = new Map(
    Object.entries(table.folders).map(([key, path]) => [key, openConfigFiles(join(FIXTURES, path))]),
  );

  table.cases.forEach(([folder, configName, overrides], index) => {
    const title = `${configName} ${overrides.join(' ')}`.trim();
    it(folder === 'project' ? `configs/: ${title}` : title, () => {
      const configs = folders.get(folder) ?? '';
      const { yaml, resolved } = expected.cases[index] ?? { yaml: null };
      const composed = attempt(() => compose({ configs, configName, overrides, context }));
      if (Object.hasOwn(REFUSED, title)) {
        expect(yaml).to.be.a('string');
        expect(composed).to.equal(null);
        return;
      }
      const hint = folder === 'project' ? REGENERATE : '';
      expect(composed === null ? null : toYaml(composed.config), hint).to.equal(yaml);
      if (composed === null || resolved === undefined) return;
      const ours = attempt(() => toYaml(resolveConfig(composed.config, context)));
      expect(ours, hint).to.equal(Object.hasOwn(UNRESOLVED, title) ? null : resolved);
    });
  });

  table.sweeps.forEach(([folder, overrides], index) => {
    it(`sweep ${overrides.join(' ')}`, () => {
      const files = folders.get(folder);
      if (files === undefined) throw new Error(`no folder ${folder}`);
      const title = `sweep ${overrides.join(' ')}`;
      const jobs = attempt(() => expandSweep(overrides, files));
      if (Object.hasOwn(REFUSED, title)) return expect(jobs).to.equal(null);
      return expect(jobs, folder === 'project' ? REGENERATE : '').to.deep.equal(expected.sweeps[index]);
    });
  });
});
