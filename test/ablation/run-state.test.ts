import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { composeRun, CONFIGS, resolveContext } from '../../scripts/compose-run.ts';
import { stateOf, type StudyRun } from '../../src/ablation/run-state.ts';
import { openConfigFiles } from '../../src/config/config-files.ts';
import { writeScores } from '../../src/evaluation/scores.ts';
import { put } from '../cli/command-line.ts';
import { scoresOf } from '../support/studies.ts';

describe('the state of a planned run', () => {
  let dir = '';
  let run: StudyRun;
  const other = { label: 'other', data: { name: 'folder', path: 'x', size: 96 } };

  before(async () => {
    dir = mkdtempSync(path.join(tmpdir(), 'run-state-'));
    const context = resolveContext(new Date(0), 0);
    const overrides = ['generator=fgsm', 'game.rounds=9', 'game.clean_rounds=2'];
    const { config, yaml } = await composeRun(openConfigFiles(CONFIGS), 'train', overrides, context);
    run = { row: 'r', fold: null, seed: 1, name: 'r-s1', dir: '', overrides, config, yaml, on: [other] };
  });
  after(() => rmSync(dir, { recursive: true }));

  /** A run folder as a training leaves it. */
  function folder(name: string, state: string, checkpoints = 1, pid = 2 ** 22 + 1): StudyRun {
    const place = path.join(dir, name);
    put(path.join(place, 'config.yaml'), run.yaml);
    put(path.join(place, 'status.json'), JSON.stringify({ state, step: 3, minutes: 1, pid }));
    for (let i = 1; i <= checkpoints; i++)
      put(path.join(place, `checkpoints/step-000000${i}.safetensors`), '');
    put(path.join(place, 'results.json'), JSON.stringify({ metrics: { 'best/round': 3 } }));
    return { ...run, dir: place };
  }

  function evaluated({ dir: place }: StudyRun, label: string, about: object): void {
    const figures = { round: 3, valAuc: 0.7, threshold: 0.5, overall: {}, perManipulation: [], groups: [] };
    put(path.join(place, `evaluation${label}.json`), JSON.stringify({ ...figures, ...about }));
    writeScores(path.join(place, `scores-test${label}.csv`), scoresOf(1, 1));
  }

  it('nothing there: new; stopped or killed: resumed, or new where there is no checkpoint yet', async () => {
    expect(await stateOf({ ...run, dir: path.join(dir, 'nowhere') })).to.deep.equal({ kind: 'new' });
    for (const state of ['interrupted', 'failed', 'running']) {
      expect(await stateOf(folder(`${state}-1`, state))).to.deep.equal({ kind: 'resume' });
      expect(await stateOf(folder(`${state}-0`, state, 0))).to.deep.equal({ kind: 'new' });
    }
  });

  it('trained: tested where a test is missing, of an earlier checkpoint, or without its scores', async () => {
    const one = folder('trained', 'finished');
    expect(await stateOf(one)).to.deep.equal({ kind: 'test', on: [null, other] });
    evaluated(one, '', {});
    expect(await stateOf(one)).to.deep.equal({ kind: 'test', on: [other] });
    evaluated(one, '-other-0123abcd', { data: { ...other.data, size: 32 } });
    expect(await stateOf(one)).to.deep.equal({ kind: 'test', on: [other] });
    evaluated(one, '-by_hand-4567abcd', { data: other.data });
    expect(await stateOf(one)).to.deep.equal({ kind: 'done' });
    evaluated(one, '-other-4567abcd', { data: other.data }); // the same test under another label
    expect(await stateOf(one)).to.deep.equal({ kind: 'done' });
    evaluated(one, '', { round: 2 });
    expect(await stateOf(one)).to.deep.equal({ kind: 'test', on: [null] });
    evaluated(one, '', {});
    rmSync(path.join(one.dir, 'scores-test.csv'));
    expect(await stateOf(one)).to.deep.equal({ kind: 'test', on: [null] });
  });

  it('a run with other settings is refused with the key; another place of the folder is none', async () => {
    const one = folder('settings', 'finished');
    const changed = {
      ...one,
      config: { ...run.config, game: { ...run.config.game, rounds: 10 } },
    } as StudyRun;
    expect(await failure(changed)).to.match(
      /settings: holds a run with other settings: 'game\.rounds' is 9 there, and the study asks for 10/,
    );
    const moved = { ...one, config: { ...run.config, run: { ...run.config.run, dir: 'elsewhere' } } };
    expect((await stateOf(moved)).kind).to.equal('test');
  });

  it('a run that a process is training is its business', async () => {
    const { pid } = process;
    expect(await stateOf(folder('alive', 'running', 1, pid))).to.deep.equal({ kind: 'busy', pid });
  });

  it('two tests by the same settings on other files are refused', async () => {
    const one = folder('twice', 'finished');
    evaluated(one, '', {});
    evaluated(one, '-other-0123abcd', { data: other.data });
    evaluated(one, '-other-4567abcd', { data: other.data });
    expect(await failure(one)).to.match(
      /evaluation-other-0123abcd\.json and .* the data have changed in between/,
    );
  });

  const failure = (one: StudyRun): Promise<string> =>
    stateOf(one).then(
      () => 'no error',
      (error: Error) => error.message,
    );
});
