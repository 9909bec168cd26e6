import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { expect } from 'chai';
import { parseCommandLine } from '../../src/config/command-line.ts';
import { compose } from '../../src/config/compose.ts';
import { openConfigFiles } from '../../src/config/config-files.ts';
import { resolveConfig } from '../../src/config/interpolate.ts';
import { expandSweep } from '../../src/config/sweep.ts';
import { checkRunConfig } from '../../src/run-config.ts';
import { anchorsOf, blocksOf, commandsOf, linksOf, PAGES, readPage, ROOT, shellWords } from './pages.ts';

const CONFIGS = path.join(ROOT, 'configs');
const SCRIPTS = (
  JSON.parse(readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as { scripts: Record<string, string> }
).scripts;
const CONTEXT = { env: {}, now: new Date(0), hydra: { 'job.num': 0 } };
/** Words after `npm run` that are not the script's name. */
const NPM_FLAGS = ['-s', '--silent'];

interface Command {
  readonly script: string;
  readonly args: readonly string[];
}

/** `npm run -s train -- a=1 b=2` as script and arguments; `npm start` and `npm test` are short for scripts of that name. */
function readCommand(line: string): Command {
  const [, verb, ...rest] = shellWords(line);
  const words = rest.filter((word) => !NPM_FLAGS.includes(word));
  const script = verb === 'run' ? words.shift() : verb;
  return { script: script ?? '', args: words[0] === '--' ? words.slice(1) : words };
}

/** Options of a single command, each with a value after it. */
const OWN_OPTIONS = ['--resume', '--size', '--rounds', '--peer', '--json', '--svg', '--trace'];

/** What is left of a command's arguments without its own options. */
function withoutOptions(args: readonly string[]): string[] {
  return args.filter((word, i) => !OWN_OPTIONS.includes(word) && !OWN_OPTIONS.includes(args[i - 1] ?? ''));
}

for (const page of PAGES) {
  describe(`docs: ${page}`, () => {
    const text = readPage(page);

    it('links to what is there', () => {
      for (const link of linksOf(text).filter((target) => !/^[a-z]+:/.test(target))) {
        const [file = '', anchor] = link.split('#');
        const target = file === '' ? page : path.join(path.dirname(page), file);
        expect(existsSync(path.join(ROOT, target)), `${page} links to ${link}`).to.equal(true);
        if (anchor !== undefined) expect([...anchorsOf(readPage(target))], link).to.include(anchor);
      }
    });

    it('names only npm scripts that there are', () => {
      const inText = [...text.matchAll(/npm run (?:-s )?([\w:]+)/g)].map(([, name]) => name!);
      const commands = commandsOf(text).map((line) => readCommand(line).script);
      for (const name of [...inText, ...commands]) expect(Object.keys(SCRIPTS), page).to.include(name);
    });

    for (const line of commandsOf(text)) {
      const { script, args } = readCommand(line);
      if (!['train', 'start', 'bench'].includes(script)) continue;
      it(`has settings that compose: ${line}`, async () => {
        const files = openConfigFiles(CONFIGS);
        const own = withoutOptions(args).filter((word) => script !== 'bench' || /[=+~]/.test(word));
        const command = parseCommandLine(own);
        const configName = command.configName ?? 'train';
        for (const overrides of expandSweep(command.overrides, files)) {
          const { config } = compose({ configs: files, configName, overrides, context: CONTEXT });
          // A user's own module describes settings that are not here; recipes.test.ts runs those.
          if (overrides.some((override) => override.endsWith('=module')) || command.help) continue;
          await checkRunConfig(resolveConfig(config, CONTEXT));
        }
      });
    }

    it('has JSON and YAML examples that parse', async () => {
      const { parse } = await import('yaml');
      for (const block of blocksOf(text, 'json')) expect(() => JSON.parse(block) as unknown).not.to.throw();
      for (const block of blocksOf(text, 'yaml')) expect(() => parse(block) as unknown).not.to.throw();
    });
  });
}
