// Convolutions of 3 × 3 taps with SAME padding, stride 1 or 2, float32, channels last, by Winograd's minimal filtering: 36 multiplications for sixteen outputs
// instead of 144 (stride 1), 81 (stride 2). Blocks of tiles go through all three stages while they are in the cache.
#include "winograd.h"

#include <algorithm>

#include "op.h"
#include "same-padding.h"
#include "workers.h"

#define KERNELS "winograd-kernels.h"
#include "each-instruction-set.h"

namespace deepfake_game {
namespace {

int64_t padded(int64_t channels) {
  const int64_t panel = INSTRUCTION_SETS(panelWidth)();
  return ceilOf(channels, panel) * panel;
}

// A cache line between the points, so that those of one tile are not a power of two apart and do not push each other out of the cache.
constexpr int64_t GAP = 16;

// Matrices of `rows` rows: in one panel, so that rows lie one after another, or in the panels that products read.
int64_t floatsOf(int64_t points, int64_t rows, int64_t channels) { return points * (rows * padded(channels) + GAP); }
PointMatrices inRows(float* data, int64_t rows, int64_t channels) { return {data, rows * padded(channels) + GAP, 0, padded(channels)}; }
PointMatrices inPanels(float* data, int64_t rows, int64_t channels) {
  const int64_t panel = INSTRUCTION_SETS(panelWidth)();
  return {data, rows * padded(channels) + GAP, rows * panel, panel};
}

struct Plane {
  int64_t images, height, width, channels;
  explicit Plane(const std::vector<int64_t>& dims) : images(dims[0]), height(dims[1]), width(dims[2]), channels(dims[3]) {}
};

// The plane of the larger resolution and the one that a convolution makes of it, in matching tiles.
void tile(const Plane& large, const Plane& small, int64_t stride, bool transposed, Tiles* largeTiles, Tiles* smallTiles) {
  *largeTiles = {large.height, large.width, large.channels, 0, 0, 4 * stride, {-paddingBefore(large.height, 3, stride), -paddingBefore(large.width, 3, stride)}};
  *smallTiles = {small.height, small.width, small.channels, 0, 0, 4, {0, 0}};
  int64_t rows = ceilOf(small.height, 4), columns = ceilOf(small.width, 4);
  if (transposed) {
    // Here the large plane must be covered, and the small one is read from one row or column before.
    if (stride == 1) largeTiles->origin[0] = largeTiles->origin[1] = 0;
    smallTiles->origin[0] = smallTiles->origin[1] = -1;
    rows = ceilOf(large.height - largeTiles->origin[0], 4 * stride);
    columns = ceilOf(large.width - largeTiles->origin[1], 4 * stride);
  }
  largeTiles->rows = smallTiles->rows = rows;
  largeTiles->columns = smallTiles->columns = columns;
}

// [3, 3, in, out] → [3, 3, out, in].
float* swapChannels(Call& call, const float* taps, int64_t in, int64_t out) {
  float* swapped = call.scratch<float>(9 * in * out);
  if (call.failed()) return nullptr;
  constexpr int64_t BLOCK = 16;
  const int64_t blocks = ceilOf(out, BLOCK);
  parallelFor(9 * blocks, [&](int64_t piece) {
    const float* from = taps + piece / blocks * in * out;
    float* to = swapped + piece / blocks * in * out;
    const int64_t first = piece % blocks * BLOCK, last = std::min(first + BLOCK, out);
    for (int64_t i = 0; i < in; i++) {
      for (int64_t o = first; o < last; o++) to[o * in + i] = from[i * out + o];
    }
  });
  return swapped;
}

float* zerosOf(Call& call, int64_t count) {
  float* zeros = call.scratch<float>(count);
  if (!call.failed()) std::fill(zeros, zeros + count, 0.f);
  return zeros;
}

// Tiles that go through together: enough that reading the kernel's points does not bound the products, few enough to stay near, some blocks for every
// thread. Outputs do not depend on it.
int64_t tilesInBlock(int64_t tiles) { return std::clamp<int64_t>(ceilOf(tiles, 3 * threads()) / 6 * 6, 12, 48); }

// Runs a filter whose input, output and tiles are set; `taps` are [3, 3, from.channels, to.channels].
void run(Call& call, Filter& filter, const float* taps, int64_t images) {
  const int64_t in = filter.from.channels, out = filter.to.channels;
  const int64_t tiles = images * filter.from.rows * filter.from.columns;
  if (tiles == 0 || out == 0) return;
  const int64_t together = std::min(tilesInBlock(tiles), tiles);
  const int64_t blocks = ceilOf(tiles, together), workers = workersFor(blocks);
  const int64_t valuesSize = floatsOf(filter.points, together, in), productsSize = floatsOf(filter.points, together, out);
  filter.kernel = inPanels(call.scratch<float>(floatsOf(filter.points, in, out)), in, out);
  filter.zeros = zerosOf(call, in);
  const int64_t each = valuesSize + productsSize + padded(out);
  float* scratch = call.scratch<float>(workers * each);
  if (call.failed()) return;
  constexpr int64_t ROWS = 8;
  parallelFor(ceilOf(in, ROWS), [&](int64_t piece) {
    INSTRUCTION_SETS(transformKernel)(filter.filtering, taps, in, out, filter.kernel, piece * ROWS, std::min(ROWS, in - piece * ROWS));
  });
  withWorkers(blocks, workers, [&](int64_t block, int64_t worker) {
    float* mine = scratch + worker * each;
    INSTRUCTION_SETS(filterTiles)
    (filter, block * together, std::min(together, tiles - block * together), inRows(mine, together, in), inRows(mine + valuesSize, together, out),
     mine + valuesSize + productsSize);
  });
}

bool isKernel(const Tensor& kernel) { return kernel.dims.size() == 4 && kernel.dims[0] == 3 && kernel.dims[1] == 3; }

struct Convolution {
  explicit Convolution(const Attributes& attributes) : stride(attributes.integer("stride")) {}
  const int64_t stride;

