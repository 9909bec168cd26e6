import { expect } from 'chai';
import { choosePrecision, nativeConvolutions, tellPrecision } from '../../src/tensorflow/choose-precision.ts';
import { capabilitiesOf, flagsOf, thisMachine, type Machine } from '../../src/tensorflow/machine.ts';

function machine(flags: string, options: Partial<Machine> & { readonly gpus?: string | null } = {}): Machine {
  const { gpus = null, ...rest } = options;
  return {
    arch: 'x64',
    oneDnn: true,
    processorFlags: () => flagsOf(`processor\t: 0\nflags\t\t: fpu ${flags}\nbugs\t\t: avx512_bf16\n`),
    computeCapabilities: () => (gpus === null ? null : capabilitiesOf(gpus)),
    ...rest,
  };
}

const NONE_FAST = /gains nothing here, for .*: it is computed in float32 and rounded/;

describe('choice of a precision', () => {
  it('auto takes bfloat16 where a processor has instructions for it, and says which', () => {
    for (const flag of ['amx_bf16', 'avx512_bf16']) {
      expect(choosePrecision('auto', 'cpu', machine(`avx512f ${flag} amx_tile`))).to.deep.equal({
        precision: 'bfloat16',
        reason: `the processor has ${flag}`,
        warning: null,
      });
    }
  });

  it('auto stays with float32 elsewhere, and says why', () => {
    const cases: [Machine, RegExp][] = [
      [machine('avx2 f16c'), /none of amx_bf16, avx512_bf16/],
      [machine('avx512f avx512_fp16'), /none of amx_bf16, avx512_bf16/],
      [machine('', { arch: 'arm64' }), /none of/],
      [machine('amx_bf16', { oneDnn: false }), /TF_ENABLE_ONEDNN_OPTS=0 keeps TensorFlow from .* amx_bf16/],
      [machine('bf16', { arch: 'arm64' }), /never measured/],
    ];
    for (const [given, why] of cases) {
      const chosen = choosePrecision('auto', 'cpu', given);
      expect(chosen).to.include({ precision: 'float32', warning: null });
      expect(chosen.reason).to.match(why);
    }
  });

  it('on a GPU it goes by compute capability, the weakest of several', () => {
    const chosen = (gpus: string | null): string =>
      choosePrecision('auto', 'gpu', machine('amx_bf16', { gpus })).precision;
    expect(['9.0\n', '8.0', '7.5\n', '6.1', '8.6\n7.0\n'].map(chosen)).to.deep.equal([
      'bfloat16',
      'bfloat16',
      'float16',
      'float32',
      'float16',
    ]);
    for (const silent of [null, '', 'No devices were found\n']) {
      expect(choosePrecision('auto', 'gpu', machine('amx_bf16', { gpus: silent }))).to.include({
        precision: 'float32',
        reason: 'nvidia-smi does not tell what the GPU can do',
      });
    }
  });

  it('takes what is asked for, and warns where that gains nothing', () => {
    for (const precision of ['float32', 'bfloat16', 'float16'] as const) {
      for (const given of [machine('avx2'), machine('amx_bf16')]) {
        const chosen = choosePrecision(precision, 'cpu', given);
        expect(chosen).to.include({ precision, reason: 'runtime.precision asks for it' });
        const fast =
          precision === 'float32' || (precision === 'bfloat16' && given.processorFlags().has('amx_bf16'));
        if (fast) expect(chosen.warning).to.equal(null);
        else expect(chosen.warning).to.match(NONE_FAST);
      }
    }
    expect(choosePrecision('bfloat16', 'gpu', machine('', { gpus: '7.5' })).warning).to.match(NONE_FAST);
    expect(choosePrecision('float16', 'gpu', machine('', { gpus: '7.5' })).warning).to.equal(null);
  });

  it('tells what was not asked for by name, and nothing of float32 that was', () => {
    const tell = (setting: 'auto' | 'float32' | 'bfloat16', given: Machine): string | null =>
      tellPrecision(setting, choosePrecision(setting, 'cpu', given));
    expect(tell('float32', machine('avx2'))).to.equal(null);
    expect(tell('auto', machine('amx_bf16'))).to.equal(
      'networks compute in bfloat16: the processor has amx_bf16',
    );
    expect(tell('auto', machine('avx2'))).to.match(/^networks compute in float32: the processor has none/);
    expect(tell('bfloat16', machine('avx2'))).to.match(/^warning: bfloat16 gains nothing here/);
  });

  it('knows whose convolutions are made for a type', () => {
    expect(nativeConvolutions('cpu', machine('avx512_bf16'))).to.deep.equal({
      bfloat16: true,
      float16: false,
    });
    expect(nativeConvolutions('cpu', machine('avx512_bf16', { oneDnn: false })).bfloat16).to.equal(false);
    expect(nativeConvolutions('cpu', machine('avx2')).bfloat16).to.equal(false);
    expect(nativeConvolutions('gpu', machine(''))).to.deep.equal({ bfloat16: true, float16: true });
  });

  it('reads the flags of ARM too, and of this machine', () => {
    expect([...flagsOf('processor\t: 0\nFeatures\t: fp asimd bf16\n')]).to.deep.equal([
      'fp',
      'asimd',
      'bf16',
    ]);
    expect([...flagsOf('')]).to.deep.equal([]);
    if (process.platform === 'linux') expect(thisMachine.processorFlags().size).to.be.above(3);
    expect(['float32', 'bfloat16']).to.include(choosePrecision('auto', 'cpu').precision);
  });
});
