/** The paper's claim where the answer is known: plain training rides on the trace that a blur takes away, Blur AT finds the cue that it leaves. */
import { expect } from 'chai';
import { readJson, runScript, workplace } from '../cli/command-line.ts';

interface Figures {
  readonly perManipulation: readonly { readonly group: string; readonly auc: { readonly value: number } }[];
}

interface Spectrum {
  readonly spectrum: readonly {
    readonly name: string;
    readonly auc: Readonly<Record<string, { readonly value: number }>>;
  }[];
}

describe('experiment=two-cues', function () {
  this.timeout(1_800_000);
  const place = workplace();
  const SEEDS = [1, 2, 3];
  const folder = (opponent: string, seed: number): string => `${opponent}-${seed}`;
  const aucs = (opponent: string, kind: string): number[] =>
    SEEDS.map((seed) => {
      const { perManipulation } = readJson(place.path(folder(opponent, seed), 'evaluation.json')) as Figures;
      return perManipulation.find(({ group }) => group === kind)!.auc.value;
    });
  const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;

  before(async () => {
    const dirs: string[] = [];
    for (const opponent of ['none', 'blur']) {
      for (const seed of SEEDS) {
        const dir = folder(opponent, seed);
        const settings = ['experiment=two-cues', `generator=${opponent}`, `seed=${seed}`, `run.dir=${dir}`];
        const { code, stderr } = await runScript('train', settings, place.path());
        expect(code, stderr).to.equal(0);
        dirs.push(dir);
      }
    }
    const { code, stderr } = await runScript('evaluate', dirs, place.path());
    expect(code, stderr).to.equal(0);
  });

  it('plain training tells the fakes that it was shown, and hardly those without the trace', () => {
    aucs('none', 'both').forEach((auc) => expect(auc).to.be.above(0.97));
    // measured: .597, .681, .563
    expect(mean(aucs('none', 'shift'))).to.be.below(0.68);
  });

  it('Blur AT is better at the cue that blurring leaves, with every seed', () => {
    const [plain, played] = [aucs('none', 'shift'), aucs('blur', 'shift')];
    // measured: .718, .733, .839
    played.forEach((auc, i) => expect(auc, `seed ${SEEDS[i]}`).to.be.above(plain[i]!));
    expect(mean(played) - mean(plain)).to.be.above(0.07);
  });

  it('and the spectrum shows the move: without the highest band plain training is lost on what it was shown', async () => {
    const dirs = ['none', 'blur'].map((opponent) => folder(opponent, 1));
    const { code, stderr } = await runScript(
      'explain',
      [...dirs, 'images=2', 'steps=8', 'out=all'],
      place.path(),
    );
    expect(code, stderr).to.equal(0);
    const [plain, played] = dirs.map((dir) => {
      const { spectrum } = readJson(place.path(dir, 'explanation/explanation.json')) as Spectrum;
      const auc = (name: string): number => spectrum.find((each) => each.name === name)!.auc['seen']!.value;
      return auc('none') - auc('band-stop-8');
    }) as [number, number];
    expect(plain).to.be.above(0.1);
    expect(played).to.be.below(plain / 2);
  });
});
