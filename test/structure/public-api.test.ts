import { expect } from 'chai';
import * as api from '../../src/index.ts';

/** What a program needs for a game of its own, beside reading a configuration and running it. */
const NEEDED = {
  'a game, its memory and its end': [
    'createGame',
    'createCarried',
    'createImagePool',
    'play',
    'playRound',
    'disposeGame',
  ],
  'a checkpoint of it': ['gameState', 'saveCheckpoint', 'readCheckpoint', 'restoreGame'],
  'an opponent of its own, classical or learned': [
    'classicalAttack',
    'directions',
    'gradientAscent',
    'learnedGenerator',
    'networkSettings',
    'networkProblems',
    'blurWith',
    'ringDifferences',
  ],
  'what is done with a trained detector': ['evaluate', 'attack', 'exportDetector'],
} as const;

describe('the public API', () => {
  for (const [what, names] of Object.entries(NEEDED)) {
    it(`has what it takes: ${what}`, () => {
      expect(Object.keys(api)).to.include.members([...names]);
    });
  }
});
