/** Which frames of a video are taken. */
import type { CropSettings } from './settings.ts';

/** Numbers of the chosen frames of a video of `total` frames: ascending, each once, from 0. */
export type ChooseFrames = (total: number) => readonly number[];

/**
 * The middle frames of `count` equal parts of the video, ⌊(i + 1/2)·total/count⌋; all frames where there are no more than `count`. Neither
 * the first nor the last frame of a longer video is among them: those are often black or fading.
 */
export function evenlySpaced(count: number, total: number): readonly number[] {
  if (total <= count) return Array.from({ length: total }, (_, i) => i);
  return Array.from({ length: count }, (_, i) => Math.floor(((i + 0.5) * total) / count));
}

/** Every `step`-th frame from the first on. */
export function everyNth(step: number, total: number): readonly number[] {
  return Array.from({ length: Math.ceil(total / step) }, (_, i) => i * step);
}

/** The rule that the settings ask for. */
export function chooseFrames({ count, every }: CropSettings['frames']): ChooseFrames {
  return (total) => (every === null ? evenlySpaced(count, total) : everyNth(every, total));
}
