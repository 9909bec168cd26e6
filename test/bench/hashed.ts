/**
 * Evenly spread numbers in [0, 1) that any language can make again: value i of a tensor is a hash of both numbers, the finaliser of MurmurHash3 on 32
 * bits. test/fixtures/bench/regenerate.py has the same in PyTorch.
 */
export function hashed(tensor: number, count: number): Float32Array {
  return Float32Array.from({ length: count }, (_, i) => {
    let h = (i + Math.imul(tensor, 0x9e3779b1)) >>> 0;
    h = Math.imul(h ^ (h >>> 16), 0x85ebca6b) >>> 0;
    h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35) >>> 0;
    return ((h ^ (h >>> 16)) >>> 0) / 2 ** 32;
  });
}
