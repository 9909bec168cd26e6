/**
 * One person a clip. Faces of successive frames are linked to tracks by place, and the clip's person is the track that is seen most, largest
 * and surest.
 */
import type { Box, Detected } from './detect.ts';

/** Centres of one face in successive frames are no farther apart than this, in mean longer sides of the two boxes. */
const FARTHEST = 1;
/** Longer sides of one face in successive frames differ by at most this factor. */
const GROWTH = 2;

/**
 * Which face of each frame is the clip's person: an index into the frame's faces, or null where the person is not seen.
 *
 * A face joins the track whose last face is nearest, if their centres are at most one mean side apart and their sides within a factor of
 * two; nearest pairs first, one face a frame to a track. Other faces begin tracks of their own. The person is the track with the largest
 * sum of score × box area (the earlier one in a tie), so of a single frame the largest and surest face.
 */
export function followPerson(frames: readonly (readonly Detected[])[]): readonly (number | null)[] {
  const tracks: Track[] = [];
  frames.forEach((faces, frame) => {
    const pairs = tracks
      .flatMap((track) => faces.map((face, at) => ({ track, at, apart: distance(track.last, face.box) })))
      .filter(({ apart }) => apart <= FARTHEST)
      .sort((a, b) => a.apart - b.apart);
    const taken = new Set<number>();
    for (const { track, at } of pairs) {
      if (taken.has(at) || track.places.has(frame)) continue;
      taken.add(at);
      extend(track, frame, at, faces[at]!);
    }
    faces.forEach((face, at) => {
      if (taken.has(at)) return;
      const track: Track = { last: face.box, weight: 0, places: new Map() };
      extend(track, frame, at, face);
      tracks.push(track);
    });
  });
  const person = tracks.reduce<Track | null>(
    (best, track) => (best !== null && best.weight >= track.weight ? best : track),
    null,
  );
  return frames.map((_, frame) => person?.places.get(frame) ?? null);
}

interface Track {
  last: Box;
  weight: number;
  /** The index of its face in each frame that it is seen in. */
  readonly places: Map<number, number>;
}

function extend(track: Track, frame: number, at: number, { box, score }: Detected): void {
  track.last = box;
  track.weight += score * box[2] * box[3];
  track.places.set(frame, at);
}

/** Between centres, in mean longer sides; infinite where the sizes differ too much. */
function distance([x, y, w, h]: Box, [u, v, s, t]: Box): number {
  const [one, other] = [Math.max(w, h), Math.max(s, t)];
  if (Math.max(one, other) > GROWTH * Math.min(one, other)) return Infinity;
  return Math.hypot(x + w / 2 - u - s / 2, y + h / 2 - v - t / 2) / ((one + other) / 2);
}
