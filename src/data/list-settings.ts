/** What the datasets that a list makes take alike. */
import { choice, integer } from '../config/settings.ts';
import type { Unit } from './groups.ts';
import { selectionSettings } from './selection.ts';

export const listSettings = {
  size: integer({ min: 16, max: 1024, doc: 'side of the images that the detector sees, in pixels' }),
  ...selectionSettings,
  unit: choice(
    ['identity', 'video'],
    'what no two splits may share: identity: videos, pairs and people; video: videos and pairs, a person may be in several',
  ),
  check: choice(
    ['none', 'header', 'full'],
    'what is read of each file before it is used: nothing, its header, or all of it, so that files cut short are skipped too',
  ),
};

/** What to do where two splits share something, to be read after a semicolon. */
export function sharedRemedy(source: string, unit: Unit): string {
  return unit === 'identity'
    ? `mend ${source}, or say data.unit=video if splits may share people`
    : `mend ${source}`;
}
