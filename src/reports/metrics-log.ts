/** metrics.jsonl: every scalar of a run, one JSON line each, appended as it comes and never lost by a crash. */
import { closeSync, existsSync, openSync, readFileSync, writeSync } from 'node:fs';
import { explainWriteError, writeFileAtomic } from './files.ts';

export interface MetricLine {
  readonly step: number;
  readonly tag: string;
  /** Numbers that JSON does not know are written as the texts 'NaN', 'Infinity' and '-Infinity'. */
  readonly value: number | 'NaN' | 'Infinity' | '-Infinity';
}

export interface MetricsLog {
  append(line: { readonly step: number; readonly tag: string; readonly value: number }): void;
  close(): void;
}

/** Opens `file` for appending. @throws an error naming the folder and the remedy if it cannot be written */
export function openMetricsLog(file: string): MetricsLog {
  const descriptor = attempt(file, () => openSync(file, 'a'));
  return {
    append({ step, tag, value }) {
      const line: MetricLine = {
        step,
        tag,
        value: Number.isFinite(value) ? value : (String(value) as 'NaN' | 'Infinity' | '-Infinity'),
      };
      const bytes = Buffer.from(`${JSON.stringify(line)}\n`);
      attempt(file, () => {
        for (let at = 0; at < bytes.length;) at += writeSync(descriptor, bytes, at);
      });
    },
    close: () => closeSync(descriptor),
  };
}

/**
 * Reads a log back. A last line that is cut off (the run was killed in it) is left out.
 *
 * @throws on any other line that is not a metric, naming it
 */
export function readMetricsLog(file: string): MetricLine[] {
  if (!existsSync(file)) return [];
  const lines = readFileSync(file, 'utf8').split('\n').slice(0, -1);
  return lines.map((line, index) => {
    const parsed = parse(line);
    if (parsed === null) {
      throw new Error(
        `${file}:${index + 1}: not a metric; the file was changed. Mend that line or move the file away`,
      );
    }
    return parsed;
  });
}

/** Drops what was logged after `step`, so that a run resumed there logs no step twice. */
export function dropMetricsAfter(file: string, step: number): void {
  const kept = readMetricsLog(file).filter((line) => line.step <= step);
  writeFileAtomic(file, kept.map((line) => `${JSON.stringify(line)}\n`).join(''));
}

function parse(text: string): MetricLine | null {
  try {
    const line = JSON.parse(text) as Partial<MetricLine>;
    return Number.isInteger(line.step) && typeof line.tag === 'string' && line.value !== undefined
      ? (line as MetricLine)
      : null;
  } catch {
    return null; // the caller names the line
  }
}

function attempt<T>(file: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw explainWriteError(error, file);
  }
}
