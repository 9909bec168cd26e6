// The pixel-wise Gaussian blur from the differences that rings.cc makes, and its gradient in the map of 1/σ²: each in one pass over memory, where a dozen
// operations on tensors of images × rings made one each.
#include "ring-blur.h"

#include <algorithm>
#include <cstring>
#include <map>
#include <vector>

#include "op.h"
#include "parallel.h"

#define KERNELS "ring-blur-kernels.h"
#include "each-instruction-set.h"

namespace deepfake_game {
namespace {

// The rings outside the centre, nearest first, as rings.cc has them.
struct Window {
  explicit Window(int64_t radius) {
    std::map<int64_t, int64_t> taps;
    for (int64_t u = -radius; u <= radius; u++) {
      for (int64_t v = -radius; v <= radius; v++) taps[u * u + v * v]++;
    }
    taps.erase(0);
    for (const auto& [squaredDistance, count] : taps) {
      exponents_.push_back(-0.5f * static_cast<float>(squaredDistance));
      taps_.push_back(static_cast<float>(count));
    }
  }

  int64_t count() const { return static_cast<int64_t>(taps_.size()); }
  RingShapes shapes() const { return {count(), exponents_.data(), taps_.data()}; }

 private:
  std::vector<float> exponents_, taps_;
};

// How a map [N or 1, H, W, C or 1] lies over images [N, H, W, C]. Work is cut into stretches of the map.
struct Layout {
  bool hold(Call& call, const Tensor& images, const Tensor& differences, const Tensor& inverse, int64_t rings) {
    if (call.failed()) return false;
    const auto& x = images.dims;
    const auto& map = inverse.dims;
    const bool fits = x.size() == 4 && map.size() == 4 && (map[0] == x[0] || map[0] == 1) && map[1] == x[1] && map[2] == x[2] &&
                      (map[3] == x[3] || map[3] == 1) && differences.size == images.size * rings;
    if (!fits) {
      call.fail("a blur wants images [N, H, W, C], their ring differences [N, H·W, C, rings] and a map [N or 1, H, W, C or 1]");
      return false;
    }
    each = x[3] / std::max<int64_t>(map[3], 1);
    perMap = map[1] * map[2] * map[3];
    maps = map[0];
    shared = maps == 0 ? 0 : x[0] / maps;
    bands = (perMap + PLACES - 1) / PLACES;
    return true;
  }

  int64_t pieces() const { return maps * bands; }

  // Calls `work(first place of the map, first place of the images, places)` for each image that the piece's stretch of the map governs.
  template <typename Work>
  void forImages(int64_t piece, const Work& work) const {
    const int64_t map = piece / bands, begin = piece % bands * PLACES;
    for (int64_t image = 0; image < shared; image++) {
      work(map * perMap + begin, (map * shared + image) * perMap + begin, std::min(PLACES, perMap - begin));
    }
  }

  static constexpr int64_t PLACES = 4096;
  int64_t each = 0, perMap = 0, maps = 0, shared = 0, bands = 0;
};

// Scratch for the weights of LANES places; the widest vectors have sixteen.
std::vector<float> weightsOf(int64_t rings) { return std::vector<float>(rings * 16); }

struct RingBlur {
  explicit RingBlur(const Attributes& attributes) : window(attributes.integer("radius")) {}

  void operator()(Call& call) const {
    const Tensor images = call.input(0), differences = call.input(1), inverse = call.input(2);
    Layout layout;
    if (!layout.hold(call, images, differences, inverse, window.count())) return;
    const Tensor blurred = call.output(0, TF_FLOAT, images.dims);
    if (call.failed()) return;
    const RingShapes rings = window.shapes();
    parallelFor(layout.pieces(), [&](int64_t piece) {
      std::vector<float> weights = weightsOf(rings.count);
      layout.forImages(piece, [&](int64_t map, int64_t place, int64_t places) {
        const int64_t at = place * layout.each;
        const BlurRun run{places, layout.each, inverse.as<float>() + map, differences.as<float>() + at * rings.count};
        INSTRUCTION_SETS(blurPlaces)(rings, run, images.as<float>() + at, weights.data(), blurred.as<float>() + at);
      });
    });
  }

  const Window window;
};

struct RingBlurMapGradient {
  explicit RingBlurMapGradient(const Attributes& attributes) : window(attributes.integer("radius")) {}

  void operator()(Call& call) const {
    const Tensor dy = call.input(0), differences = call.input(1), inverse = call.input(2);
    Layout layout;
    if (!layout.hold(call, dy, differences, inverse, window.count())) return;
    const Tensor gradient = call.output(0, TF_FLOAT, inverse.dims);
    if (call.failed()) return;
    const RingShapes rings = window.shapes();
    parallelFor(layout.pieces(), [&](int64_t piece) {
      std::vector<float> weights = weightsOf(rings.count);
      bool first = true;
      // Images that share a map are added in their order.
      layout.forImages(piece, [&](int64_t map, int64_t place, int64_t places) {
        float* to = gradient.as<float>() + map;
        if (first) std::fill(to, to + places, 0.f);
        first = false;
        const int64_t at = place * layout.each;
        const BlurRun run{places, layout.each, inverse.as<float>() + map, differences.as<float>() + at * rings.count};
        INSTRUCTION_SETS(mapGradientOfPlaces)(rings, run, dy.as<float>() + at, weights.data(), to);
      });
    });
  }

  const Window window;
};

const Operation<RingBlur> ringBlur("DeepfakeGame>RingBlur", {"images: float", "differences: float", "inverse: float"}, {"blurred: float"}, {"radius: int"});
const Operation<RingBlurMapGradient> mapGradient("DeepfakeGame>RingBlurMapGradient", {"dy: float", "differences: float", "inverse: float"}, {"gradient: float"},
                                                 {"radius: int"});

}  // namespace
}  // namespace deepfake_game
