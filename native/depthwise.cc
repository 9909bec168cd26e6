// Depthwise convolutions of images: forward, and back to the images and to the filter. TensorFlow's SAME padding.
#include <algorithm>
#include <cstring>
#include <string>
#include <utility>

#include "depthwise-shape.h"
#include "op.h"
#include "parallel.h"
#include "same-padding.h"

#define KERNELS "depthwise-kernels.h"
#include "each-instruction-set.h"

namespace deepfake_game {
namespace {

// Outputs that one piece of work computes, at least; the last piece of a filter gradient's sum may be smaller.
constexpr int64_t PIECE_PIXELS = 512;

DepthwiseShape shapeOf(Call& call, const std::vector<int64_t>& x, const std::vector<int64_t>& filter, int64_t stride) {
  DepthwiseShape shape{};
  if (x.size() != 4 || filter.size() != 4 || filter[0] != filter[1] || (filter[0] != 3 && filter[0] != 5) || filter[2] != x[3] ||
      filter[3] != 1) {
    call.fail("a depthwise convolution takes images [N, H, W, C] and a filter [K, K, C, 1] of K = 3 or 5");
    return shape;
  }
  if (stride != 1 && stride != 2) {
    call.fail("a depthwise convolution has stride 1 or 2, not " + std::to_string(stride));
    return shape;
  }
  shape.images = x[0], shape.height = x[1], shape.width = x[2], shape.channels = x[3];
  shape.kernel = filter[0], shape.stride = stride;
  shape.outputHeight = ceilOf(x[1], stride);
  shape.outputWidth = ceilOf(x[2], stride);
  shape.top = paddingBefore(x[1], shape.kernel, stride);
  shape.left = paddingBefore(x[2], shape.kernel, stride);
  return shape;
}

void checkErrors(Call& call, const Tensor& dy, const DepthwiseShape& shape) {
  if (dy.dims != std::vector<int64_t>{shape.images, shape.outputHeight, shape.outputWidth, shape.channels}) {
    call.fail("the gradient of a depthwise convolution does not have its output's shape");
  }
}

template <typename X>
const X* zerosFor(Call& call, const DepthwiseShape& shape) {
  X* zeros = call.scratch<X>(shape.channels);
  if (!call.failed()) std::memset(zeros, 0, shape.channels * sizeof(X));
  return zeros;
}

// Calls work(begin, end, piece) for pieces of the rows; their size depends on the row's width alone.
struct Pieces {
  int64_t rows, size, count;
  Pieces(int64_t rows, int64_t width) : rows(rows), size(std::max<int64_t>(1, PIECE_PIXELS / std::max<int64_t>(1, width))), count((rows + size - 1) / size) {}
  template <typename Work>
  void forEach(const Work& work) const {
    parallelFor(count, [&](int64_t piece) { work(piece * size, std::min(rows, (piece + 1) * size), piece); });
  }
};

// Where what a tile computes beyond the end of its row goes.
template <typename X>
X* nowhereFor(Call& call, const DepthwiseShape& shape, int64_t pieces) {
  return call.scratch<X>(shape.channels * pieces);
}

struct Depthwise {
  explicit Depthwise(const Attributes& attributes) : stride(attributes.integer("stride")) {}

  void operator()(Call& call) const {
    const Tensor x = call.input(0);
    if (x.dtype == TF_FLOAT) run<float>(call, x);
    else run<uint16_t>(call, x);
  }

  template <typename X>
  void run(Call& call, const Tensor& x) const {
    const Tensor filter = call.input(1);
    const DepthwiseShape shape = shapeOf(call, x.dims, filter.dims, stride);
    if (call.failed()) return;
    const Tensor y = call.output(0, x.dtype, {shape.images, shape.outputHeight, shape.outputWidth, shape.channels});
    const Pieces pieces(shape.images * shape.outputHeight, shape.outputWidth);
    const X* zeros = zerosFor<X>(call, shape);
    X* nowhere = nowhereFor<X>(call, shape, pieces.count);
    if (call.failed()) return;
    const auto rows = INSTRUCTION_SETS(depthwiseForward<X>);
    pieces.forEach([&](int64_t begin, int64_t end, int64_t piece) {
      rows(shape, x.as<X>(), filter.as<float>(), y.as<X>(), zeros, nowhere + piece * shape.channels, begin, end);
    });
  }

