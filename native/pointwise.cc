// Convolutions with a filter of one pixel, float32: forward, back to the images and to the filter. Pixels are the rows of a matrix.
#include <algorithm>
#include <cstring>

#include "op.h"
#include "parallel.h"
#include "same-padding.h"

#define KERNELS "pointwise-kernels.h"
#include "each-instruction-set.h"

namespace deepfake_game {
namespace {

// The pixels of [N, H, W, C] as rows.
int64_t rowsOf(const Tensor& images) { return images.last() == 0 ? 0 : images.size / images.last(); }

bool isPixelFilter(const std::vector<int64_t>& dims) { return dims.size() == 4 && dims[0] == 1 && dims[1] == 1; }

// y = x · filter or, with `transposed`, dx = dy · filterᵀ.
struct Pointwise {
  explicit Pointwise(const Attributes& attributes) : transposed(attributes.flag("transposed")) {}

  void operator()(Call& call) const {
    const Tensor x = call.input(0);
    const Tensor filter = call.input(1);
    if (call.failed()) return;
    if (x.dims.size() != 4 || !isPixelFilter(filter.dims) || filter.dims[transposed ? 3 : 2] != x.last()) {
      return call.fail("a convolution by single pixels takes images [N, H, W, C] and a filter [1, 1, C, D]");
    }
    const int64_t depth = x.last(), columns = filter.dims[transposed ? 2 : 3];
    const Tensor y = call.output(0, TF_FLOAT, {x.dims[0], x.dims[1], x.dims[2], columns});
    const int64_t panel = INSTRUCTION_SETS(pointwisePanel)();
    float* panels = call.scratch<float>(ceilOf(columns, panel) * panel * depth);
    if (call.failed()) return;
    const int64_t rowStep = transposed ? 1 : columns, columnStep = transposed ? depth : 1;
    parallelFor(ceilOf(columns, panel), [&](int64_t i) {
      INSTRUCTION_SETS(layPanel)(filter.as<float>(), rowStep, columnStep, depth, columns, i, panels + i * panel * depth);
    });
    // So many rows that they stay in the second cache while all panels pass.
    const int64_t rows = rowsOf(x);
    const int64_t piece = std::clamp<int64_t>(32768 / std::max<int64_t>(depth, 1) / 12 * 12, 24, 192);
    parallelFor(ceilOf(rows, piece), [&](int64_t i) {
      INSTRUCTION_SETS(multiplyByPanels)(x.as<float>(), panels, y.as<float>(), depth, columns, i * piece, std::min(rows, (i + 1) * piece));
    });
  }

  const bool transposed;
};

// dfilter = xᵀ · dy. Blocks of pixels sum for themselves, then the blocks are summed in their order.
struct PointwiseFilterGrad {
  explicit PointwiseFilterGrad(const Attributes&) {}
  // Pixels whose channels of one panel fit the first cache.
  static constexpr int64_t BLOCK = 256;
  static constexpr int64_t MOST_SUMS = 64;
  static constexpr int64_t PANELS_OF_A_PIECE = 4;

  void operator()(Call& call) const {
    const Tensor x = call.input(0);
    const Tensor dy = call.input(1);
    if (call.failed()) return;
    if (x.dims.size() != 4 || dy.dims.size() != 4 || !std::equal(x.dims.begin(), x.dims.begin() + 3, dy.dims.begin())) {
      return call.fail("a convolution by single pixels has as many outputs as inputs, [N, H, W, C] and [N, H, W, D]");
    }
    const int64_t depth = x.last(), columns = dy.last(), rows = rowsOf(x);
    const Tensor gradient = call.output(0, TF_FLOAT, {1, 1, depth, columns});
    const int64_t panel = INSTRUCTION_SETS(pointwisePanel)();
    const int64_t panels = ceilOf(columns, panel);
    const int64_t blocks = std::max<int64_t>(1, ceilOf(ceilOf(rows, BLOCK), MOST_SUMS)), span = blocks * BLOCK;
    const int64_t spans = ceilOf(rows, span), groups = ceilOf(panels, PANELS_OF_A_PIECE);
    // [spans, panels, depth, panel], and room for one block of one panel for each piece.
    float* sums = call.scratch<float>(spans * panels * depth * panel);
    float* laid = call.scratch<float>(spans * groups * BLOCK * panel);
    if (call.failed()) return;
    parallelFor(spans * groups, [&](int64_t piece) {
      const int64_t own = piece / groups, first = piece % groups * PANELS_OF_A_PIECE;
      float* block = laid + piece * BLOCK * panel;
      for (int64_t row = own * span; row < std::min(rows, (own + 1) * span); row += BLOCK) {
        const int64_t count = std::min(BLOCK, rows - row);
        for (int64_t i = first; i < std::min(panels, first + PANELS_OF_A_PIECE); i++) {
          INSTRUCTION_SETS(layPanel)(dy.as<float>() + row * columns, columns, 1, count, columns, i, block);
          float* to = sums + (own * panels + i) * depth * panel;
          INSTRUCTION_SETS(multiplyTransposed)(x.as<float>() + row * depth, block, to, count, depth, row > own * span);
        }
      }
    });
    parallelFor(panels, [&](int64_t i) {
      const int64_t width = std::min(panel, columns - i * panel);
      for (int64_t r = 0; r < depth; r++) {
        const float* from = sums + (i * depth + r) * panel;
        float* to = gradient.as<float>() + r * columns + i * panel;
        for (int64_t c = 0; c < width; c++) {
          double sum = 0;
          for (int64_t own = 0; own < spans; own++) sum += from[own * panels * depth * panel + c];
          to[c] = static_cast<float>(sum);
        }
      }
    });
  }
};

const Operation<Pointwise> pointwise("DeepfakeGame>Pointwise", {"x: float", "filter: float"}, {"y: float"}, {"transposed: bool"});
const Operation<PointwiseFilterGrad> filterGrad("DeepfakeGame>PointwiseFilterGrad", {"x: float", "dy: float"}, {"gradient: float"}, {});

}  // namespace
}  // namespace deepfake_game
