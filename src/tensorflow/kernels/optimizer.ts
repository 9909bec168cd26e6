/** An optimiser's update by native/optimizer.cc: one operation over the layers' tensors as they are, in place of a dozen on one long vector and of the copies that make it and cut it up. */
import { OPTIMIZER_STEP, type StepRule } from '../../ops/optimizer-step.ts';
import { attr } from '../backend.ts';
import { kernel } from './kernel.ts';

const NOTHING = { decay: 0, gain: 0 };

/** Registers the kernel; for the processor only. */
export function registerOptimizer(): void {
  kernel(OPTIMIZER_STEP, (inputs, attrs, backend) => {
    const rule = attrs['rule'] as StepRule;
    const parameters = attrs['parameters'] as number;
    const averages = rule.square === undefined ? 1 : 2;
    const square = rule.square ?? NOTHING;
    return backend.executeMultipleOutputs(
      'DeepfakeGame>OptimizerStep',
      [
        attr.int('N', parameters),
        attr.int('M', averages),
        attr.float('decay', rule.mean.decay),
        attr.float('gain', rule.mean.gain),
        attr.float('square_decay', square.decay),
        attr.float('square_gain', square.gain),
        attr.float('pull', rule.pull),
        attr.float('clip_norm', rule.clipNorm),
      ],
      Array.from({ length: 2 * parameters + averages + 1 }, (_, i) => inputs[i]!),
      parameters + averages + 1,
    );
  });
}
