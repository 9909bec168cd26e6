import { expect } from 'chai';
import fc from 'fast-check';
import { mkdtempSync, readFileSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readScores, writeScores } from '../../src/evaluation/scores.ts';
import type { ScoreRow } from '../../src/evaluation/scores.ts';

const real: ScoreRow = { id: 'a', label: 0, manipulation: 'real', videoId: 'v1', split: 'test', score: 0.25 };
const fake: ScoreRow = {
  id: 'b',
  label: 1,
  manipulation: 'faceswap',
  videoId: 'v1',
  split: 'test',
  score: -1e-9,
};
const header = 'id,label,manipulation,videoId,split,score';

const anyRow = fc.record({
  label: fc.constantFrom(0 as const, 1 as const),
  name: fc
    .string({ unit: 'binary', minLength: 1 })
    .filter((name) => name !== 'real' && Buffer.from(name).toString() === name),
  videoId: fc.string({ unit: fc.constantFrom('a', '"', ',', '\n', '\r', ' ', 'é'), minLength: 1 }),
  split: fc.constantFrom('train' as const, 'val' as const, 'test' as const),
  score: fc.double({ noNaN: true, noDefaultInfinity: true }),
});

describe('score tables', () => {
  let folder: string;
  beforeEach(() => (folder = mkdtempSync(join(tmpdir(), 'scores-'))));
  afterEach(() => rmSync(folder, { recursive: true }));
  const given = (name: string, text: string): string => {
    writeFileSync(join(folder, name), text);
    return join(folder, name);
  };

  for (const name of ['scores.csv', 'scores.jsonl']) {
    it(`${name}: what is written is read back, every bit and every character`, () => {
      const file = join(folder, name);
      fc.assert(
        fc.property(fc.array(anyRow, { minLength: 1, maxLength: 5 }), (drawn) => {
          const rows = drawn.map(({ name, ...row }, index) => ({
            ...row,
            id: `${index} ${name}`,
            manipulation: row.label === 0 ? 'real' : name,
            score: row.score === 0 ? 0 : row.score, // -0 is written as 0
          }));
          writeScores(file, rows);
          expect(readScores(file)).to.deep.equal(rows);
        }),
        { numRuns: 60 },
      );
      expect(readdirSync(folder)).to.deep.equal([name]); // no temporary file is left
    });
  }

  for (const name of ['full.csv', 'full.jsonl']) {
    it(`${name}: quality, frame, face and logit are kept where a row has them`, () => {
      const file = join(folder, name);
      const z = 2 ** 0.5;
      const rows: ScoreRow[] = [
        { ...real, compression: 'c23', frame: 0, face: 2 },
        { ...fake, score: 1 / (1 + Math.exp(-z)), logit: z },
        { ...fake, id: 'c', score: 1, logit: 50.25 }, // a logit that its probability cannot tell any more
      ];
      writeScores(file, rows);
      expect(readScores(file)).to.deep.equal(rows);
      writeScores(file, [{ ...real, frame: 7 }]);
      expect(readFileSync(file, 'utf8'))
        .to.match(/frame/)
        .and.not.to.match(/logit|face/);
    });
  }

  it('a table of before there were further columns is read', () => {
    expect(readScores(given('old.csv', `${header}\na,0,real,v1,test,0.25\n`))).to.deep.equal([real]);
  });

  it('names what is wrong with the further columns', () => {
    const wrong: [string, string, string][] = [
      ['frame', '-1', ':2: frame is -1, not a whole number from 0'],
      ['face', '1.5', ':2: face is 1.5, not a whole number from 0'],
      ['frame', 'x', ':2: frame is "x", not a number'],
      ['logit', '3', ':2: logit 3 is that of the probability 0.95257'],
      ['logit', '1e999', ':2: logit is Infinity'],
      [
        'sex',
        '1',
        ':1: the columns must be id,label,manipulation,videoId,split,score, and after them any of',
      ],
      ['face,frame', '1,1', ':1: the columns must be'],
      ['frame', '1,2', ':2: 8 fields where 7 belong'],
    ];
    for (const [column, cell, message] of wrong) {
      const file = given('wrong.csv', `${header},${column}\na,0,real,v1,test,0.25,${cell}\n`);
      expect(() => readScores(file), column).to.throw(`${file}${message}`);
    }
  });

  it('the CSV is plain', () => {
    const file = join(folder, 's.csv');
    writeScores(file, [real, { ...fake, id: 'x, "y"' }]);
    expect(readFileSync(file, 'utf8')).to.equal(
      `${header}\na,0,real,v1,test,0.25\n"x, ""y""",1,faceswap,v1,test,-1e-9\n`,
    );
  });

  it('names the line of what is wrong', () => {
    const wrong: [string, string][] = [
      ['a,0,real,v1,test,0.2', 'ends in the middle of a line'],
      ['a,0,real,v1,test\n', ':2: 5 fields'],
      ['a,0,real,v1,test,0.2\n\n', ':3: 1 fields'],
      ['a,0,real,v1,test,0.2\na,0,real,v1,test,0.3\n', ":3: id 'a' is there twice"],
      ['a,0,faceswap,v1,test,0.2\n', ':2: label 0 contradicts'],
      ['a,1,real,v1,test,0.2\n', ':2: label 1 contradicts'],
      ['a,2,x,v1,test,0.2\n', ':2: label is 2'],
      ['a,,x,v1,test,0.2\n', ':2: label is ;'],
      ['a,0,real,v1,test,\n', ':2: score is ""'],
      ['a,0,real,v1,test,nan\n', ':2: score is "nan"'],
      ['a,0,real,v1,test,1e999\n', ':2: score is Infinity'],
      ['a,0,real,v1,dev,0.2\n', ":2: split is 'dev'"],
      [',0,real,v1,test,0.2\n', ':2: id is empty'],
      ['"a\nb",0,real,v1,test,0.2\nc,0,real,,test,0.2\n', ':4: videoId is empty'],
      ['a"b,0,real,v1,test,0.2\n', ':2: stray quote'],
    ];
    for (const [rows, message] of wrong) {
      const file = given('wrong.csv', `${header}\n${rows}`);
      expect(() => readScores(file), rows).to.throw(
        `${file}${message.startsWith(':') ? '' : ': '}${message}`,
      );
    }
    expect(() => readScores(given('e.jsonl', ''))).to.throw('e.jsonl: is empty');
    expect(() => writeScores(join(folder, 'e.csv'), [])).to.throw('no rows');
    expect(() => readScores(given('h.csv', 'id,score\n'))).to.throw('the columns must be');
    expect(() => readScores(given('s.txt', 'x\n'))).to.throw("not '.txt'");
    const line = JSON.stringify(real);
    expect(() => readScores(given('j.jsonl', `${line}\n{"id"\n`))).to.throw(':2: not JSON');
    expect(() => readScores(given('j.jsonl', `${line.replace('0.25', '"0.25"')}\n`))).to.throw(
      ':1: score is "0.25"',
    );
    expect(() => readScores(given('j.jsonl', '[]\n'))).to.throw(':1: not an object');
    expect(() => readScores(given('j.jsonl', '{"id":"a"}\n'))).to.throw(':1: misses label');
    expect(() => readScores(given('j.jsonl', `${line.replace('{', '{"sex":1,')}\n`))).to.throw(
      ':1: unknown sex',
    );
  });

  it('an invalid row is not written, and the old file stays', () => {
    const file = join(folder, 's.csv');
    writeScores(file, [real]);
    expect(() => writeScores(file, [real, { ...fake, score: NaN }])).to.throw("row 1 ('b'): score is NaN");
    expect(readScores(file)).to.deep.equal([real]);
  });
});
