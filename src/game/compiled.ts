/**
 * Rounds that are recorded when they are first played and from then on run as one TensorFlow function each: the engine is asked once a
 * round instead of some thousand times, and frees every buffer at its last use.
 *
 * A recording repeats what the host decided while it was made, so it is proved first: the round is played twice, the second time from
 * where the first left the game, with other learning rates and at the end of the opponent's progress, and both must have asked the engine
 * for the same. Then the game is put back where it stood, and this round, too, is played by the function: a resumed run computes every
 * round as one that never stopped.
 */
import * as tf from '@tensorflow/tfjs';
import type { Turn } from '../generator/generator.ts';
import type { GraphFunction } from '../tensorflow/graph-function.ts';
import { checkSame, UnrecordableError, type Recording } from '../tensorflow/recording.ts';
import { joined, parted, sizesOf, type Figures, type RoundMetrics } from './figures.ts';
import { play, roundOf, type PlaySettings } from './play.ts';
import { bookmark, type Game } from './players.ts';
import type { LearningRates } from './round.ts';
import { tensorsOf, type TaughtImages } from './taught.ts';

/** What the engine room has for it: recorder.ts and graph-function.ts, handed in because only Node has them. */
export interface Recorder {
  record(args: readonly tf.Tensor[], step: () => readonly tf.Tensor[]): Recording;
  graphFunction(recording: Recording): GraphFunction;
}

/** A way of playing the rounds of one game. */
export interface Play {
  /** As `play` of play.ts; `turn` must draw from the game's own stream. */
  readonly play: (
    game: Game,
    batch: TaughtImages,
    settings: PlaySettings,
    learningRates: LearningRates,
    turn: Turn,
  ) => RoundMetrics;
  /** Frees what it has made. */
  readonly dispose: () => void;
}

/** In shorter games a recording, which costs some rounds itself, would hardly pay. */
const WORTH_RECORDING = 50;

/** Rounds as `game.compile` says. `log` is told, where it says auto, why rounds cannot be recorded. */
export function playOf(
  { compile, rounds }: { readonly compile: boolean | 'auto'; readonly rounds: number },
  recorder: Recorder,
  log: (line: string) => void,
): Play {
  return compile === false || (compile === 'auto' && rounds < WORTH_RECORDING)
    ? { play, dispose: () => undefined }
    : compiledPlay(recorder, compile, log);
}

/** Which targets a batch has, and every tensor's shape: batches of one key can be played by one function. */
function shapesOf(batch: TaughtImages): unknown {
  const { manipulations, masks } = batch;
  return [manipulations !== undefined, masks !== undefined, tensorsOf(batch).map(({ shape }) => shape)];
}

/** A round as a function, with what it is told of its figures. */
interface Recorded {
  readonly run: GraphFunction;
  readonly sizes: Readonly<Record<string, number>>;
  readonly tell: Figures['tell'];
  /** What the function reads when it runs. */
  readonly now: Now;
}

interface Now {
  learningRates: LearningRates;
  progress: number;
}

/**
 * Plays rounds of a game as recorded functions, one for each batch shape and settings that come up. TensorFlow's engine must be open.
 *
 * @param mode true: a round that cannot be recorded is an error; 'auto': it is played operation by operation
 * @param log told once, in 'auto', why rounds are played so
 */
export function compiledPlay(recorder: Recorder, mode: true | 'auto', log: (line: string) => void): Play {
  const known = new Map<string, Recorded | null>();
  let owner: Game | null = null;
  const recordedFor = (game: Game, ...round: [TaughtImages, PlaySettings, Now]): Recorded | null => {
    try {
      return recordRound(recorder, game, ...round);
    } catch (error) {
      if (!(error instanceof UnrecordableError)) throw error;
      if (mode === true) {
        throw new Error(
          `game.compile is true, but the round cannot be recorded: ${error.message}. Set game.compile=auto, which plays such rounds operation by operation, or false`,
          { cause: error },
        );
      }
      log(
        `rounds are played operation by operation (game.compile=auto), for they cannot be recorded: ${error.message}`,
      );
      return null;
    }
  };
  return {
    play: (game, batch, settings, learningRates, turn) => {
      owner ??= game;
      if (owner !== game || turn.rng !== game.rng) {
        throw new Error(
          'a compiled play is for one game and its own random stream: make another for another game',
        );
      }
      const now: Now = { learningRates, progress: turn.progress };
      const key = JSON.stringify([shapesOf(batch), settings]);
      if (!known.has(key)) known.set(key, recordedFor(game, batch, settings, now));
      const recorded = known.get(key)!;
      return recorded === null
        ? play(game, batch, settings, learningRates, turn)
        : replay(recorded, batch, now);
    },
    dispose: () => {
      known.forEach((recorded) => recorded?.run.dispose());
      known.clear();
    },
  };
}

/** Plays the round twice, proves that both did the same, and puts the game back. Throws an UnrecordableError if they did not. */
function recordRound(
  recorder: Recorder,
  game: Game,
  batch: TaughtImages,
  settings: PlaySettings,
  today: Now,
): Recorded {
  const now: Now = { ...today };
  const rates: LearningRates = {
    get detector() {
      return now.learningRates.detector;
    },
    get generator() {
      return now.learningRates.generator;
    },
  };
  const turn: Turn = {
    rng: game.rng,
    get progress() {
      return now.progress;
    },
  };
  let told: Pick<Recorded, 'sizes' | 'tell'> | undefined;
  const round = (): tf.Tensor[] =>
    tf.tidy(() => {
      const { tensors, tell } = roundOf(game, batch, settings, rates, turn);
      told ??= { sizes: sizesOf(tensors), tell };
      return [joined(tensors)];
    });
  const putBack = bookmark(game);
  try {
    const recordings = [today, laterThan(today)].map((moment) => {
      Object.assign(now, moment);
      return recorder.record(tensorsOf(batch), round);
    });
    checkSame(recordings[0]!, recordings[1]!);
    return { ...told!, run: recorder.graphFunction(recordings[0]!), now };
  } finally {
    putBack();
  }
}

/** A moment at which everything that changes from round to round is another; an opponent's budget never falls, so its end is the furthest. */
function laterThan({ learningRates: { detector, generator } }: Now): Now {
  return { learningRates: { detector: detector / 2 + 1e-6, generator: generator / 2 + 1e-6 }, progress: 1 };
}

/** Plays a recorded round on another batch. Throws what its figures have to say against their values. */
function replay({ run, sizes, tell, now }: Recorded, batch: TaughtImages, today: Now): RoundMetrics {
  Object.assign(now, today);
  const values = tf.tidy(() => run.run(tensorsOf(batch))[0]!.dataSync<'float32'>());
  return tell(parted(sizes, values));
}
