/** The orthonormal cosine transform (DCT-II) along an axis: the Fourier transform of a line that is continued by its mirror image. */

/** Its first rows, c_k · cos(π k (2i + 1) / 2size), c_0 = √(1/size), else √(2/size): [count, size]. Row k is of k / 2size cycles a pixel. */
export function dctMatrix(count: number, size: number): Float32Array {
  return Float32Array.from({ length: count * size }, (_, at) => {
    const [k, i] = [Math.floor(at / size), at % size];
    return Math.sqrt((k === 0 ? 1 : 2) / size) * Math.cos((Math.PI * k * (2 * i + 1)) / (2 * size));
  });
}
