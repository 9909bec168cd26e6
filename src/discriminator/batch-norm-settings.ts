/** The settings of batch norm that detectors have in common. */
import { number, type SettingsOf } from '../config/settings.ts';
import type { DiscriminatorContext } from './discriminator.ts';
import type { BlockContext } from './model.ts';

export const batchNormSettings = {
  bn_momentum: number({
    min: 0,
    below: 1,
    doc: 'Share of the old running statistics kept at each training pass.',
  }),
  bn_epsilon: number({ above: 0, max: 1, doc: 'Added to the variance in batch norm.' }),
};

/** What a detector's blocks are made from, by its settings. */
export function blockContext(
  { bn_momentum, bn_epsilon }: SettingsOf<typeof batchNormSettings>,
  context: DiscriminatorContext,
): BlockContext {
  return { ...context, batchNorm: { momentum: bn_momentum, epsilon: bn_epsilon } };
}