  const int64_t stride;
};

// dx, of height and width as given, from dy and the filter.
struct DepthwiseInputGrad {
  explicit DepthwiseInputGrad(const Attributes& attributes)
      : stride(attributes.integer("stride")), height(attributes.integer("height")), width(attributes.integer("width")) {}

  void operator()(Call& call) const {
    const Tensor dy = call.input(0);
    if (dy.dtype == TF_FLOAT) run<float>(call, dy);
    else run<uint16_t>(call, dy);
  }

  template <typename X>
  void run(Call& call, const Tensor& dy) const {
    const Tensor filter = call.input(1);
    if (call.failed()) return;
    const std::vector<int64_t> dims{dy.dims.empty() ? 0 : dy.dims[0], height, width, dy.last()};
    const DepthwiseShape shape = shapeOf(call, dims, filter.dims, stride);
    checkErrors(call, dy, shape);
    if (call.failed()) return;
    const Tensor dx = call.output(0, dy.dtype, dims);
    const Pieces pieces(shape.images * shape.height, shape.width);
    const X* zeros = zerosFor<X>(call, shape);
    X* nowhere = nowhereFor<X>(call, shape, pieces.count);
    if (call.failed()) return;
    const auto rows = INSTRUCTION_SETS(depthwiseBackward<X>);
    pieces.forEach([&](int64_t begin, int64_t end, int64_t piece) {
      rows(shape, dy.as<X>(), filter.as<float>(), dx.as<X>(), zeros, nowhere + piece * shape.channels, begin, end);
    });
  }

  const int64_t stride, height, width;
};

// The filter's gradient: each piece of rows sums for itself, then the pieces are summed in their order.
struct DepthwiseFilterGrad {
  explicit DepthwiseFilterGrad(const Attributes& attributes) : stride(attributes.integer("stride")), kernel(attributes.integer("kernel")) {}

  void operator()(Call& call) const {
    const Tensor x = call.input(0);
    if (x.dtype == TF_FLOAT) run<float>(call, x);
    else run<uint16_t>(call, x);
  }

  template <typename X>
  void run(Call& call, const Tensor& x) const {
    const Tensor dy = call.input(1);
    if (call.failed()) return;
    const std::vector<int64_t> dims{kernel, kernel, x.last(), 1};
    const DepthwiseShape shape = shapeOf(call, x.dims, dims, stride);
    checkErrors(call, dy, shape);
    if (call.failed()) return;
    const Tensor gradient = call.output(0, TF_FLOAT, dims);
    const Pieces pieces(shape.images * shape.outputHeight, shape.outputWidth);
    const X* zeros = zerosFor<X>(call, shape);
    const int64_t size = kernel * kernel * shape.channels;
    float* sums = call.scratch<float>(size * pieces.count);
    if (call.failed()) return;
    const auto rows = INSTRUCTION_SETS(depthwiseFilter<X>);
    pieces.forEach([&](int64_t begin, int64_t end, int64_t piece) {
      float* own = sums + piece * size;
      std::memset(own, 0, size * sizeof(float));
      rows(shape, x.as<X>(), dy.as<X>(), own, zeros, begin, end);
    });
    float* total = gradient.as<float>();
    for (int64_t i = 0; i < size; i++) {
      double sum = 0;
      for (int64_t piece = 0; piece < pieces.count; piece++) sum += sums[piece * size + i];
      total[i] = static_cast<float>(sum);
    }
  }

  const int64_t stride, kernel;
};

const Operation<Depthwise> depthwise("DeepfakeGame>Depthwise", {"x: T", "filter: float"}, {"y: T"}, {"T: {float, bfloat16}", "stride: int"});
const Operation<DepthwiseInputGrad> inputGrad("DeepfakeGame>DepthwiseInputGrad", {"dy: T", "filter: float"}, {"dx: T"},
                                              {"T: {float, bfloat16}", "stride: int", "height: int", "width: int"});
const Operation<DepthwiseFilterGrad> filterGrad("DeepfakeGame>DepthwiseFilterGrad", {"x: T", "dy: T"}, {"gradient: float"},
                                                {"T: {float, bfloat16}", "stride: int", "kernel: int"});

}  // namespace
}  // namespace deepfake_game
