/** The line that shows that a run is alive, how it goes and how long it will take. */

export interface ProgressOptions {
  /** Stands first, e.g. the opponent's name; asked for each line where it changes. */
  readonly label: string | (() => string);
  /** Steps of the whole run. */
  readonly steps: number;
  /** What a step is called; `step` if nothing else is said. */
  readonly unit?: string;
  /** Where the line goes, e.g. `process.stderr`. */
  readonly out: { write(text: string): unknown; readonly isTTY?: boolean; readonly columns?: number };
  /** Milliseconds; `Date.now` but for tests. */
  readonly now?: () => number;
  /** Seconds between lines where there is no terminal to rewrite one on (log files, CI). */
  readonly everySeconds?: number;
}

export interface Progress {
  /** After a finished step: its number (from 1), losses to show, images seen in it. */
  update(step: number, losses: Readonly<Record<string, number>>, images: number): void;
  /** Prints a line of its own, above the progress line. */
  note(text: string): void;
  /** Leaves the last state standing and ends its line. */
  close(): void;
}

/** On a terminal the line is rewritten at most this often. */
const REDRAW_SECONDS = 0.1;
/** Speed and time left speak of the last steps within this time, so that they follow what the machine does now. */
const WINDOW_SECONDS = 30;

/**
 * Starts a progress line: `blur  step 120/300  loss_d 0.512  loss_adv 0.633  412 images/s  1:10 left`. On a terminal
 * one line is rewritten; elsewhere a plain line is printed every `everySeconds`, and at the last step.
 */
export function openProgress(options: ProgressOptions): Progress {
  const { label, steps, unit = 'step', out, now = Date.now, everySeconds = 10 } = options;
  const terminal = out.isTTY === true;
  const interval = terminal ? REDRAW_SECONDS : everySeconds;
  let recent = [{ seconds: now() / 1000, step: null as number | null, images: 0 }];
  let images = 0;
  let shownAt = -Infinity;
  let shown = '';
  let current = '';
  const show = (): void => {
    if (current === shown) return;
    out.write(terminal ? `\r\x1b[K${fit(current, out.columns)}` : `${current}\n`);
    shown = current;
  };
  return {
    update(step, losses, seen) {
      const seconds = now() / 1000;
      images += seen;
      recent[0]!.step ??= step - 1; // the first entry is the start: a resumed run does not start at 0
      recent.push({ seconds, step, images });
      while (recent.length > 2 && seconds - recent[1]!.seconds >= WINDOW_SECONDS) recent = recent.slice(1);
      const first = recent[0]!;
      const elapsed = seconds - first.seconds;
      const parts = [typeof label === 'string' ? label : label(), `${unit} ${step}/${steps}`];
      for (const [name, value] of Object.entries(losses)) parts.push(`${name} ${value.toFixed(3)}`);
      if (elapsed > 0) {
        parts.push(`${Math.round((images - first.images) / elapsed)} images/s`);
        parts.push(`${clock((elapsed / (step - first.step!)) * (steps - step))} left`);
      }
      current = parts.join('  ');
      if (seconds - shownAt >= interval || step === steps) {
        shownAt = seconds;
        show();
      }
    },
    note(text) {
      out.write(terminal ? `\r\x1b[K${text}\n${fit(shown, out.columns)}` : `${text}\n`);
    },
    close() {
      show();
      if (terminal && shown !== '') out.write('\n');
    },
  };
}

/** `1:10`, `59:59`, `2:00:05`. */
export function clock(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const two = (value: number) => String(value).padStart(2, '0');
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** A line wider than the terminal would wrap and could not be rewritten. */
function fit(line: string, columns: number | undefined): string {
  return columns !== undefined && line.length >= columns ? line.slice(0, Math.max(0, columns - 1)) : line;
}
