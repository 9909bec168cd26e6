/**
 * Opponents that cannot work are refused when the settings are composed, before anything is read or made: with the key in full, the file
 * and line or the override that gave it its value, and what would be right.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { CONFIGS, composeRun, resolveContext } from '../../scripts/compose-run.ts';
import { ConfigError } from '../../src/config/config-error.ts';
import { openConfigFiles } from '../../src/config/config-files.ts';
import { COMBINATIONS, GENERATORS } from '../../src/generator/index.ts';
import { openGame } from '../../src/prepare.ts';
import type { RunConfig } from '../../src/run-settings.ts';
import { runScript, workplace } from '../cli/command-line.ts';

const files = openConfigFiles(CONFIGS);

async function composed(overrides: readonly string[]): Promise<RunConfig> {
  return (await composeRun(files, 'train', overrides, resolveContext(new Date(), 0))).config;
}

/** What is wrong with a run, a line a problem; fails if nothing is. */
async function problemsOf(overrides: readonly string[]): Promise<readonly string[]> {
  let error: unknown;
  try {
    await composed(overrides);
  } catch (thrown) {
    error = thrown;
  }
  expect(error, `nothing is wrong with ${overrides.join(' ')}`).to.be.instanceOf(ConfigError);
  return (error as ConfigError).problems;
}

/** Overrides, the last of which is wrong; the key that is told; what is wrong and what would be right. */
type Mistake = readonly [overrides: string, key: string, message: RegExp];

