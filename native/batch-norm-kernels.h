// Loops of batch normalisation over a piece of [rows, channels]. What is given or returned for each channel is repeated to the width of a wide row
// (channel-vectors.h). With m the mean, z = (x − m) · factor + offset; y = activation(z).

#include "channel-vectors.h"
#include "activation-vectors.h"

// sums[c] = Σ over the rows of value(x − mean[c]); rows end where a vector does not.
template <typename T, typename Value>
inline void sumOver(const T* x, int64_t size, int64_t width, const float* mean, float* sums, const Value& value) {
  for (int64_t c = 0; c < width; c++) sums[c] = 0;
  int64_t at = 0;
  // four rows at a time, so that the sums are read and written once for all of them
  for (; at + 4 * width <= size; at += 4 * width) {
    for (int64_t c = 0; c < width; c += LANES) {
      const T* const from = x + at + c;
      const Vector m = load(mean + c);
      const Vector first = value(load(from) - m) + value(load(from + width) - m);
      const Vector second = value(load(from + 2 * width) - m) + value(load(from + 3 * width) - m);
      store(sums + c, load(sums + c) + (first + second));
    }
  }
  eachVector(size - at, width, [&](int64_t i, int64_t c, int64_t count) {
    const Vector d = (count == LANES ? load(x + at + i) : loadPart(x + at + i, count)) - load(mean + c);
    store(sums + c, load(sums + c) + keepFirst(value(d), count));
  });
}

struct Itself {
  Vector operator()(Vector d) const { return d; }
};
struct Square {
  Vector operator()(Vector d) const { return d * d; }
};

// Mean and Σ (x − mean)² of each channel over a piece that stays in the processor's cache from the first loop to the second.
template <typename T>
inline void statistics(const T* x, int64_t rows, int64_t channels, float* mean, float* squares) {
  const int64_t width = wideRow(channels);
  for (int64_t c = 0; c < width; c++) squares[c] = 0;
  sumOver(x, rows * channels, width, squares, mean, Itself());
  foldSums(mean, channels, width);
  for (int64_t c = 0; c < channels; c++) mean[c] /= static_cast<float>(rows);
  repeat(mean, channels, width);
  sumOver(x, rows * channels, width, mean, squares, Square());
  foldSums(squares, channels, width);
}

inline Vector scaled(const Scaling& scaling, Vector d, int64_t c) { return d * load(scaling.factor + c) + load(scaling.offset + c); }

template <typename Act, typename T>
inline void normalisePiece(const T* x, T* y, int64_t size, int64_t width, const Scaling& scaling) {
  eachVector(size, width, [&](int64_t i, int64_t c, int64_t count) {
    const Vector m = load(scaling.mean + c);
    if (count == LANES) {
      store(y + i, Act::value(scaled(scaling, load(x + i) - m, c)));
    } else {
      storePart(y + i, Act::value(scaled(scaling, loadPart(x + i, count) - m, c)), count);
    }
  });
}

template <typename T>
inline void normalise(const T* x, T* y, int64_t rows, int64_t channels, const Scaling& scaling, Activation activation) {
  const int64_t width = wideRow(channels);
  switch (activation) {
    case Activation::none: return normalisePiece<Identity>(x, y, rows * channels, width, scaling);
    case Activation::relu: return normalisePiece<Relu>(x, y, rows * channels, width, scaling);
    case Activation::silu: return normalisePiece<Silu>(x, y, rows * channels, width, scaling);
  }
}

// Σ g and Σ g · (x − mean) of each channel, g = dy · activation′(z).
template <typename Act, typename T>
inline void gradientSumsPiece(const T* dy, const T* x, int64_t size, int64_t width, const Scaling& scaling, float* sums, float* products) {
  for (int64_t c = 0; c < width; c++) sums[c] = products[c] = 0;
  int64_t at = 0;
  for (; at + 4 * width <= size; at += 4 * width) {
    for (int64_t c = 0; c < width; c += LANES) {
      const Vector m = load(scaling.mean + c);
      Vector sum = load(sums + c);
      Vector product = load(products + c);
      for (int row = 0; row < 4; row++) {
        const int64_t i = at + row * width + c;
        const Vector d = load(x + i) - m;
        const Vector g = load(dy + i) * Act::slope(scaled(scaling, d, c));
        sum += g;
        product += g * d;
      }
      store(sums + c, sum);
      store(products + c, product);
    }
  }
  eachVector(size - at, width, [&](int64_t i, int64_t c, int64_t count) {
    const bool whole = count == LANES;
    const Vector d = (whole ? load(x + at + i) : loadPart(x + at + i, count)) - load(scaling.mean + c);
    // beyond the end dy is 0, and so is g
    const Vector g = (whole ? load(dy + at + i) : loadPart(dy + at + i, count)) * Act::slope(scaled(scaling, d, c));
    store(sums + c, load(sums + c) + g);
    store(products + c, load(products + c) + g * d);
  });
}

template <typename T>
inline void gradientSums(const T* dy, const T* x, int64_t rows, int64_t channels, const Scaling& scaling, Activation activation, float* sums,
                         float* products) {
  const int64_t width = wideRow(channels);
  const int64_t size = rows * channels;
  switch (activation) {
    case Activation::none: gradientSumsPiece<Identity>(dy, x, size, width, scaling, sums, products); break;
    case Activation::relu: gradientSumsPiece<Relu>(dy, x, size, width, scaling, sums, products); break;
    case Activation::silu: gradientSumsPiece<Silu>(dy, x, size, width, scaling, sums, products); break;
  }
  foldSums(sums, channels, width);
  foldSums(products, channels, width);
}

// dx = g · factor, plus the correction if there is one.
template <typename Act, bool corrected, typename T>
inline void inputGradientPiece(const T* dy, const T* x, T* dx, int64_t size, int64_t width, const Scaling& scaling, const Correction& correction) {
  eachVector(size, width, [&](int64_t i, int64_t c, int64_t count) {
    const bool whole = count == LANES;
    const Vector d = (whole ? load(x + i) : loadPart(x + i, count)) - load(scaling.mean + c);
    const Vector g = (whole ? load(dy + i) : loadPart(dy + i, count)) * Act::slope(scaled(scaling, d, c));
    Vector result = g * load(scaling.factor + c);
    if (corrected) result += d * load(correction.slope + c) + load(correction.shift + c);
    if (whole) {
      store(dx + i, result);
    } else {
      storePart(dx + i, result, count);
    }
  });
}

template <typename Act, typename T>
inline void inputGradientOf(const T* dy, const T* x, T* dx, int64_t size, int64_t width, const Scaling& scaling, const Correction* correction) {
  if (correction != nullptr) {
    inputGradientPiece<Act, true>(dy, x, dx, size, width, scaling, *correction);
  } else {
    inputGradientPiece<Act, false>(dy, x, dx, size, width, scaling, {});
  }
}

template <typename T>
inline void inputGradient(const T* dy, const T* x, T* dx, int64_t rows, int64_t channels, const Scaling& scaling, Activation activation,
                          const Correction* correction) {
  const int64_t width = wideRow(channels);
  const int64_t size = rows * channels;
  switch (activation) {
    case Activation::none: return inputGradientOf<Identity>(dy, x, dx, size, width, scaling, correction);
    case Activation::relu: return inputGradientOf<Relu>(dy, x, dx, size, width, scaling, correction);
    case Activation::silu: return inputGradientOf<Silu>(dy, x, dx, size, width, scaling, correction);
  }
}