  void operator()(Call& call) const {
    const Tensor x = call.input(0), kernel = call.input(1);
    if (call.failed()) return;
    if (x.dims.size() != 4 || !isKernel(kernel) || x.last() != kernel.dims[2]) {
      return call.fail("wants x [n, height, width, in] and kernel [3, 3, in, out]");
    }
    if (stride != 1 && stride != 2) return call.fail("wants stride 1 or 2");
    const Tensor y = call.output(0, TF_FLOAT, {x.dims[0], ceilOf(x.dims[1], stride), ceilOf(x.dims[2], stride), kernel.last()});
    if (call.failed()) return;
    Filter filter;
    filter.filtering = stride == 1 ? Filtering::same : Filtering::down;
    filter.points = stride == 1 ? 36 : 81;
    filter.input = x.as<float>();
    filter.output = y.as<float>();
    tile(Plane(x.dims), Plane(y.dims), stride, false, &filter.from, &filter.to);
    run(call, filter, kernel.as<float>(), x.dims[0]);
  }
};

struct ConvolutionInputGradient {
  explicit ConvolutionInputGradient(const Attributes& attributes)
      : stride(attributes.integer("stride")), height(attributes.integer("height")), width(attributes.integer("width")) {}
  const int64_t stride, height, width;

  void operator()(Call& call) const {
    const Tensor dy = call.input(0), kernel = call.input(1);
    if (call.failed()) return;
    if (dy.dims.size() != 4 || !isKernel(kernel) || dy.last() != kernel.dims[3]) {
      return call.fail("wants dy [n, height, width, out] and kernel [3, 3, in, out]");
    }
    if (stride != 1 && stride != 2) return call.fail("wants stride 1 or 2");
    if (dy.dims[1] != ceilOf(height, stride) || dy.dims[2] != ceilOf(width, stride)) return call.fail("dy is not of an input of this height and width");
    const Tensor dx = call.output(0, TF_FLOAT, {dy.dims[0], height, width, kernel.dims[2]});
    if (call.failed()) return;
    Filter filter;
    filter.filtering = stride == 1 ? Filtering::sameRotated : Filtering::up;
    filter.points = stride == 1 ? 36 : 81;
    filter.input = dy.as<float>();
    filter.output = dx.as<float>();
    tile(Plane(dx.dims), Plane(dy.dims), stride, true, &filter.to, &filter.from);
    const float* swapped = swapChannels(call, kernel.as<float>(), kernel.dims[2], kernel.dims[3]);
    if (!call.failed()) run(call, filter, swapped, dy.dims[0]);
  }
};

struct ConvolutionKernelGradient {
  explicit ConvolutionKernelGradient(const Attributes& attributes) : stride(attributes.integer("stride")) {}
  const int64_t stride;

