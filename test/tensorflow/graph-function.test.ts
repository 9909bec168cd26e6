import * as tf from '@tensorflow/tfjs';
import { expect } from 'chai';
import { fed } from '../../src/ops/fed.ts';
import { batchNormTraining } from '../../src/ops/batch-norm.ts';
import { sparseCrossEntropy } from '../../src/ops/cross-entropy.ts';
import { createRng } from '../../src/ops/random.ts';
import { nodeBackend } from '../../src/tensorflow/backend.ts';
import { graphFunction } from '../../src/tensorflow/graph-function.ts';
import { record } from '../../src/tensorflow/recorder.ts';
import { checkSame, UnrecordableError } from '../../src/tensorflow/recording.ts';
import { onTensorFlow } from '../support/engines.ts';
import { bits, expectNoLeak, noiseTensor } from '../support/tensors.ts';

type Step = (...args: tf.Tensor[]) => tf.Tensor[];

/** A step as a function: recorded twice, proved, and the variables put back. */
function functionOf(step: Step, args: readonly tf.Tensor[], variables: readonly tf.Variable[] = []) {
  const kept = variables.map((variable) => tf.keep(variable.clone()));
  const recordings = [0, 1].map(() => record(args, () => tf.tidy(() => step(...args))));
  variables.forEach((variable, i) => variable.assign(kept[i]!));
  tf.dispose(kept);
  checkSame(recordings[0]!, recordings[1]!);
  return graphFunction(recordings[0]!);
}

const valuesOf = (tensors: readonly tf.Tensor[]): number[][] =>
  tensors.map((tensor) => bits(tensor.dataSync()));

