/** The direction of imports: the house is built in floors, and a file imports from its own floor or from below. */
import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import ts from 'typescript';

const ROOT = path.resolve(import.meta.dirname, '../..');

/** Rooms by floor, from the ground; files at the top of src/ by name. */
const FLOORS: readonly (readonly string[])[] = [
  ['config', 'data', 'ops', 'tensorflow', 'weights'],
  ['generator', 'discriminator', 'reports'],
  ['game', 'evaluation'],
  ['explanation'],
  ['variants.ts'],
  ['run-settings.ts'],
  ['contradictions.ts'],
  ['run-config.ts'],
  ['detector-graph.ts', 'prepare.ts', 'results.ts', 'robustness-config.ts', 'train-reports.ts'],
  ['trained-run.ts', 'attack-batch.ts', 'explain-sheets.ts', 'explain-spectrum.ts'],
  ['report'],
  ['train.ts', 'evaluate.ts', 'opponent-picture.ts', 'attack.ts', 'export.ts', 'models.ts'],
  ['robustness-scene.ts'],
  ['robustness-corruptions.ts', 'robustness-attacks.ts'],
  ['robustness-results.ts'],
  ['robustness.ts'],
  ['run.ts', 'explain.ts'],
  ['ablation', 'pack.ts', 'report-pictures.ts'],
  ['report.ts'],
  ['index.ts'],
];

/** What rooms may use besides the floors below them. */
const BESIDE: Readonly<Record<string, readonly string[]>> = {
  data: ['config'],
  tensorflow: ['ops'],
  weights: ['config', 'ops'],
};

interface Import {
  readonly from: string;
  readonly to: string;
  readonly typeOnly: boolean;
}

