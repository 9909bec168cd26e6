// What the operations of ring-blur.cc hand to its kernels.
#pragma once

#include <cstdint>

namespace deepfake_game {

// The rings of a window: how far their taps are, as −d²/2, and how many they are.
struct RingShapes {
  int64_t count = 0;
  const float* exponents = nullptr;
  const float* taps = nullptr;
};

// Places of a blur map that lie one after another in memory, and the numbers of the images that each of them governs: `each` channels of a pixel.
struct BlurRun {
  int64_t places = 0;
  int64_t each = 0;
  const float* inverse = nullptr;      // 1/σ² [places]
  const float* differences = nullptr;  // D [places · each, rings]
};

}  // namespace deepfake_game