onTensorFlow('graph functions', () => {
  /** Two convolutions with batch norm between, a step of momentum, running statistics. */
  const network = () => {
    const variable = (seed: number, shape: number[]): tf.Variable =>
      tf.tidy(() => tf.variable(noiseTensor(seed, shape, -0.5, 0.5)));
    const kernels = [variable(1, [3, 3, 2, 4]), variable(2, [3, 3, 4, 3])] as tf.Variable<tf.Rank.R4>[];
    const [scale, offset, running, momentum] = [3, 4, 5, 6].map((seed) =>
      variable(seed, [4]),
    ) as tf.Variable<tf.Rank.R1>[];
    const step: Step = (images, labels) => {
      const { value, grads } = tf.variableGrads(() => {
        const hidden = tf.conv2d(images as tf.Tensor4D, kernels[0]!, 2, 'same');
        const { y, mean } = batchNormTraining(hidden, scale!, offset!, 1e-3);
        running!.assign(tf.add(tf.mul(running!, 0.9), tf.mul(mean, 0.1)));
        const logits = tf.mean(tf.conv2d(tf.relu(y), kernels[1]!, 1, 'valid'), [1, 2]);
        return tf.losses.softmaxCrossEntropy(tf.oneHot(labels!.cast('int32'), 3), logits) as tf.Scalar;
      }, [...kernels, scale!, offset!]);
      momentum!.assign(tf.add(tf.mul(momentum!, 0.5), grads[offset!.name]!));
      for (const moved of [...kernels, scale!]) moved.assign(tf.sub(moved, tf.mul(grads[moved.name]!, 0.1)));
      offset!.assign(tf.sub(offset!, tf.mul(momentum!, 0.1)));
      return [value, tf.norm(grads[kernels[0]!.name]!)];
    };
    return { step, variables: [...kernels, scale!, offset!, running!, momentum!] };
  };
  const batchOf = (seed: number): tf.Tensor[] => [
    noiseTensor(seed, [4, 9, 9, 2]),
    tf.tensor1d([0, 1, 2, seed % 3], 'int32'),
  ];

  it('train a network with the bits of the same steps one operation at a time', () => {
    const [one, other] = [network(), network()];
    const batches = [1, 2, 3, 4].map(batchOf);
    const replayed = functionOf(other.step, batches[3]!, other.variables);
    for (const batch of batches) {
      const asPlayed = tf.tidy(() => valuesOf(one.step(...batch)));
      expect(tf.tidy(() => valuesOf(replayed.run(batch)))).to.deep.equal(asPlayed);
      expect(valuesOf(other.variables)).to.deep.equal(valuesOf(one.variables));
    }
    replayed.dispose();
    tf.dispose([...one.variables, ...other.variables, ...batches.flat()]);
  });

  it('draw what the stream would have drawn, and move it on', () => {
    const streams = [createRng(3, 'noise'), createRng(3, 'noise')] as const;
    const draw =
      (which: number): Step =>
      (x) => [tf.add(x!, streams[which]!.normal([2, 3])), streams[which]!.uniform([2])];
    const x = tf.ones([2, 3]);
    const replayed = functionOf(draw(1), [x]);
    streams[1].seek(0);
    for (let round = 0; round < 3; round++) {
      expect(tf.tidy(() => valuesOf(replayed.run([x])))).to.deep.equal(tf.tidy(() => valuesOf(draw(0)(x))));
      expect(streams[1].counter).to.equal(streams[0].counter);
    }
    replayed.dispose();
    x.dispose();
  });

  it('ask for fed values in the order of the recording, also for those that nothing needs', () => {
    const asked: string[] = [];
    const give = (name: string, values: number[]) => () => {
      asked.push(name);
      return values.map((value) => value + asked.length);
    };
    const replayed = functionOf(() => {
      fed(give('unused', [0]), [1]);
      const whole = fed(give('whole', [10, 20]), [2], 'int32');
      return [tf.mul(fed(give('real', [0.5, 0.25]), [2]), whole.cast('float32'))];
    }, []);
    asked.length = 0;
    const [product] = replayed.run([]);
    expect(asked).to.deep.equal(['unused', 'whole', 'real']);
    expect([...product!.dataSync()]).to.deep.equal([12 * 3.5, 22 * 3.25]);
    product!.dispose();
    replayed.dispose();
  });

  it('tell variables apart that had one value between them', () => {
    const [a, b] = [tf.variable(tf.tensor1d([1, 2])), tf.variable(tf.tensor1d([0, 0]))];
    b!.assign(a!);
    const replayed = functionOf(() => [tf.add(tf.mul(a!, 10), b!)], []);
    b!.assign(tf.tensor1d([5, 6]));
    const [sum] = replayed.run([]);
    expect([...sum!.dataSync()]).to.deep.equal([15, 26]);
    replayed.dispose();
    tf.dispose([a!, b!, sum!]);
  });

  it('give back arguments, constants and variables as they are, and set variables to them', () => {
    const [a, b] = [tf.variable(tf.tensor1d([1, 2])), tf.variable(tf.tensor1d([3, 4]))];
    const step: Step = (x) => {
      const old = a!.clone();
      a!.assign(b! as tf.Tensor<tf.Rank.R1>);
      b!.assign(tf.tensor1d([7, 8]));
      return [x!.clone(), tf.tensor1d([7, 8]), old, tf.fill([40, 40], 2.5)];
    };
    const [x, y] = [tf.tensor1d([0]), tf.tensor1d([9])];
    const replayed = functionOf(step, [x!], [a!, b!]);
    const results = replayed.run([y!]);
    expect(results.map((tensor) => [...tensor.dataSync()].slice(0, 2))).to.deep.equal([
      [9],
      [7, 8],
      [1, 2],
      [2.5, 2.5],
    ]);
    expect(results[3]!.dataSync().every((value) => value === 2.5)).to.equal(true);
    expect([...a!.dataSync(), ...b!.dataSync()]).to.deep.equal([3, 4, 7, 8]);
    replayed.dispose();
    tf.dispose([a!, b!, x!, y!, ...results]);
  });

  it('carry types that TensorFlow.js does not know between operations', () => {
    const cast = (handle: number, from: number, to: number): number => {
      const { binding } = nodeBackend();
      const type = (name: string, value: number) => ({ name, type: binding['TF_ATTR_TYPE']!, value });
      return binding.executeOp('Cast', [type('SrcT', from), type('DstT', to)], [handle], 1)[0]!.id;
    };
    const BFLOAT16 = 14;
    const step: Step = (x) => {
      const { binding } = nodeBackend();
      const float = binding['TF_FLOAT']!;
      const rounded = cast(nodeBackend().getInputTensorIds([x!])[0]!, float, BFLOAT16);
      const id = cast(rounded, BFLOAT16, float);
      binding.deleteTensor(rounded);
      return [nodeBackend().createOutputTensor({ id, shape: [2], dtype: float })];
    };
    const x = tf.tensor1d([1 + 2 ** -9, 1 + 2 ** -7]);
    const replayed = functionOf(step, [x]);
    const [rounded] = replayed.run([x]);
    expect([...rounded!.dataSync()]).to.deep.equal([1, 1 + 2 ** -7]);
    replayed.dispose();
    tf.dispose([x, rounded!]);
  });

  it('leave no tensor and no handle', () => {
    const { step, variables } = network();
    const batch = batchOf(1);
    const handles = (): number =>
      (nodeBackend().binding as unknown as { getNumOfTensors(): number }).getNumOfTensors();
    const life = (): void => {
      const replayed = functionOf(step, batch, variables);
      tf.dispose([...replayed.run(batch), ...replayed.run(batch)]);
      replayed.dispose();
    };
    expectNoLeak(life);
    const before = handles();
    life();
    expect(handles()).to.equal(before);
    tf.dispose([...variables, ...batch]);
  });

  it('leave no handle where TensorFlow stops a step', () => {
    const step: Step = (logits, labels) => [
      tf.mul(
        sparseCrossEntropy(logits as tf.Tensor2D, labels as tf.Tensor1D),
        fed(() => [2], [1]),
      ),
    ];
    const [logits, labels] = [noiseTensor(1, [2, 2]), tf.tensor1d([0, 1], 'int32')];
    const stray = tf.tensor1d([0, 7], 'int32');
    const replayed = functionOf(step, [logits, labels]);
    const handles = (): number =>
      (nodeBackend().binding as unknown as { getNumOfTensors(): number }).getNumOfTensors();
    const run = (): unknown => expect(() => replayed.run([logits, stray])).to.throw(/label value/);
    run(); // uploads the labels
    const before = handles();
    run();
    expect(handles()).to.equal(before);
    replayed.dispose();
    tf.dispose([logits, labels, stray]);
  });

  it('do not run once they are disposed of', () => {
    const replayed = functionOf(() => [tf.tensor1d([1]).square()], []);
    replayed.dispose();
    expect(() => replayed.run([])).to.throw(/recorded_step/);
  });

  describe('are refused, with the place,', () => {
    const refused = (step: Step, args: readonly tf.Tensor[], reason: RegExp): void => {
      const { binding } = nodeBackend();
      expect(() => functionOf(step, args))
        .to.throw(UnrecordableError)
        .with.property('message')
        .match(reason);
      expect(nodeBackend().binding).to.equal(binding);
      tf.dispose([...args]);
    };

    it('where a value is read back', () => {
      const step: Step = (x) => [tf.mul(x!, x!.square().dataSync()[0]!)];
      refused(step, [tf.tensor1d([3])], /reads a value back.*graph-function\.test\.ts/);
    });

    it('where an argument is read back', () => {
      refused((x) => [tf.tensor1d([...x!.dataSync()])], [tf.tensor1d([3])], /reads a value back/);
    });

    it('where an operation keeps a state', () => {
      const step: Step = (x) => [tf.multinomial(x as tf.Tensor2D, 3, 7).cast('float32')];
      refused(step, [tf.tensor2d([[0.5, 0.5]])], /operation Multinomial does more than compute/);
    });

    it('where a tensor comes from before that is no argument', () => {
      const outside = tf.tensor1d([1]).square();
      refused(
        (x) => [tf.add(x!, outside)],
        [tf.tensor1d([3])],
        /operation Add.* a tensor from before the step/,
      );
      outside.dispose();
    });

    it('where a variable is left behind', () => {
      let left: tf.Variable | undefined;
      const step: Step = (x) => {
        left ??= tf.variable(x!.square(), true, 'left-behind');
        return [x!.square()];
      };
      refused(step, [tf.tensor1d([3])], /leaves a new variable behind, left-behind/);
      left!.dispose();
    });

    it('where the host computes other values the next time', () => {
      let count = 0;
      refused(
        (x) => [tf.mul(x!, ++count)],
        [tf.tensor1d([3])],
        /values that the host computes change.*graph-function\.test\.ts/,
      );
    });

    it('where other operations run the next time', () => {
      let count = 0;
      refused(
        (x) => [count++ === 0 ? tf.sin(x!) : tf.cos(x!)],
        [tf.tensor1d([3])],
        /runs Sin one time and Cos the next/,
      );
      refused(
        (x) => [Array.from({ length: count++ }).reduce<tf.Tensor>((y) => tf.sin(y), x!)],
        [tf.tensor1d([3])],
        /operations one time and \d+ the next/,
      );
    });

    it('where attributes, inputs or what is assigned change', () => {
      let count = 0;
      refused((x) => [tf.sum(x!, 0, count++ === 0)], [tf.tensor2d([[3]])], /attributes of the operation Sum/);
      refused((x) => [tf.mul(x!, count++ % 2 === 1 ? x! : tf.tensor1d([1]))], [tf.tensor1d([3])], /one time/);
      const [a, b] = [tf.variable(tf.tensor1d([1])), tf.variable(tf.tensor1d([2]))];
      const step: Step = (x) => {
        (count++ % 2 === 0 ? a! : b!).assign(x! as tf.Tensor1D);
        return [];
      };
      refused(step, [tf.tensor1d([3])], /assigns other things/);
      tf.dispose([a!, b!]);
    });

    it('inside another recording', () => {
      const x = tf.tensor1d([3]);
      expect(() =>
        record([x], () => {
          record([x], () => []);
          return [];
        }),
      ).to.throw(/do not nest/);
      x.dispose();
    });
  });

  it('tell what TensorFlow has against a graph', () => {
    const recording = record([], () => []);
    const nowhere = { from: 'node', at: 5, output: 0 } as const;
    expect(() => graphFunction({ ...recording, results: [nowhere] })).to.throw(
      /a node that the graph does not have/,
    );
  });
});
