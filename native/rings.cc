// For each ring of a k × k window the sum of neighbour − centre, with reflected borders: what a pixel-wise Gaussian blur is made of.
#include <algorithm>
#include <cstring>
#include <map>

#include "op.h"
#include "parallel.h"

namespace deepfake_game {

// A neighbour: its row within the window, and how many numbers it lies beside the centre.
struct Tap {
  int64_t row, offset;
};
struct Ring {
  std::vector<Tap> taps;
};

}  // namespace deepfake_game

#define KERNELS "rings-kernels.h"
#include "each-instruction-set.h"

namespace deepfake_game {
namespace {

std::vector<Ring> ringsOf(int64_t radius, int64_t channels) {
  std::map<int64_t, Ring> byDistance;
  for (int64_t u = -radius; u <= radius; u++) {
    for (int64_t v = -radius; v <= radius; v++) {
      if (u != 0 || v != 0) byDistance[u * u + v * v].taps.push_back({u + radius, v * channels});
    }
  }
  std::vector<Ring> rings;
  for (const auto& [distance, ring] : byDistance) rings.push_back(ring);
  return rings;
}

// The edge itself is not repeated.
int64_t reflected(int64_t i, int64_t size) { return i < 0 ? -i : i >= size ? 2 * (size - 1) - i : i; }

struct RingDifferences {
  explicit RingDifferences(const Attributes& attributes) : radius(attributes.integer("radius")) {}

  void operator()(Call& call) const {
    const Tensor x = call.input(0);
    if (call.failed()) return;
    if (x.dims.size() != 4 || radius < 1 || x.dims[1] <= radius || x.dims[2] <= radius) {
      return call.fail("ring differences take images [N, H, W, C] larger than the window's radius, which is at least 1");
    }
    const int64_t height = x.dims[1], width = x.dims[2], channels = x.dims[3];
    const std::vector<Ring> rings = ringsOf(radius, channels);
    const int64_t count = static_cast<int64_t>(rings.size()), length = width * channels, padded = length + 2 * radius * channels;
    const Tensor y = call.output(0, TF_FLOAT, {x.dims[0], height * width, channels, count});
    // A piece is so many rows of one image; each keeps the rows of its window with their borders, and its sums.
    constexpr int64_t ROWS = 16;
    const int64_t side = 2 * radius + 1, bands = (height + ROWS - 1) / ROWS;
    const int64_t room = side * padded + count * length;
    if (call.failed()) return;
    parallelFor(x.dims[0] * bands, [&](int64_t piece) {
      const float* image = x.as<float>() + piece / bands * height * length;
      std::vector<float> scratch(room);
      float* window = scratch.data();
      const int64_t begin = piece % bands * ROWS, end = std::min(height, begin + ROWS);
      std::vector<const float*> rows(side);
      for (int64_t row = begin - radius; row < end + radius; row++) {
        // Row r of the image lies at r modulo the window's side, so each is laid once.
        float* to = window + (row + side) % side * padded;
        const float* from = image + reflected(row, height) * length;
        for (int64_t v = 0; v < radius; v++) {
          std::memcpy(to + v * channels, from + (radius - v) * channels, channels * sizeof(float));
          std::memcpy(to + (radius + width + v) * channels, from + (width - 2 - v) * channels, channels * sizeof(float));
        }
        std::memcpy(to + radius * channels, from, length * sizeof(float));
        const int64_t centre = row - radius;
        if (centre < begin) continue;
        for (int64_t u = 0; u < side; u++) rows[u] = window + (centre - radius + u + side) % side * padded + radius * channels;
        float* result = y.as<float>() + ((piece / bands * height + centre) * length) * count;
        INSTRUCTION_SETS(ringRow)(rings.data(), count, rows.data(), radius, length, window + side * padded, result);
      }
    });
  }

  const int64_t radius;
};

const Operation<RingDifferences> ringDifferences("DeepfakeGame>RingDifferences", {"images: float"}, {"differences: float"}, {"radius: int"});

}  // namespace
}  // namespace deepfake_game
