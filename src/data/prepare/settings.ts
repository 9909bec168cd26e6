/** Settings of `npm run prepare`, beside those of the corpus. */
import { choice, integer, nullable, number, text, type SettingsOf } from '../../config/settings.ts';

export const prepareSettings = {
  out: text('The folder that the crops, the manifest and the report are written to.'),
  frames: {
    count: integer({
      min: 1,
      max: 2000,
      doc: 'Frames of a video: the middles of so many equal parts, or all frames where it has fewer.',
    }),
    every: nullable(
      integer({ min: 1, doc: 'Every k-th frame from the first on, instead of frames.count of them.' }),
    ),
  },
  face: {
    min_score: number({ min: 0, max: 1, doc: 'Detections that the network is less sure of are no faces.' }),
    margin: number({
      min: 1,
      max: 4,
      doc: 'Side of the square that is cut out, in longer sides of the box around the face.',
    }),
    align: choice(
      ['box', 'eyes'],
      'box: the square is cut out upright; eyes: turned so that the eyes are level.',
    ),
  },
  size: integer({ min: 16, max: 1024, doc: 'Side of the crops in pixels.' }),
  format: choice(['png', 'jpeg'], 'File format of the crops, the same for real and fake.'),
  quality: integer({ min: 1, max: 100, doc: 'Quality of the JPEG files; PNG is lossless.' }),
  workers: nullable(integer({ min: 1, doc: 'Processes that work on a clip each; null = one a core.' })),
};
export type PrepareSettings = SettingsOf<typeof prepareSettings>;

/** What the crops depend on: all but where they go and how many work on them. */
export type CropSettings = Omit<PrepareSettings, 'out' | 'workers'>;
