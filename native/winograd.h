// What the operations of winograd.cc hand to its kernels.
#pragma once

#include <cstdint>

namespace deepfake_game {

// Which convolution of 3 × 3 taps: stride 1; the same turned round, for its gradient with respect to the input; stride 2; stride 2's gradient with respect
// to its input.
enum class Filtering { same, sameRotated, down, up };

// A matrix for every point, `point` floats apart, each cut into panels of `width` columns, `panel` floats apart: rows lie one after another in a panel.
struct PointMatrices {
  float* data = nullptr;
  int64_t point = 0;
  int64_t panel = 0;
  int64_t width = 0;
  float* at(int64_t row, int64_t column) const { return data + column / width * panel + row * width + column % width; }
};

// A plane of images [n, height, width, channels] in rows × columns tiles an image, `step` pixels apart, the first one at `origin` (y, x).
struct Tiles {
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 0;
  int64_t rows = 0;
  int64_t columns = 0;
  int64_t step = 0;
  int64_t origin[2] = {0, 0};
};

struct Filter {
  Filtering filtering = Filtering::same;
  int64_t points = 0;
  const float* input = nullptr;
  float* output = nullptr;
  Tiles from;
  Tiles to;
  PointMatrices kernel;
  const float* zeros = nullptr;  // as many as the input has channels
};

struct FilterGradient {
  Filtering filtering = Filtering::same;
  int64_t points = 0;
  const float* input = nullptr;
  const float* gradient = nullptr;
  Tiles from;
  Tiles to;
  PointMatrices inputs;
  PointMatrices gradients;
  PointMatrices sums;
  const float* zeros = nullptr;  // as many as input or gradient have channels
};

// Tiles whose products are summed in registers: a panel of them fits the first-level cache.
constexpr int64_t TILES_AT_ONCE = 128;

}  // namespace deepfake_game
