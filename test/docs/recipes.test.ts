import { spawn } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { expect } from 'chai';
import sharp from 'sharp';
import { rngFor } from '../../src/data/rng.ts';
import type { AnyDiscriminatorVariant } from '../../src/discriminator/discriminator.ts';
import type { DatasetVariant } from '../../src/data/module.ts';
import type { AnyGeneratorVariant } from '../../src/generator/generator.ts';
import { itIsADataset } from '../conformance/dataset.ts';
import { itIsADiscriminator } from '../conformance/discriminator.ts';
import { itIsAGenerator } from '../conformance/generator.ts';
import { onTensorFlow } from '../support/engines.ts';
import { blocksOf, commandsOf, readPage, ROOT, shellWords } from './pages.ts';

/** Small enough to be over in seconds; what each recipe's own command says comes after. */
const SMALL = [
  'game.rounds=2',
  'game.clean_rounds=0',
  'game.batch_size=4',
  'evaluation.every=2',
  'evaluation.resamples=0',
  'run.picture_every=2',
  'runtime.threads=1',
];
const TINY_CNN = ['discriminator.channels=[4,8]', 'discriminator.strides=[2,2]'];
const FOLDER = ['data=folder', 'data.path=images', 'data.size=32'];

/** What a recipe's command needs beside it: the parts of the game that it does not replace, made small. */
const REST: Readonly<Record<string, readonly string[]>> = {
  opponent: [...FOLDER, ...TINY_CNN],
  detector: FOLDER,
  dataset: TINY_CNN,
};

interface Recipes {
  readonly opponent: AnyGeneratorVariant;
  readonly detector: AnyDiscriminatorVariant;
  readonly dataset: DatasetVariant<Readonly<Record<string, unknown>>>;
}

describe('docs: the recipes of CONTRIBUTING.md', () => {
  const page = readPage('CONTRIBUTING.md');
  const recipes = blocksOf(page, 'ts').map((code) => {
    const name = /^\/\/ my-(\w+)\.ts\n/.exec(code)?.[1] ?? 'without a name';
    return { name, code, command: commandsOf(page).find((line) => line.includes(`my-${name}.ts`)) };
  });
  let folder: string;
  /** The files as modules, imported once they are written. */
  const modules: Partial<Recipes> = {};

  before(async () => {
    // A folder as the checkout's root looks to a file in it.
    folder = mkdtempSync(path.join(os.tmpdir(), 'recipes-'));
    for (const name of ['src', 'node_modules', 'tsconfig.json', 'package.json']) {
      symlinkSync(path.join(ROOT, name), path.join(folder, name));
    }
    for (const { name, code } of recipes) writeFileSync(path.join(folder, `my-${name}.ts`), code);
    await makeImages(path.join(folder, 'images'));
    for (const { name } of recipes) {
      const file = pathToFileURL(path.join(folder, `my-${name}.ts`)).href;
      Object.assign(modules, { [name]: (await import(file)) as unknown });
    }
  });
  after(() => {
    rmSync(folder, { recursive: true, force: true });
  });

  it('are an opponent, a detector and a dataset, each with its command', () => {
    expect(recipes.map(({ name }) => name)).to.deep.equal(['opponent', 'detector', 'dataset']);
    for (const { name, command } of recipes) expect(command, name).to.be.a('string');
  });

  for (const { name, command = '' } of recipes) {
    it(`${name}: trains and is evaluated through the command line`, async () => {
      const dir = path.join(folder, `run-${name}`);
      const own = shellWords(command).slice(4); // npm run train --
      await runScript(folder, 'train', [...own, ...REST[name]!, ...SMALL, `run.dir=${dir}`]);
      const { state, step } = JSON.parse(readFileSync(path.join(dir, 'status.json'), 'utf8')) as {
        state: string;
        step: number;
      };
      expect([state, step]).to.deep.equal(['finished', 2]);
      const table = await runScript(folder, 'evaluate', [dir]);
      expect(table).to.include('AUC seen');
      expect(existsSync(path.join(dir, 'scores-test.csv'))).to.equal(true);
    });
  }

  onTensorFlow('opponent: the conformance suite', () => {
    itIsAGenerator({
      variant: {
        name: 'module',
        settings: {},
        create: (settings, context) => modules.opponent!.create(settings, context),
      },
      settings: { eps: 0.05 },
      powerless: { eps: 0 },
      blind: { eps: 0 },
      manySteps: null,
      largestChange: 0.05,
      drawsPerBatch: false,
      fixedSize: false,
      learns: false,
    });
  });

  onTensorFlow('detector: the conformance suite', () => {
    itIsADiscriminator({
      variant: {
        name: 'module',
        settings: {},
        create: (settings, context) => modules.detector!.create(settings, context),
      },
      settings: { width: 4, depth: 2 },
      imageSize: 16,
      // 3×3 convolutions without bias, scale and offset of batch norm, a linear layer to two logits
      parameters: 9 * (3 * 4 + 4 * 8) + 2 * (4 + 8) + 2 * 8 + 2,
      auxiliaryParameters: 2 * (4 + 8),
    });
  });

  describe('dataset: the conformance suite', () => {
    const context = { cacheFolder: '', seed: 1, progress: (): void => undefined };
    itIsADataset(() =>
      modules.dataset!.create({ list: path.join(folder, 'images/list.csv'), size: 24 }, context),
    );
  });
});

/** Runs a command line of the project as npm would, in `cwd`. Gives its standard output; rejects with all that it said. */
function runScript(cwd: string, script: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const file = path.join(ROOT, 'scripts', `${script}.ts`);
    const child = spawn(process.execPath, ['--import', 'tsx', file, ...args], { cwd });
    let output = '';
    let all = '';
    child.stdout.setEncoding('utf8').on('data', (text: string) => ((output += text), (all += text)));
    child.stderr.setEncoding('utf8').on('data', (text: string) => (all += text));
    child.once('error', reject);
    child.once('close', (code) => {
      if (code === 0) resolve(output);
      else reject(new Error(`${script} ${args.join(' ')} ended with ${code}:\n${all}`));
    });
  });
}

/** Ten people: `real/` is noise, `fake/` smoothed noise of the same name; and a list of them for the dataset recipe. */
async function makeImages(folder: string): Promise<void> {
  const lines: string[] = [];
  for (const kind of ['real', 'fake']) {
    mkdirSync(path.join(folder, kind), { recursive: true });
    for (let person = 0; person < 10; person++) {
      const rng = rngFor(1, 'picture', kind, person);
      const data = Buffer.from(Array.from({ length: 40 * 40 * 3 }, () => rng.integer(256)));
      const picture = sharp(data, { raw: { width: 40, height: 40, channels: 3 } });
      const file = `${kind}/person${String.fromCharCode(97 + person)}.png`;
      await (kind === 'fake' ? picture.blur(1) : picture).png().toFile(path.join(folder, file));
      const split = person < 6 ? 'train' : person < 8 ? 'val' : 'test';
      lines.push(`${split},${kind === 'real' ? 'real' : 'smooth'},person${person},${file}`);
    }
  }
  writeFileSync(path.join(folder, 'list.csv'), `${lines.join('\n')}\n`);
}
