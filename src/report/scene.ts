/** The runs of a report put in order: by settings, which differ in more than the seed, and by test set. */
import path from 'node:path';
import { problemsOf } from '../evaluation/comparable.ts';
import type { Problem } from './problem.ts';
import { scoresIn, type RunTest } from './run-test.ts';
import type { ReportedRun } from './run.ts';
import { namesOfSettings, withoutSeed } from '../reports/settings.ts';

/** Runs that differ in their seed alone. */
export interface Group {
  readonly name: string;
  readonly runs: readonly ReportedRun[];
}

/** A run and what it reached on a test set. */
export interface Entry {
  readonly run: ReportedRun;
  readonly test: RunTest;
}

/** The runs of one group that were tested on a set. */
export interface TestedGroup {
  readonly group: Group;
  /** At least one, no seed twice. */
  readonly entries: readonly Entry[];
}

/** The same samples, labels, manipulations and units. */
export interface TestSet {
  readonly name: string;
  readonly groups: readonly TestedGroup[];
}

export interface Scene {
  /** In the order in which they were named; the first of some data is the measure that others of it are compared with. */
  readonly groups: readonly Group[];
  readonly sets: readonly TestSet[];
  readonly problems: readonly Problem[];
  /** What is to be known, though nothing is left out for it. */
  readonly notes: readonly string[];
}

/** Puts runs in order. Runs that would count twice, or saw other pixels than the first run of the same set, are left out. */
export function arrange(runs: readonly ReportedRun[], problems: readonly Problem[]): Scene {
  const { groups, twice } = groupsOf(runs);
  const all = setsOf(groups.flatMap((group) => group.runs));
  const changed = all.flatMap(({ entries }) => otherPixels(entries));
  const files = new Set(changed.map(({ file }) => file));
  const sets = all.map(({ name, entries }) => ({
    name,
    entries: entries.filter(({ test }) => !files.has(test.files.evaluation)),
  }));
  const tested = new Set(sets.flatMap(({ entries }) => entries.map(({ run }) => run)));
  const left = groups
    .map(({ name, runs: own }) => ({ name, runs: own.filter((run) => tested.has(run)) }))
    .filter((group) => group.runs.length > 0);
  return {
    groups: left,
    sets: sets.map(({ name, entries }) => ({ name, groups: testedGroups(left, entries) })),
    problems: [...problems, ...twice, ...changed],
    notes: [...otherSets(sets), ...brokenLogs([...tested])],
  };
}

function testedGroups(groups: readonly Group[], entries: readonly Entry[]): TestedGroup[] {
  return groups
    .map((group) => ({ group, entries: entries.filter(({ run }) => group.runs.includes(run)) }))
    .filter((tested) => tested.entries.length > 0);
}

function groupsOf(runs: readonly ReportedRun[]): { groups: Group[]; twice: Problem[] } {
  const byKey = new Map<string, ReportedRun[]>();
  const twice: Problem[] = [];
  for (const run of runs) {
    const key = JSON.stringify([...withoutSeed(run.settings)].sort());
    const alike = byKey.get(key) ?? [];
    const same = alike.find(({ seed }) => seed === run.seed);
    if (same !== undefined) {
      twice.push({
        ...{ run: run.name, file: `${run.dir}/config.yaml` },
        what: `has the settings and the seed ${run.seed} of ${same.name}, and a mean over seeds would count them twice`,
        remedy: 'name one of them',
      });
    } else byKey.set(key, [...alike, run]);
  }
  const lists = [...byKey.values()];
  const names = namesOfSettings(lists.map(([first]) => withoutSeed(first!.settings)));
  const groups = lists.map((own, i) => ({
    name: names[i]!,
    runs: [...own].sort((a, b) => a.seed - b.seed),
  }));
  return { groups, twice };
}

interface NamedEntries {
  readonly name: string;
  readonly entries: readonly Entry[];
}

function setsOf(runs: readonly ReportedRun[]): NamedEntries[] {
  const bySamples = new Map<string, Entry[]>();
  for (const run of runs) {
    for (const test of run.tests) {
      const entries = bySamples.get(test.samples) ?? [];
      // a run's own test named once more as other data is one test
      if (!entries.some((entry) => entry.run === run))
        bySamples.set(test.samples, [...entries, { run, test }]);
    }
  }
  const lists = [...bySamples.values()];
  const names = lists.map(nameOfSet);
  return lists.map((entries, i) => {
    const before = names.slice(0, i).filter((name) => name === names[i]).length;
    return { name: before === 0 ? names[i]! : `${names[i]!} (${before + 1})`, entries };
  });
}

function nameOfSet(entries: readonly Entry[]): string {
  const own = entries.find(({ test }) => test.label === null);
  if (own === undefined) return entries[0]!.test.label!;
  const { settings } = own.run;
  const place = settings.get('data.path') ?? settings.get('data.root');
  return [
    settings.get('data.name') ?? 'own test',
    ...(place === undefined ? [] : [path.basename(place)]),
  ].join(' ');
}

/** Those whose images are not the ones that the first run of the set was shown, though they have the same size. */
function otherPixels(entries: readonly Entry[]): Problem[] {
  return entries.flatMap(({ run, test }) => {
    const { size, pixels } = test.evaluation.test;
    const first = entries.find((entry) => entry.test.evaluation.test.size === size)!;
    if (first.test.evaluation.test.pixels === pixels) return [];
    return [
      {
        ...{ run: run.name, file: test.files.evaluation },
        what: `the images of its test are not those that ${first.run.name} was shown, though they have the same names: they have changed in between`,
        remedy: `evaluate both on the same images: npm run evaluate -- ${first.run.dir} ${run.dir}`,
      },
    ];
  });
}

/** What other test sets lack or have, seen from the first of equal kind. */
function otherSets(sets: readonly NamedEntries[]): string[] {
  const own = sets.filter(({ entries }) => entries.some(({ test }) => test.label === null));
  const [first, ...others] = own.map(({ name, entries }) => ({ name, entry: entries[0]! }));
  if (first === undefined || others.length === 0) return [];
  const tested = ({ run, test }: Entry) => ({
    name: run.name,
    rows: scoresIn(test.files.scores, 'evaluate it again'),
    test: null,
  });
  const measure = tested(first.entry);
  return others.map(({ name, entry }) => {
    const [problem] = problemsOf([measure, tested(entry)]);
    return `${first.name} and ${name} are different test sets, so their figures stand apart and are not compared. ${problem ?? ''}.`;
  });
}

function brokenLogs(runs: readonly ReportedRun[]): string[] {
  return runs.flatMap(({ name, training }) =>
    training.broken.map(
      ({ tag, lines, of }) =>
        `${name}: ${tag} was no finite number in ${lines} of ${of} logged rounds; curves leave them out.`,
    ),
  );
}

/** The seeds of a tested group. */
export function seedsOf({ entries }: TestedGroup): number[] {
  return entries.map(({ run }) => run.seed);
}
