// Loops of squeeze and excitation over one image [pixels, channels]; what there is for each channel is a wide row (channel-vectors.h).

#include "channel-vectors.h"
#include "activation-vectors.h"

// sums[c] = Σ over the pixels of term(at, count), in blocks of rows so that a long sum rounds little; block is a wide row of scratch.
template <typename Term>
inline void sumOverPixels(int64_t size, int64_t width, float* sums, float* block, const Term& term) {
  const int64_t blockSize = 64 * width;
  for (int64_t c = 0; c < width; c++) sums[c] = 0;
  for (int64_t start = 0; start < size; start += blockSize) {
    const int64_t end = size - start < blockSize ? size - start : blockSize;
    for (int64_t c = 0; c < width; c++) block[c] = 0;
    int64_t at = 0;
    for (; at + 4 * width <= end; at += 4 * width) {
      for (int64_t c = 0; c < width; c += LANES) {
        const int64_t i = start + at + c;
        const Vector first = term(i, LANES) + term(i + width, LANES);
        const Vector second = term(i + 2 * width, LANES) + term(i + 3 * width, LANES);
        store(block + c, load(block + c) + (first + second));
      }
    }
    eachVector(end - at, width, [&](int64_t i, int64_t c, int64_t count) { store(block + c, load(block + c) + term(start + at + i, count)); });
    for (int64_t c = 0; c < width; c += LANES) store(sums + c, load(sums + c) + load(block + c));
  }
}

// `count` values, 0 beyond them.
template <typename T>
inline Vector values(const T* from, int64_t count) {
  return count == LANES ? load(from) : loadPart(from, count);
}

// Σ x of each channel.
template <typename T>
inline void channelSums(const T* x, int64_t size, int64_t channels, float* sums, float* block) {
  const int64_t width = wideRow(channels);
  sumOverPixels(size, width, sums, block, [&](int64_t i, int64_t count) { return values(x + i, count); });
  foldSums(sums, channels, width);
}

// Σ dy · x of each channel.
template <typename T>
inline void channelProducts(const T* dy, const T* x, int64_t size, int64_t channels, float* sums, float* block) {
  const int64_t width = wideRow(channels);
  sumOverPixels(size, width, sums, block, [&](int64_t i, int64_t count) { return values(dy + i, count) * values(x + i, count); });
  foldSums(sums, channels, width);
}

// y = x · gate + shift; without a shift if it is null.
template <typename T>
inline void gateChannels(const T* x, T* y, int64_t size, int64_t channels, const float* gate, const float* shift) {
  eachVector(size, wideRow(channels), [&](int64_t i, int64_t c, int64_t count) {
    Vector gated = values(x + i, count) * load(gate + c);
    if (shift != nullptr) gated += load(shift + c);
    if (count == LANES) {
      store(y + i, gated);
    } else {
      storePart(y + i, gated, count);
    }
  });
}

// to += factor · from
inline void addScaled(float* to, const float* from, float factor, int64_t count) {
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) store(to + i, load(to + i) + load(from + i) * all(factor));
  for (; i < count; i++) to[i] += from[i] * factor;
}

inline float dot(const float* a, const float* b, int64_t count) {
  Vector sums = all(0);
  int64_t i = 0;
  for (; i + LANES <= count; i += LANES) sums += load(a + i) * load(b + i);
  float sum = 0;
  for (int lane = 0; lane < LANES; lane++) sum += sums[lane];
  for (; i < count; i++) sum += a[i] * b[i];
  return sum;
}

// What a layer between mean and gate applies to each of `count` values.
inline void applyEach(Each what, const float* from, float* to, int64_t count) {
  for (int64_t i = 0; i < count; i += LANES) {
    const int64_t left = count - i < LANES ? count - i : LANES;
    const Vector z = values(from + i, left);
    storePart(to + i, what == Each::sigmoid ? sigmoid(z) : what == Each::silu ? Silu::value(z) : Silu::slope(z), left);
  }
}
