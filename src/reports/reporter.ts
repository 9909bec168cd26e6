/** Where a run's figures go. TensorBoard is one reporter, the run folder's metrics.jsonl another. */

/** An 8-bit picture for a report: interleaved RGB, `data.length === width * height * 3`. */
export interface Picture {
  readonly width: number;
  readonly height: number;
  readonly data: Uint8Array;
}

/** Precision-recall data at thresholds spread evenly over [0, 1]: one entry a threshold in each array. */
export interface PrCurve {
  readonly truePositives: readonly number[];
  readonly falsePositives: readonly number[];
  readonly trueNegatives: readonly number[];
  readonly falseNegatives: readonly number[];
  readonly precision: readonly number[];
  readonly recall: readonly number[];
}

/** Tags look like `train/loss_d`, `val/auc`; `step` is the number of finished rounds. */
export interface Reporter {
  scalar(tag: string, value: number, step: number): void;
  image(tag: string, picture: Picture, step: number): void | Promise<void>;
  histogram(tag: string, values: Float32Array, step: number): void;
  text(tag: string, markdown: string, step: number): void;
  prCurve(tag: string, curve: PrCurve, step: number): void;
  /** Settings of the run and its final metrics, for comparing runs; once, at the end. */
  hparams(
    settings: Readonly<Record<string, string | number | boolean>>,
    metrics: Readonly<Record<string, number>>,
  ): void;
  /** Writes out what was reported so far, so that a checkpoint saved next is never ahead of its curves. */
  flush(): void;
  /** Writes everything out. Nothing may be reported afterwards. */
  close(): void | Promise<void>;
}