/** Source files below a folder, relative to the root. */
function filesOf(folder: string): readonly string[] {
  return readdirSync(path.join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((name) => /\.(ts|mts|mjs)$/.test(name))
    .map((name) => path.posix.join(folder, name.split(path.sep).join('/')))
    .sort();
}

/** Everything that a file imports, re-exports, imports on demand or starts as a worker: relative ones from the root. */
function importsOf(file: string): readonly Import[] {
  const source = ts.createSourceFile(
    file,
    readFileSync(path.join(ROOT, file), 'utf8'),
    ts.ScriptTarget.ES2022,
    true,
  );
  const found: Import[] = [];
  const add = (name: string, typeOnly: boolean): void => {
    const to = name.startsWith('.') ? path.posix.join(path.posix.dirname(file), name) : name;
    found.push({ from: file, to, typeOnly });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) && ts.isStringLiteral(node.moduleSpecifier)) {
      add(node.moduleSpecifier.text, node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword);
    } else if (
      ts.isExportDeclaration(node) &&
      node.moduleSpecifier &&
      ts.isStringLiteral(node.moduleSpecifier)
    ) {
      add(node.moduleSpecifier.text, node.isTypeOnly);
    } else if (ts.isCallExpression(node) && node.arguments[0] && ts.isStringLiteral(node.arguments[0])) {
      const { expression } = node;
      const called = expression.kind === ts.SyntaxKind.ImportKeyword || expression.getText() === 'require';
      if (called) add(node.arguments[0].text, false);
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** The room of a file below src/: its folder, or its own name at the top. */
const roomOf = (file: string): string => file.split('/')[1]!;
const floorOf = (room: string): number => FLOORS.findIndex((rooms) => rooms.includes(room));

describe('imports', () => {
  const files = filesOf('src');
  const imports = files.flatMap(importsOf);
  const inside = imports.filter(({ to }) => to.startsWith('src/'));
  const loaded = (to: RegExp) => imports.filter((each) => !each.typeOnly && to.test(each.to));

  it('are found at all, of every kind', () => {
    expect(files.length).to.be.above(50);
    const game = importsOf('src/game/round.ts');
    expect(game).to.deep.include({ from: 'src/game/round.ts', to: 'src/game/objective.ts', typeOnly: false });
    expect(game).to.deep.include({
      from: 'src/game/round.ts',
      to: 'src/generator/generator.ts',
      typeOnly: true,
    });
    expect(loaded(/^@tensorflow\/tfjs-node$/).map(({ from }) => from)).to.include(
      'src/tensorflow/binding.ts',
    );
  });

  it('name files that are there', () => {
    const there = new Set([...files, ...filesOf('scripts')]);
    expect(inside.filter(({ to }) => !there.has(to))).to.deep.equal([]);
  });

  it('come from rooms that have a floor', () => {
    expect([...new Set(files.map(roomOf))].filter((room) => floorOf(room) === -1)).to.deep.equal([]);
  });

  it('go down, or stay in the room', () => {
    const upward = inside.filter(({ from, to }) => {
      const [mine, theirs] = [roomOf(from), roomOf(to)];
      if (mine === theirs) return false;
      const beside = (BESIDE[mine] ?? []).includes(theirs);
      return floorOf(theirs) >= floorOf(mine) && !beside;
    });
    expect(upward.map(({ from, to }) => `${from} imports ${to}`)).to.deep.equal([]);
  });

  it('make no circle when they are loaded', () => {
    const next = new Map(
      files.map((file) => [
        file,
        inside.filter(({ from, typeOnly }) => from === file && !typeOnly).map(({ to }) => to),
      ]),
    );
    const done = new Set<string>();
    const circles: string[] = [];
    const walk = (file: string, trail: readonly string[]): void => {
      if (trail.includes(file)) circles.push([...trail.slice(trail.indexOf(file)), file].join(' → '));
      if (done.has(file) || trail.includes(file)) return;
      (next.get(file) ?? []).forEach((to) => walk(to, [...trail, file]));
      done.add(file);
    };
    files.forEach((file) => walk(file, []));
    expect(circles).to.deep.equal([]);
  });

  it('leave nothing of src/ outside src/', () => {
    const outside = imports.filter(({ to }) => /^(scripts|test|bench|web)\//.test(to) || to.startsWith('..'));
    expect(outside.map(({ from, to }) => `${from} imports ${to}`)).to.deep.equal([]);
  });

  it('of tfjs-node stand in src/tensorflow alone', () => {
    const elsewhere = imports.filter(
      ({ from, to }) => to.startsWith('@tensorflow/tfjs-node') && roomOf(from) !== 'tensorflow',
    );
    expect(elsewhere.map(({ from }) => from)).to.deep.equal([]);
  });

  it('of the mathematics need no Node: it runs in a browser too', () => {
    const mathematics = files.filter(
      (file) =>
        ['ops', 'generator', 'discriminator', 'game'].includes(roomOf(file)) &&
        file !== 'src/game/checkpoint.ts',
    );
    // with everything that these files load, directly or not
    const reached = new Set<string>();
    const reach = (file: string): void => {
      if (reached.has(file) || file === 'src/game/checkpoint.ts') return;
      reached.add(file);
      inside.filter(({ from, typeOnly }) => from === file && !typeOnly).forEach(({ to }) => reach(to));
    };
    mathematics.forEach(reach);
    const node = imports.filter(
      ({ from, to, typeOnly }) =>
        reached.has(from) && !typeOnly && (to.startsWith('node:') || to.includes('tfjs-node')),
    );
    expect(node.map(({ from, to }) => `${from} imports ${to}`)).to.deep.equal([]);
    expect(reached.size).to.be.at.least(mathematics.length);
  });
});

describe('sources', () => {
  const text = (file: string): string => readFileSync(path.join(ROOT, file), 'utf8');
  /** Without comments, which may name what the code must not use. */
  const code = (file: string): string => text(file).replace(/\/\*[\s\S]*?\*\/|(^|\s)\/\/.*$/gm, '');

  it('read the command line in scripts/ alone', () => {
    expect(
      filesOf('src').filter((file) => /process\s*\.\s*argv\b|['"]argv['"]/.test(code(file))),
    ).to.deep.equal([]);
  });

  it('draw no random numbers that no seed repeats', () => {
    const unseeded = /Math\.random|tf\.(random\w*|truncatedNormal|multinomial|dropout)\(/;
    expect(filesOf('src').filter((file) => unseeded.test(code(file)))).to.deep.equal([]);
  });
});