  void operator()(Call& call) const {
    const Tensor x = call.input(0), dy = call.input(1);
    if (call.failed()) return;
    if (x.dims.size() != 4 || dy.dims.size() != 4 || x.dims[0] != dy.dims[0]) {
      return call.fail("wants x [n, height, width, in] and dy [n, height, width, out]");
    }
    if (stride != 1 && stride != 2) return call.fail("wants stride 1 or 2");
    if (dy.dims[1] != ceilOf(x.dims[1], stride) || dy.dims[2] != ceilOf(x.dims[2], stride)) return call.fail("x and dy do not match");
    const int64_t in = x.last(), out = dy.last();
    const Tensor gradient = call.output(0, TF_FLOAT, {3, 3, in, out});
    if (call.failed()) return;
    FilterGradient pair;
    pair.filtering = stride == 1 ? Filtering::same : Filtering::down;
    pair.points = stride == 1 ? 36 : 81;
    pair.input = x.as<float>();
    pair.gradient = dy.as<float>();
    tile(Plane(x.dims), Plane(dy.dims), stride, false, &pair.from, &pair.to);
    sum(call, pair, x.dims[0] * pair.from.rows * pair.from.columns, gradient.as<float>());
  }

  // The tiles go by in groups whose points fit the cache that cores share; the sums over a group are added in order, whoever computes them.
  void sum(Call& call, FilterGradient& pair, int64_t tiles, float* gradient) const {
    const int64_t in = pair.from.channels, out = pair.to.channels;
    if (tiles == 0 || in == 0 || out == 0) {
      std::fill(gradient, gradient + 9 * in * out, 0.f);
      return;
    }
    const int64_t room = (8 << 20) / (pair.points * (padded(in) + padded(out)) * static_cast<int64_t>(sizeof(float)));
    const int64_t together = std::min(std::clamp<int64_t>(room / TILES_AT_ONCE, 1, 8) * TILES_AT_ONCE, tiles);
    pair.inputs = inPanels(call.scratch<float>(floatsOf(pair.points, together, in)), together, in);
    pair.gradients = inPanels(call.scratch<float>(floatsOf(pair.points, together, out)), together, out);
    pair.sums = inRows(call.scratch<float>(floatsOf(pair.points, in, out)), in, out);
    pair.zeros = zerosOf(call, std::max(in, out));
    if (call.failed()) return;
    constexpr int64_t TILES = 8, ROWS = 8;
    for (int64_t first = 0; first < tiles; first += together) {
      const int64_t group = std::min(together, tiles - first);
      parallelFor(ceilOf(group, TILES), [&](int64_t piece) {
        INSTRUCTION_SETS(transformPairs)(pair, first + piece * TILES, std::min(TILES, group - piece * TILES), piece * TILES);
      });
      parallelFor(pair.points, [&](int64_t point) { INSTRUCTION_SETS(addProducts)(pair, point, group, first == 0); });
    }
    parallelFor(ceilOf(in, ROWS), [&](int64_t piece) {
      INSTRUCTION_SETS(finishKernelGradient)(pair, gradient, piece * ROWS, std::min(ROWS, in - piece * ROWS));
    });
  }
};

const Operation<Convolution> convolution("DeepfakeGame>Conv3x3", {"x: float", "kernel: float"}, {"y: float"}, {"stride: int"});
const Operation<ConvolutionInputGradient> inputGradient("DeepfakeGame>Conv3x3InputGradient", {"dy: float", "kernel: float"}, {"dx: float"},
                                                        {"stride: int", "height: int", "width: int"});
const Operation<ConvolutionKernelGradient> kernelGradient("DeepfakeGame>Conv3x3KernelGradient", {"x: float", "dy: float"}, {"gradient: float"},
                                                          {"stride: int"});

}  // namespace
}  // namespace deepfake_game
