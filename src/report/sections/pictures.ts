/** Opponents at work, and where detectors look. */
import type { Section, ShownPicture } from '../../reports/document.ts';
import type { Scene } from '../scene.ts';
import type { Thumbnails } from './errors.ts';

/** What a report shows beside its charts. */
export interface ReportPictures {
  readonly thumbnails: Thumbnails;
  /** What the opponents do, one a setting that has one. */
  readonly opponents: readonly ShownPicture[];
  /** Of explanation and robustness. */
  readonly sheets: readonly ShownPicture[];
}

export const NO_PICTURES: ReportPictures = { thumbnails: new Map(), opponents: [], sheets: [] };

/** What the opponents do; a sentence where it is not drawn. */
export function opponents({ groups }: Scene, pictures: readonly ShownPicture[]): Section[] {
  const playing = groups.filter(({ runs }) => runs[0]!.settings.get('generator.name') !== 'none');
  if (playing.length === 0) return [];
  return [
    {
      id: 'opponents',
      title: 'Opponents at work',
      blocks:
        pictures.length > 0
          ? [
              {
                kind: 'pictures',
                caption: 'From above: the difference to the clean image, then the maps; no photo is shown.',
                pictures,
              },
            ]
          : [
              {
                kind: 'text',
                text: 'They are drawn with pictures=true, which plays each opponent on a few val images; TensorBoard shows them as training did.',
              },
            ],
    },
  ];
}

/** The sheets that `npm run explain` and `npm run robustness` left. */
export function sheets(pictures: readonly ShownPicture[]): Section[] {
  if (pictures.length === 0) return [];
  return [
    {
      id: 'sheets',
      title: 'Where they look, what they were shown',
      blocks: [
        {
          kind: 'pictures',
          caption: 'Photos of the test set are in this file: do not publish it if they are not yours.',
          pictures,
        },
      ],
    },
  ];
}
