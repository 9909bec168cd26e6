// TensorFlow's SAME padding: as many outputs as strides begin in the image, the odd row or column of zeros after it.
#pragma once

#include <algorithm>
#include <cstdint>

namespace deepfake_game {

// a / b, rounded up; a ≥ 0, b > 0.
inline int64_t ceilOf(int64_t a, int64_t b) { return (a + b - 1) / b; }

// Zeros before the first row or column of `size`, for a kernel of `side` taps.
inline int64_t paddingBefore(int64_t size, int64_t side, int64_t stride) {
  return std::max<int64_t>((ceilOf(size, stride) - 1) * stride + side - size, 0) / 2;
}

}  // namespace deepfake_game
