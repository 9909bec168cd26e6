// The shape of a depthwise convolution, NHWC, one output channel for each input channel.
#pragma once

#include <cstdint>

namespace deepfake_game {

struct DepthwiseShape {
  int64_t images, height, width, channels;
  int64_t outputHeight, outputWidth;
  // Side of the filter, and how far it moves from output to output.
  int64_t kernel, stride;
  // Rows and columns of zeros before the image; TensorFlow's SAME puts the odd one after it.
  int64_t top, left;
};

}  // namespace deepfake_game
