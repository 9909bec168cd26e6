/** What the benchmark measures: each row of its table, on our side as a user would run it, and the same work on the peer's side. */

/** Images in a step, and in a batch of the evaluation. */
export const BATCH = 16;

export interface Row {
  readonly name: string;
  /** What is done with the images: a step of the game against an opponent, a plain step, or scores without learning. */
  readonly work: 'blur' | 'fgsm' | 'plain' | 'evaluate';
  readonly network: keyof typeof NETWORKS;
  /** Side of the images in pixels. */
  readonly size: number;
  /** Overrides of `configs/train.yaml`; everything else is as it ships. */
  readonly overrides: readonly string[];
}

/** The networks that the peer has too, as overrides. Of EfficientNet every number and block: dropout would make another network of it in each step. */
export const NETWORKS = {
  cnn7: ['discriminator=cnn7'],
  'efficientnet-b0': [
    'discriminator=efficientnet-b0',
    'discriminator.dropout=0',
    'discriminator.stochastic_depth=0',
  ],
} as const;

export const ROWS: readonly Row[] = [
  {
    name: 'blur-cnn7',
    work: 'blur',
    network: 'cnn7',
    size: 128,
    overrides: [...NETWORKS.cnn7, 'generator=blur', 'generator.k=3'],
  },
  {
    name: 'blur-b0',
    work: 'blur',
    network: 'efficientnet-b0',
    size: 128,
    overrides: [...NETWORKS['efficientnet-b0'], 'generator=blur', 'generator.k=3'],
  },
  {
    name: 'plain-cnn7',
    work: 'plain',
    network: 'cnn7',
    size: 128,
    overrides: [...NETWORKS.cnn7, 'generator=none'],
  },
  {
    name: 'fgsm-cnn7',
    work: 'fgsm',
    network: 'cnn7',
    size: 128,
    overrides: [...NETWORKS.cnn7, 'generator=fgsm'],
  },
  {
    name: 'fgsm-shared-cnn7',
    work: 'fgsm',
    network: 'cnn7',
    size: 128,
    overrides: [...NETWORKS.cnn7, 'generator=fgsm', 'game.crafting=shared'],
  },
  {
    name: 'evaluate-b0',
    work: 'evaluate',
    network: 'efficientnet-b0',
    size: 224,
    overrides: [...NETWORKS['efficientnet-b0'], 'generator=none'],
  },
];

/** What a row's figures count: steps are told by their time, evaluation by images in a second. */
export function unitOf(row: Row): 'ms' | 'images/s' {
  return row.work === 'evaluate' ? 'images/s' : 'ms';
}

/** The settings of our side of a row: its own, the batch, the precision that the processor is fast at, then what was asked for on the command line. */
export function overridesOf(row: Row, batch: number, asked: readonly string[]): string[] {
  return [...row.overrides, `game.batch_size=${batch}`, 'runtime.precision=auto', ...asked];
}
