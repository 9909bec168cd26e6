// Convolutions of few input channels (an image's), NHWC, SAME padding, float32: their kernels are too thin for vectors over channels, so what each output
// sees is laid out as one row of a matrix, in the cache, a row of outputs at a time.
#include "few-channels.h"

#include <algorithm>

#include "op.h"
#include "same-padding.h"
#include "workers.h"

#define KERNELS "few-channels-kernels.h"
#include "each-instruction-set.h"

namespace deepfake_game {
namespace {

int64_t padded(int64_t channels) {
  const int64_t panel = INSTRUCTION_SETS(panelWidth)();
  return ceilOf(channels, panel) * panel;
}

Patches patchesOf(const std::vector<int64_t>& x, int64_t side, int64_t out, int64_t stride) {
  Patches shape;
  shape.height = x[1];
  shape.width = x[2];
  shape.channels = x[3];
  shape.rows = ceilOf(shape.height, stride);
  shape.columns = ceilOf(shape.width, stride);
  shape.side = side;
  shape.stride = stride;
  shape.top = paddingBefore(shape.height, side, stride);
  shape.left = paddingBefore(shape.width, side, stride);
  shape.depth = side * side * shape.channels;
  shape.out = out;
  return shape;
}

struct FewChannels {
  explicit FewChannels(const Attributes& attributes) : stride(attributes.integer("stride")) {}
  const int64_t stride;

  void operator()(Call& call) const {
    const Tensor x = call.input(0), kernel = call.input(1);
    if (call.failed()) return;
    if (x.dims.size() != 4 || kernel.dims.size() != 4 || kernel.dims[0] != kernel.dims[1] || x.last() != kernel.dims[2]) {
      return call.fail("wants x [n, height, width, in] and kernel [side, side, in, out]");
    }
    if (stride < 1) return call.fail("wants a stride of 1 or more");
    const Patches shape = patchesOf(x.dims, kernel.dims[0], kernel.last(), stride);
    const Tensor y = call.output(0, TF_FLOAT, {x.dims[0], shape.rows, shape.columns, shape.out});
    if (call.failed() || y.size == 0) return;
    const int64_t pieces = x.dims[0] * shape.rows, workers = workersFor(pieces);
    float* panels = call.scratch<float>(shape.depth * padded(shape.out));
    const int64_t each = shape.side * shape.paddedRow() + shape.rowOfPatches();
    float* scratch = call.scratch<float>(workers * each);
    if (call.failed()) return;
    INSTRUCTION_SETS(layPanels)(kernel.as<float>(), shape.depth, shape.out, panels);
    withWorkers(pieces, workers, [&](int64_t piece, int64_t worker) {
      const float* image = x.as<float>() + piece / shape.rows * shape.height * shape.width * shape.channels;
      float* rows = scratch + worker * each;
      float* patches = rows + shape.side * shape.paddedRow();
      INSTRUCTION_SETS(gatherPatches)(shape, image, piece % shape.rows, rows, patches);
      INSTRUCTION_SETS(multiplyPatches)(shape, patches, panels, y.as<float>() + piece * shape.columns * shape.out);
    });
  }
};

struct FewChannelsKernelGradient {
  explicit FewChannelsKernelGradient(const Attributes& attributes) : stride(attributes.integer("stride")), side(attributes.integer("side")) {}
  const int64_t stride, side;

  void operator()(Call& call) const {
    const Tensor x = call.input(0), dy = call.input(1);
    if (call.failed()) return;
    if (x.dims.size() != 4 || dy.dims.size() != 4 || x.dims[0] != dy.dims[0]) {
      return call.fail("wants x [n, height, width, in] and dy [n, height, width, out]");
    }
    if (stride < 1 || side < 1) return call.fail("wants a stride and a side of 1 or more");
    const Patches shape = patchesOf(x.dims, side, dy.last(), stride);
    if (dy.dims[1] != shape.rows || dy.dims[2] != shape.columns) return call.fail("x and dy do not match");
    const Tensor gradient = call.output(0, TF_FLOAT, {side, side, shape.channels, shape.out});
    if (call.failed()) return;
    sum(call, shape, x, dy, gradient.as<float>());
  }

  // Rows of outputs are summed in groups of a fixed size, and the groups in order, whoever computes them.
  void sum(Call& call, const Patches& shape, const Tensor& x, const Tensor& dy, float* gradient) const {
    constexpr int64_t ROWS = 32;
    const int64_t rows = x.dims[0] * shape.rows, groups = ceilOf(rows, ROWS), workers = workersFor(groups);
    const int64_t sumSize = shape.depth * padded(shape.out);
    float* sums = call.scratch<float>(groups * sumSize);
    const int64_t each = shape.side * shape.paddedRow() + shape.rowOfPatches() + shape.columns * padded(shape.out);
    float* scratch = call.scratch<float>(workers * each);
    if (call.failed()) return;
    std::fill(sums, sums + groups * sumSize, 0.f);
    withWorkers(groups, workers, [&](int64_t group, int64_t worker) {
      float* padded = scratch + worker * each;
      float* patches = padded + shape.side * shape.paddedRow();
      float* panels = patches + shape.rowOfPatches();
      for (int64_t row = group * ROWS; row < std::min((group + 1) * ROWS, rows); row++) {
        const float* image = x.as<float>() + row / shape.rows * shape.height * shape.width * shape.channels;
        INSTRUCTION_SETS(gatherPatches)(shape, image, row % shape.rows, padded, patches);
        INSTRUCTION_SETS(layPanels)(dy.as<float>() + row * shape.columns * shape.out, shape.columns, shape.out, panels);
        INSTRUCTION_SETS(addPatchProducts)(shape, patches, panels, sums + group * sumSize);
      }
    });
    const int64_t panel = INSTRUCTION_SETS(panelWidth)();
    for (int64_t d = 0; d < shape.depth; d++) {
      for (int64_t o = 0; o < shape.out; o++) {
        const float* at = sums + o / panel * panel * shape.depth + d * panel + o % panel;
        float total = 0;
        for (int64_t group = 0; group < groups; group++) total += at[group * sumSize];
        gradient[d * shape.out + o] = total;
      }
    }
  }
};

const Operation<FewChannels> convolution("DeepfakeGame>FewChannelsConv", {"x: float", "kernel: float"}, {"y: float"}, {"stride: int"});
const Operation<FewChannelsKernelGradient> kernelGradient("DeepfakeGame>FewChannelsConvKernelGradient", {"x: float", "dy: float"}, {"gradient: float"},
                                                          {"stride: int", "side: int"});

}  // namespace
}  // namespace deepfake_game
