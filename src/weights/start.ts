/** `discriminator.weights`: what a detector starts from at the beginning of a new run. */
import type * as tf from '@tensorflow/tfjs';
import { assignWeights } from './assign.ts';
import { PUBLISHED, publishedFile } from './published.mjs';
import type { Framework, Naming, Pretrained } from './pretrained.ts';
import { readWeights, type WeightsFile } from './read-weights.ts';

/** Weights that were read, checked as far as they can be without a detector. */
export interface StartingWeights {
  readonly file: string;
  readonly sha256: string;
  /** Puts them into the variables of the detector that they were read for: all or none. Throws as `assignWeights` does. */
  readonly into: (state: ReadonlyMap<string, tf.Variable>) => void;
}

/** The published weights that stand behind a name. */
const IMAGENET = 'imagenet';

/**
 * Reads what `discriminator.weights` names for a detector.
 *
 * @param weights 'imagenet' or a file
 * @param detector its name and what it says of weights
 * @param cache the cache folder
 * @throws naming the file and the remedy, if it is missing, damaged, not the published one, or of another detector
 */
export async function readStart(
  weights: string,
  { name, pretrained }: { readonly name: string; readonly pretrained: Pretrained },
  cache: string,
): Promise<StartingWeights> {
  const found = await (weights === IMAGENET
    ? readPublished(pretrained.imagenet, name, cache)
    : readWeights(weights, REMEDY));
  const { file, sha256, tensors } = found;
  const naming = namingOf(found, name, pretrained);
  const keeps = found.namedBy === 'own' ? () => false : pretrained.ownStart;
  return { file, sha256, into: (state) => assignWeights(state, tensors, { naming, keeps, source: file }) };
}

const REMEDY = 'Set discriminator.weights to a file that is there, or to null for random weights';

async function readPublished(published: string | null, name: string, cache: string): Promise<WeightsFile> {
  if (published === null) {
    throw new Error(
      `there are no published weights of ${name}: set discriminator.weights to a file, or to null for random weights`,
    );
  }
  const fetching = `npm run weights -- ${published}`;
  const found = await readWeights(
    publishedFile(cache, published),
    `Fetch them by \`${fetching}\`, or set discriminator.weights=null to start from random weights`,
  );
  if (found.sha256 !== PUBLISHED[published]!.sha256) {
    throw new Error(
      `${found.file} is not the published file (its sha256 is ${found.sha256}): remove it and run \`${fetching}\``,
    );
  }
  return found;
}

function namingOf(found: WeightsFile, name: string, pretrained: Pretrained): Naming {
  const { file, namedBy, architecture } = found;
  if (namedBy !== 'own') return originalNaming(found, namedBy, name, pretrained);
  if (architecture !== name) {
    throw new Error(
      `${file} holds the detector ${architecture}, and this run's is ${name}: set discriminator=${architecture}`,
    );
  }
  return (tensor) => ({ variable: tensor, layout: 'same' });
}

function originalNaming(
  { file, tensors }: WeightsFile,
  framework: Framework,
  name: string,
  { torch, keras, unlike }: Pretrained,
): Naming {
  const naming = framework === 'torch' ? torch : (keras?.([...tensors.keys()]) ?? null);
  const { title, others } = FRAMEWORKS[framework];
  if (naming === null) {
    throw new Error(
      `${file} has ${title} names, and no network of that framework is ${name}: set discriminator.weights to ${others}, or to null for random weights`,
    );
  }
  const overrides = unlike?.[framework] ?? [];
  if (overrides.length > 0) {
    throw new Error(
      `${file} has ${title} names, and ${name} as it is set is another function than ${title} network: set ${overrides.join(' ')}`,
    );
  }
  return naming;
}

const FRAMEWORKS: Readonly<Record<Framework, { readonly title: string; readonly others: string }>> = {
  torch: { title: "PyTorch's", others: "a file of Keras's or of `npm run export`" },
  keras: { title: "Keras's", others: "a file of PyTorch's or of `npm run export`" },
};