/** By opponent. In parts of others the same is told, with the part's key in full. */
const MISTAKES: Readonly<Record<string, readonly Mistake[]>> = {
  none: [['+generator.eps=1', 'generator.eps', /unknown key .* Known in 'generator': name/]],
  fgsm: [
    ['generator.eps=-0.01', 'generator.eps', /must be a number from 0 to 1, got -0\.01/],
    ['generator.eps=8', 'generator.eps', /must be a number from 0 to 1, got 8\. .*2\/255 = 0\.00784/],
    ['generator.alpha=0.001', 'generator.alpha', /cannot reach eps = 0\.00784: set alpha to 0\.00784/],
    ['generator.goal=untargeted', 'generator.goal', /must be one of true-label, predicted-label, /],
  ],
  apgd: [
    ['generator.eps=8', 'generator.eps', /is 8, but .* 8\/255 is 0\.0314/],
    ['generator.steps=0', 'generator.steps', /must be an integer >= 1, got 0/],
    ['generator.norm=l1', 'generator.norm', /must be one of linf, l2, .*Did you mean 'l2'/],
  ],
  fab: [
    ['generator.eps=8', 'generator.eps', /is 8, but .* 8\/255 is 0\.0314/],
    ['generator.alpha_max=2', 'generator.alpha_max', /must be a number > 0 and <= 1, got 2/],
    ['generator.eta=0.5', 'generator.eta', /must be a number >= 1, got 0\.5/],
    ['generator.beta=2', 'generator.beta', /must be a number > 0 and <= 1, got 2/],
  ],
  square: [
    ['generator.eps=8', 'generator.eps', /must be a number from 0 to 1, got 8/],
    ['generator.queries=0', 'generator.queries', /must be an integer >= 1, got 0/],
    ['generator.p=0', 'generator.p', /must be a number > 0 and <= 1, got 0/],
  ],
  pgd: [
    ['generator.eps=-1e-9', 'generator.eps', /must be a number >= 0, got -1e-9/],
    ['generator.eps=nan', 'generator.eps', /must be a number >= 0, got NaN/],
    ['generator.eps=8', 'generator.eps', /is 8, but .* 8\/255 is 0\.0314/],
    ['generator.norm=l1', 'generator.norm', /must be one of linf, l2, .*Did you mean 'l2'/],
    ['generator.steps=0', 'generator.steps', /must be an integer >= 1, got 0/],
    ['generator.alpha=0', 'generator.alpha', /must be null or a number > 0, got 0/],
    [
      'generator.steps=7 generator.alpha=0.001',
      'generator.alpha',
      /7 steps of 0\.001 cannot reach eps = 0\.00784: set alpha to 0\.00112 or more, or steps to 8 or more/,
    ],
    ['generator.random_start=false generator.restarts=3', 'generator.restarts', /set random_start to true/],
    ['generator.momentum=-1', 'generator.momentum', /must be a number >= 0, got -1/],
  ],
  sat: [
    ['generator.flow_max=-1', 'generator.flow_max', /must be a number >= 0, got -1/],
    ['generator.tau=-0.1', 'generator.tau', /must be a number >= 0, got -0\.1/],
    [
      'generator.step_size=0.001',
      'generator.step_size',
      /steps of 0\.001 pixels cannot reach flow_max = .*: set step_size to /,
    ],
  ],
  blur: [
    ['generator.k=4', 'generator.k', /must be one of 3, 5, 7, 9, got 4/],
    ['generator.k=-3', 'generator.k', /must be one of 3, 5, 7, 9, got -3/],
    ['generator.sigma=-1', 'generator.sigma', /must be a number >= 0, got -1/],
    [
      'generator.sigma_max=1 generator.sigma_min=2',
      'generator.sigma_min',
      /is 2, above sigma_max = 1: swap them/,
    ],
    [
      'generator.sigma_max=1 generator.sigma=3',
      'generator.sigma',
      /is 3, outside \[sigma_min, sigma_max\] = \[0, 1\]/,
    ],
    ['generator.restarts=2', 'generator.restarts', /set random_start to true, or restarts to 1/],
  ],
  'blur-released': [
    ['generator.k=2', 'generator.k', /must be one of 3, 5, 7, 9, got 2/],
    ['generator.length=0', 'generator.length', /must be a number > 0, got 0/],
  ],
  generative: [
    ['generator.sigma_max=0', 'generator.sigma_max', /must be a number > 0, got 0/],
    ['generator.k=4', 'generator.k', /must be one of 3, 5, 7, 9, got 4/],
    [
      'data.size=48 generator.depth=5',
      'generator.depth',
      /image size 48 is no multiple of 32, and 5 halvings need one/,
    ],
    ['generator.ema=1', 'generator.ema', /must be a number >= 0 and < 1, got 1/],
    ['generator.penalty=-1', 'generator.penalty', /must be a number >= 0, got -1/],
  ],
  'generative-kernel': [
    ['generator.k=9', 'generator.k', /must be one of 3, 5, 7, got 9/],
    ['generator.strength=1.5', 'generator.strength', /must be a number from 0 to 1, got 1\.5/],
    ['data.size=66 generator.depth=2', 'generator.depth', /image size 66 is no multiple of 4/],
  ],
  'generative-residual': [
    ['generator.eps=-1', 'generator.eps', /must be a number from 0 to 1, got -1/],
    ['generator.body=vit', 'generator.body', /must be one of resnet, unet, got the text 'vit'/],
    ['data.size=64 generator.depth=6', 'generator.depth', /image size 64 halved 6 times is a single pixel/],
  ],
  mixture: [
    [
      'generator.weights.first=0 generator.weights.second=0',
      'generator.weights',
      /are all 0, so no opponent could be drawn: set one above 0/,
    ],
    ['generator.weights.first=-1', 'generator.weights.first', /must be a number from 0 to 1000000, got -1/],
    [
      '+generator.opponents.third.name=none',
      'generator.weights.third',
      /is missing: a number from 0 to 1000000 \(How often/,
    ],
    ['~generator@generator.opponents.second', 'generator.weights.second', /unknown key .* first\./],
    ['generator.opponents.second.eps=-1', 'generator.opponents.second.eps', /must be a number >= 0, got -1/],
    ['generator.opponents.second.alpha=1e-4', 'generator.opponents.second.alpha', /cannot reach eps/],
  ],
  chain: [
    ['generator.opponents.first.k=4', 'generator.opponents.first.k', /must be one of 3, 5, 7, 9, got 4/],
    [
      'generator.opponents.first.sigma_max=1 generator.opponents.first.sigma_min=2',
      'generator.opponents.first.sigma_min',
      /is 2, above sigma_max = 1: swap them/,
    ],
    [
      'data.size=66 generator@generator.opponents.first=generative',
      'generator.opponents.first.depth',
      /image size 66 is no multiple of 4/,
    ],
    [
      'generator@generator.opponents.first=mixture generator.opponents.first.opponents.second.steps=0',
      'generator.opponents.first.opponents.second.steps',
      /must be an integer >= 1, got 0/,
    ],
    [
      '+generator.opponents.third.name=blurr',
      'generator.opponents.third.name',
      /is blurr, but there are none, fgsm, .* and module \(your own file\)\. Did you mean 'blur'\?/,
    ],
    [
      'generator@generator.opponents.second=none',
      'generator.opponents.second.name',
      /must say which opponent it is\. One that changes nothing is \+generator\.opponents\.second\.name=none/,
    ],
    ['+generator.opponents.not_so.name=none', 'generator.opponents.not_so', /needs another key: letters and/],
    ['+generator.opponents.third=fgsm', 'generator.opponents.third.name', /must say which opponent it is/],
    [
      'generator@generator.opponents.second=module',
      'generator.opponents.second.module',
      /must be the path of your own file: generator\.opponents\.second\.module=/,
    ],
    [
      '~generator@generator.opponents.first ~generator@generator.opponents.second',
      'generator.opponents',
      /must hold the opponents .*: \+generator@generator\.opponents\.first=blur/,
    ],
  ],
};

/** Opponents, ways of playing, and settings that do not go together. */
const WRONG_GAMES: readonly Mistake[] = [
  ...['generative', 'generative-kernel', 'generative-residual'].map((name): Mistake => [
    `generator=${name} game=free`,
    'game.play',
    new RegExp(`is free, .* opponent ${name} .*: set game=alternating or game=simultaneous$`),
  ]),
  ...['fgsm', 'pgd', 'sat', 'blur', 'blur-released'].map((name): Mistake => [
    `generator=${name} game=simultaneous`,
    'game.play',
    new RegExp(`is simultaneous, .* opponent ${name} .*: set game=alternating or game=free$`),
  ]),
  ...['none', 'mixture', 'chain'].flatMap((name) =>
    ['free', 'simultaneous'].map((way): Mistake => [
      `generator=${name} game=${way}`,
      'game.play',
      new RegExp(`is ${way}, .* opponent ${name} .*: set game=alternating$`),
    ]),
  ),
  ['generator=fgsm game=free game.lambda=0', 'game.lambda', /leaves out .*: set it above 0$/],
  [
    'generator=fgsm game=free game.objective=clean',
    'game.objective',
    /leaves out .*: set it to clean\+adversarial or/,
  ],
  ['generator=generative game=simultaneous game.lambda=0', 'game.lambda', /leaves out .*: set it above 0$/],
  [
    'generator=generative game=simultaneous game.crafting=eval',
    'game.crafting',
    /is eval, .*: set it to train$/,
  ],
  ['generator=fgsm game.crafting=shared mixup=recipe', 'game.crafting', /mixup .*: set it to train or eval$/],
  [
    'criterion=focal criterion.alpha=0.25 criterion.class_balance=0.99',
    'criterion.class_balance',
    /is 0.99, but criterion.alpha is 0.25 .*: set one of them to null$/,
  ],
  ['criterion.label_smoothing=1', 'criterion.label_smoothing', /below 1|< 1/],
  ['criterion=focal +criterion.label_smoothing=0.1', 'criterion.label_smoothing', /./],
  [
    'data=mix data.datasets.first.path=x data.datasets.second.path=x data.datasets.second.name=face',
    'data.datasets.second.name',
    /there is no dataset face; there are/,
  ],
  [
    'data=mix data.datasets.first.path=x data.datasets.second.path=x data.weights.second=-1',
    'data.weights.second',
    />= 0/,
  ],
  ['criterion.name=hinge', 'criterion.name', /./],
  ['generator=fgsm game=free game.crafting=eval', 'game.crafting', /is eval, .*: set it to train$/],
  ['generator=fgsm game=free game.crafting=shared', 'game.crafting', /is shared, .*: set it to train$/],
  ...['blur', 'blur-released', 'generative', 'mixture', 'chain'].map((name): Mistake => [
    `generator=${name} game.crafting=shared`,
    'game.crafting',
    new RegExp(`is shared, .* opponent ${name} does not start there: set it to train or eval$`),
  ]),
  [
    'generator=pgd game.crafting=shared',
    'generator.random_start',
    /is true, but game.crafting is shared, .*: set it to false, or game.crafting to train$/,
  ],
  [
    'generator=fgsm game.crafting=shared generator.goal=other-label',
    'generator.goal',
    /is other-label, but game.crafting is shared, .*: set it to true-label, or game.crafting to train$/,
  ],
  [
    'generator=fgsm game.crafting=shared game.auxiliary_bn=false game.objective=adversarial',
    'game.crafting',
    /is shared, but the objective adversarial has no pass of the clean images: set it to train or eval$/,
  ],
  [
    'generator=fgsm game.accumulate=3',
    'game.accumulate',
    /a batch of 32 does not fall into 3 equal parts of whole pairs: set it to a divisor of 16$/,
  ],
  [
    'generator=fgsm game.accumulate=32',
    'game.accumulate',
    /a batch of 32 does not fall into 32 equal parts of whole pairs: set it to a divisor of 16$/,
  ],
  [
    'generator=fgsm discriminator=face-xray game.pool_size=8',
    'game.pool_size',
    /is 8, but the detector face-xray learns masks, which the pool does not keep: set it to 0$/,
  ],
  [
    'generator=pgd game=free generator.goal=predicted-label',
    'generator.goal',
    /is predicted-label, .*: set it to true-label$/,
  ],
  [
    'generator=pgd game=free',
    'generator.random_start',
    /is true, but free play starts from what it carries .*: set it to false$/,
  ],
  ...(
    [
      ['generator=fgsm game.pool_size=8', 'game\\.pool_size'],
      ['generator=mixture', 'generator=mixture'],
      ['generator=pgd generator.eps_growth=linear', 'generator\\.eps_growth'],
    ] as const
  ).map(([game, why]): Mistake => [
    `${game} game.compile=true`,
    'game.compile',
    new RegExp(`is true, but no round can be recorded .*\\(${why}\\): set it to auto or false$`),
  ]),
  [
    'generator=fgsm game.objective=clean',
    'game.objective',
    /the opponent would never play: .* set generator=none$/,
  ],
  [
    'generator=fgsm game.rounds=80',
    'game.clean_rounds',
    /is 100, and the game has 80 rounds, .*: set it below game.rounds$/,
  ],
  [
    'generator=fgsm game.objective=adversarial',
    'game.auxiliary_bn',
    /the one that is tested: set it to false$/,
  ],
  ['generator=fgsm game=free game.replays=0', 'game.replays', /must be an integer >= 1, got 0/],
  ['generator=generative game.g_per_d=0', 'game.g_per_d', /must be an integer >= 1, got 0/],
  [
    'generator.name=blurr',
    'generator.name',
    /is blurr, but there are none, .*mixture, chain and module .* Did you mean 'blur'/,
  ],
  ['generator=module', 'generator.module', /must be the path of your own file: generator\.module=/],
  [
    'generator=module generator.module=no-such-opponent.ts',
    'generator.module',
    /no-such-opponent\.ts, which cannot be imported/,
  ],
];

/** One problem names the key, and where its value is from: the override of that key, or a line of a file. */
function expectTold(
  problems: readonly string[],
  overrides: readonly string[],
  key: string,
  message: RegExp,
): void {
  const told = problems.find((problem) => problem.includes(`'${key}'`));
  expect(told, `no word of ${key} in\n${problems.join('\n')}`).to.match(message);
  const own = overrides.filter((override) => override.replace(/^\+/, '').startsWith(`${key}=`));
  const place = own.length > 0 ? `override '${own.at(-1)!}': ` : '';
  expect(told!.startsWith(place) && /^(override '.*'|.*\.yaml:\d+): /.test(told!), told).to.equal(true);
}

describe('config of opponents', () => {
  it('has a table of mistakes for every opponent that ships', () => {
    expect(Object.keys(MISTAKES)).to.have.members([...Object.keys(GENERATORS), ...Object.keys(COMBINATIONS)]);
  });

  for (const [name, mistakes] of Object.entries(MISTAKES)) {
    describe(`generator=${name}`, () => {
      it('is accepted as shipped, in every way that it plays', async () => {
        expect((await composed([`generator=${name}`])).generator.name).to.equal(name);
        for (const way of GENERATORS[name]?.plays ?? ['alternating']) {
          // free play starts from what it carries over
          const start = way === 'free' && name === 'pgd' ? ['generator.random_start=false'] : [];
          expect((await composed([`generator=${name}`, `game=${way}`, ...start])).game.play).to.equal(way);
        }
      });

      for (const [written, key, message] of mistakes) {
        it(`${written} is refused`, async () => {
          const overrides = written.split(' ');
          expectTold(await problemsOf([`generator=${name}`, ...overrides]), overrides, key, message);
        });
      }
    });
  }

  describe('tells of a part of a mixture what it would tell of the opponent alone:', () => {
    for (const [name, mistakes] of Object.entries(MISTAKES)) {
      if (name === 'none' || name in COMBINATIONS) continue;
      it(name, async () => {
        for (const [written, key, message] of mistakes) {
          const overrides = written.replaceAll('generator.', 'generator.opponents.first.').split(' ');
          const problems = await problemsOf([
            'generator=mixture',
            `generator@generator.opponents.first=${name}`,
            ...overrides,
          ]);
          const inFull = key.replace('generator.', 'generator.opponents.first.');
          expectTold(problems, overrides, inFull, message);
        }
      });
    }
  });

  describe('with a game that it cannot play', () => {
    for (const [written, key, message] of WRONG_GAMES) {
      it(`${written} is refused`, async () => {
        const overrides = written.split(' ');
        expectTold(await problemsOf(overrides), overrides, key, message);
      });
    }
  });

  it('lets attacks that start at the clean images share their pass', async () => {
    for (const name of ['none', 'fgsm', 'pgd', 'pgd-l2', 'sat']) {
      const starts = name === 'none' ? [] : ['generator.random_start=false', 'generator.goal=true-label'];
      const one = name.startsWith('pgd') ? ['generator.restarts=1'] : [];
      const { game } = await composed([`generator=${name}`, 'game.crafting=shared', ...starts, ...one]);
      expect(game.crafting).to.equal('shared');
    }
  });

  it('takes steps of any length in free play, where they go on from batch to batch', async () => {
    for (const [name, step] of [
      ['fgsm', 'generator.alpha=0.002'],
      ['pgd', 'generator.alpha=1e-4'],
      ['sat', 'generator.step_size=0.001'],
    ] as const) {
      const overrides = [`generator=${name}`, step, 'generator.random_start=false'];
      expect((await problemsOf(overrides)).length, name).to.equal(1);
      expect((await composed([...overrides, 'game=free'])).game.play).to.equal('free');
    }
  });

  it('tells everything that is wrong at once', async () => {
    const overrides = [
      'generator=chain',
      'generator.opponents.first.k=4',
      'generator.opponents.second.eps=-1',
      '+generator.opponents.second.esp=1',
    ];
    const problems = await problemsOf(overrides);
    expect(problems.length).to.equal(3);
    const together = [
      'generator=chain',
      'game=free',
      'game.lambda=0',
      'generator.opponents.second.random_start=false',
      'generator.opponents.second.restarts=2',
    ];
    expect((await problemsOf(together)).map((problem) => /'([\w.]+)':/.exec(problem)?.[1])).to.deep.equal([
      'game.play',
      'game.lambda',
      'generator.opponents.second.restarts',
    ]);
  });

  describe('made of others', () => {
    const values = async (...overrides: string[]): Promise<unknown> => (await composed(overrides)).generator;

    it('takes other opponents in a place, other settings of them, more of them and fewer', async () => {
      const generator = await values(
        'generator=mixture',
        'generator@generator.opponents.second=sat',
        'generator.opponents.first.k=5',
        '+generator@generator.opponents.third=pgd-l2',
        '+generator.weights.third=2',
        '+generator.opponents.clean.name=none',
        '+generator.weights.clean=0.5',
      );
      expect(generator).to.have.nested.property('opponents.first.k', 5);
      expect(generator).to.have.nested.property('opponents.second.flow_max');
      expect(generator).to.have.nested.property('opponents.third.norm', 'l2');
      expect(generator).to.have.nested.property('opponents.clean').that.deep.equals({ name: 'none' });
      expect(generator)
        .to.have.property('weights')
        .that.deep.equals({ first: 1, second: 1, third: 2, clean: 0.5 });
      const fewer = await values(
        'generator=mixture',
        '~generator@generator.opponents.second',
        '~generator.weights.second',
      );
      expect(fewer).to.have.property('weights').that.deep.equals({ first: 1 });
    });

    it('keeps the order of a chain’s keys, a new one last', async () => {
      const generator = (await values('generator=chain', '+generator@generator.opponents.again=blur')) as {
        readonly opponents: Readonly<Record<string, { readonly name: string }>>;
      };
      expect(Object.entries(generator.opponents).map(([key, { name }]) => [key, name])).to.deep.equal([
        ['first', 'blur'],
        ['second', 'pgd'],
        ['again', 'blur'],
      ]);
    });

    it('takes opponents made of others', async () => {
      const generator = await values(
        'generator=mixture',
        'generator@generator.opponents.first=chain',
        'generator.opponents.first.opponents.second.steps=3',
      );
      expect(generator).to.have.nested.property('opponents.first.opponents.second.steps', 3);
    });

    it('takes your own file, with its settings and what it says is wrong with them', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'opponent-'));
      try {
        const module = join(folder, 'mine.mjs');
        writeFileSync(
          module,
          `export const settings = { reach: { doc: 'Reach.', expects: 'a number', accepts: (v) => typeof v === 'number' } };
           export const check = ({ reach }) => (reach < 3 ? [] : [{ key: 'reach', problem: 'is too far: set it below 3' }]);
           export const plays = ['alternating', 'simultaneous'];
           export const create = () => { throw new Error('not now'); };`,
        );
        const mine = [`generator.opponents.second.module=${module}`, '+generator.opponents.second.reach=2'];
        const chain = ['generator=chain', 'generator@generator.opponents.second=module'];
        expect(await values(...chain, ...mine)).to.have.nested.property('opponents.second.reach', 2);
        const far = [...mine.slice(0, 1), '+generator.opponents.second.reach=3'];
        expectTold(
          await problemsOf([...chain, ...far]),
          far,
          'generator.opponents.second.reach',
          /is too far: set/,
        );
        const word = [...mine.slice(0, 1), '+generator.opponents.second.reach=far'];
        expectTold(
          await problemsOf([...chain, ...word]),
          word,
          'generator.opponents.second.reach',
          /a number/,
        );
        // alone it plays what it says, and no more
        const alone = ['generator=module', `generator.module=${module}`, '+generator.reach=1'];
        expect((await composed([...alone, 'game=simultaneous'])).game.play).to.equal('simultaneous');
        expectTold(await problemsOf([...alone, 'game=free']), alone, 'game.play', /game=simultaneous$/);
      } finally {
        rmSync(folder, { recursive: true });
      }
    });
  });

  it('is refused when the dataset turns out to have images that it does not suit', async () => {
    const config = await composed(['generator=chain', '+generator@generator.opponents.third=generative']);
    let error: unknown;
    await openGame(config, 42).catch((thrown: unknown) => (error = thrown));
    expect(error).to.be.instanceOf(ConfigError);
    expect((error as ConfigError).message).to.match(
      /^'generator\.opponents\.third\.depth': image size 42 is no multiple of 4/,
    );
  });

  describe('npm run train', function () {
    this.timeout(60_000);
    const place = workplace();

    for (const [overrides, message] of [
      [
        ['generator=chain', '+generator@generator.opponents.third=blur', 'generator.opponents.third.k=4'],
        /^override 'generator\.opponents\.third\.k=4': 'generator\.opponents\.third\.k' must be one of 3, 5, 7, 9/,
      ],
      [
        ['generator=fgsm', 'game=simultaneous'],
        /^.*simultaneous\.yaml:\d+: 'game\.play': .*: set game=alternating/,
      ],
      [
        ['generator=mixture', '+generator.opponents.third.name=blurr'],
        /^override '.*third\.name=blurr': 'generator\.opponents\.third\.name' is blurr, but there are /,
      ],
    ] as const) {
      it(`says it in one message, without a stack: ${overrides.join(' ')}`, async () => {
        const { code, stdout, stderr } = await runScript('train', overrides, place.path());
        expect([code, stdout]).to.deep.equal([1, '']);
        expect(stderr).to.match(message);
        expect(stderr, 'stack trace').not.to.match(/^\s+at /m);
      });
    }
  });
});
