// What the operations of few-channels.cc hand to their kernels.
#pragma once

#include <cstdint>

namespace deepfake_game {

// A convolution with SAME padding as products of patches: a patch is what one output sees, `depth` = side² · channels floats in the order of the kernel.
struct Patches {
  int64_t height = 0;
  int64_t width = 0;
  int64_t channels = 0;
  int64_t rows = 0;  // of outputs
  int64_t columns = 0;
  int64_t side = 0;
  int64_t stride = 0;
  int64_t top = 0;  // rows and columns of zeros before the image
  int64_t left = 0;
  int64_t depth = 0;
  int64_t out = 0;  // output channels

  // Floats in a row of the image with the zeros that the kernel meets, and in all patches of a row of outputs; both with room for a vector more.
  int64_t paddedRow() const { return ((columns - 1) * stride + side) * channels + 16; }
  int64_t rowOfPatches() const { return columns * depth + 16; }
};

}  // namespace deepfake_game
