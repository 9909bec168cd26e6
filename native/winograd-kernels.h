// Winograd's minimal filtering in two dimensions, tile by tile: points of tiles and kernels, products at every point, outputs. Included once for each
// instruction set (each-instruction-set.h): no guard.

namespace {  // templates of this name in another file must not be taken for these

#include "matrix-kernels.h"
#include "winograd-transforms.h"

inline int64_t panelWidth() { return PANEL; }

// The first `count` lanes; zeros where there are fewer than LANES.
inline Vector loadSome(const float* from, int64_t count) {
  Vector value{};
  if (count > 0) std::memcpy(&value, from, count * sizeof(float));
  return value;
}

// TO × TO values of FROM × FROM: the transform down the columns, then along the rows. `read(i)` gives a value, `write(i, value)` takes one.
template <typename T, typename Read, typename Write>
inline void inBothDirections(const Read& read, const Write& write) {
  Vector half[T::TO * T::FROM];
  for (int j = 0; j < T::FROM; j++) {
    Vector column[T::FROM], transformed[T::TO];
    for (int i = 0; i < T::FROM; i++) column[i] = read(i * T::FROM + j);
    T::apply(column, transformed);
    for (int i = 0; i < T::TO; i++) half[i * T::FROM + j] = transformed[i];
  }
  for (int i = 0; i < T::TO; i++) {
    Vector transformed[T::TO];
    T::apply(half + i * T::FROM, transformed);
    for (int j = 0; j < T::TO; j++) write(i * T::TO + j, transformed[j]);
  }
}

// From places in memory, `channels` values at each, to row `row` of the matrices of all points. Columns beyond the last channel, up to the end of the panel,
// become zero.
template <typename T>
inline void toPoints(const float* const* places, int64_t channels, const PointMatrices& matrices, int64_t row) {
  const int64_t point = matrices.point;
  for (int64_t c = 0; c < (channels + PANEL - 1) / PANEL * PANEL; c += LANES) {
    float* const to = matrices.at(row, c);
    const auto write = [=](int i, Vector value) { store(to + i * point, value); };
    const int64_t left = channels - c;
    if (left >= LANES) {
      inBothDirections<T>([=](int i) { return load(places[i] + c); }, write);
    } else {
      inBothDirections<T>([=](int i) { return loadSome(places[i] + c, left); }, write);
    }
  }
}

// The other way round: from row `row` of the matrices of all points to places in memory.
template <typename T>
inline void fromPoints(const PointMatrices& matrices, int64_t row, float* const* places, int64_t channels) {
  const int64_t point = matrices.point;
  for (int64_t c = 0; c < channels; c += LANES) {
    const float* const from = matrices.at(row, c);
    const auto read = [=](int i) { return load(from + i * point); };
    const int64_t left = channels - c;
    if (left >= LANES) {
      inBothDirections<T>(read, [=](int i, Vector value) { store(places[i] + c, value); });
    } else {
      inBothDirections<T>(read, [=](int i, Vector value) { std::memcpy(places[i] + c, &value, left * sizeof(float)); });
    }
  }
}

// Where the pixels of a tile lie; what is outside the image is at `outside`.
template <int SIDE, typename Value>
inline void locate(Value* plane, const Tiles& tiles, int64_t tile, Value* outside, Value** places) {
  const int64_t image = tile / (tiles.rows * tiles.columns), within = tile % (tiles.rows * tiles.columns);
  const int64_t top = tiles.origin[0] + within / tiles.columns * tiles.step, left = tiles.origin[1] + within % tiles.columns * tiles.step;
  for (int i = 0; i < SIDE; i++) {
    for (int j = 0; j < SIDE; j++) {
      const int64_t y = top + i, x = left + j;
      const bool inside = y >= 0 && y < tiles.height && x >= 0 && x < tiles.width;
      places[i * SIDE + j] = inside ? plane + ((image * tiles.height + y) * tiles.width + x) * tiles.channels : outside;
    }
  }
}

template <typename T>
inline void tilesToPoints(const float* plane, const Tiles& tiles, int64_t first, int64_t count, const float* zeros, const PointMatrices& matrices,
                          int64_t row) {
  const float* places[T::FROM * T::FROM];
  for (int64_t i = 0; i < count; i++) {
    locate<T::FROM>(plane, tiles, first + i, zeros, places);
    toPoints<T>(places, tiles.channels, matrices, row + i);
  }
}

template <typename T>
inline void pointsToTiles(const PointMatrices& matrices, float* plane, const Tiles& tiles, int64_t first, int64_t count, float* dump) {
  float* places[T::TO * T::TO];
  for (int64_t i = 0; i < count; i++) {
    locate<T::TO>(plane, tiles, first + i, dump, places);
    fromPoints<T>(matrices, i, places, tiles.channels);
  }
}

template <typename T>
inline void kernelToPoints(const float* taps, int64_t inner, int64_t outer, bool rotated, const PointMatrices& matrices, int64_t first, int64_t count) {
  const float* places[9];
  for (int64_t k = first; k < first + count; k++) {
    for (int i = 0; i < 9; i++) places[i] = taps + ((rotated ? 8 - i : i) * inner + k) * outer;
    toPoints<T>(places, outer, matrices, k);
  }
}

template <typename T>
inline void pointsToKernel(const PointMatrices& matrices, float* taps, int64_t inner, int64_t outer, int64_t first, int64_t count) {
  float* places[9];
  for (int64_t k = first; k < first + count; k++) {
    for (int i = 0; i < 9; i++) places[i] = taps + (i * inner + k) * outer;
    fromPoints<T>(matrices, k, places, outer);
  }
}

// Kernel values at the points: rows `first` … of `inner` input channels, `outer` output channels.
inline void transformKernel(Filtering filtering, const float* taps, int64_t inner, int64_t outer, const PointMatrices& matrices, int64_t first,
                            int64_t count) {
  switch (filtering) {
    case Filtering::same: return kernelToPoints<same::Kernel>(taps, inner, outer, false, matrices, first, count);
    case Filtering::sameRotated: return kernelToPoints<same::Kernel>(taps, inner, outer, true, matrices, first, count);
    case Filtering::down: return kernelToPoints<down::Kernel>(taps, inner, outer, false, matrices, first, count);
    case Filtering::up: return kernelToPoints<up::Kernel>(taps, inner, outer, false, matrices, first, count);
  }
}

// `count` tiles from input to output by way of scratch: `values` (tiles × input channels, one panel) and `products` (tiles × output channels).
inline void filterTiles(const Filter& filter, int64_t first, int64_t count, const PointMatrices& values, const PointMatrices& products, float* dump) {
  const float* row[HELD_ROWS];
  const int64_t depth = filter.from.channels;
  switch (filter.filtering) {
    case Filtering::same:
    case Filtering::sameRotated: tilesToPoints<same::Input>(filter.input, filter.from, first, count, filter.zeros, values, 0); break;
    case Filtering::down: tilesToPoints<down::Input>(filter.input, filter.from, first, count, filter.zeros, values, 0); break;
    case Filtering::up: tilesToPoints<up::Input>(filter.input, filter.from, first, count, filter.zeros, values, 0); break;
  }
  for (int64_t point = 0; point < filter.points; point++) {
    for (int64_t c = 0; c < filter.to.channels; c += PANEL) {
      const float* panel = filter.kernel.at(0, c) + point * filter.kernel.point;
      for (int64_t t = 0; t < count; t += HELD_ROWS) {
        for (int64_t r = 0; r < HELD_ROWS; r++) row[r] = values.at(t + r, 0) + point * values.point;
        multiplySomeRows(count - t, row, 1, panel, depth, products.at(t, c) + point * products.point, products.width, false);
      }
    }
  }
  switch (filter.filtering) {
    case Filtering::same:
    case Filtering::sameRotated: return pointsToTiles<same::Output>(products, filter.output, filter.to, first, count, dump);
    case Filtering::down: return pointsToTiles<down::Output>(products, filter.output, filter.to, first, count, dump);
    case Filtering::up: return pointsToTiles<up::Output>(products, filter.output, filter.to, first, count, dump);
  }
}

// For the kernel's gradient: the points of `count` tiles of the input and of the output's gradient, from row `row` of their matrices on.
inline void transformPairs(const FilterGradient& pair, int64_t first, int64_t count, int64_t row) {
  if (pair.filtering == Filtering::down) {
    tilesToPoints<down::Input>(pair.input, pair.from, first, count, pair.zeros, pair.inputs, row);
    tilesToPoints<down::OutputTransposed>(pair.gradient, pair.to, first, count, pair.zeros, pair.gradients, row);
  } else {
    tilesToPoints<same::Input>(pair.input, pair.from, first, count, pair.zeros, pair.inputs, row);
    tilesToPoints<same::OutputTransposed>(pair.gradient, pair.to, first, count, pair.zeros, pair.gradients, row);
  }
}

// Adds Σ_tiles input ⊗ gradient at one point to `sums` (input channels × output channels, one panel), or begins the sum.
inline void addProducts(const FilterGradient& pair, int64_t point, int64_t tiles, bool begin) {
  const float* row[HELD_ROWS];
  for (int64_t from = 0; from < tiles; from += TILES_AT_ONCE) {
    const int64_t depth = tiles - from < TILES_AT_ONCE ? tiles - from : TILES_AT_ONCE;
    for (int64_t c = 0; c < pair.to.channels; c += PANEL) {
      const float* panel = pair.gradients.at(from, c) + point * pair.gradients.point;
      for (int64_t k = 0; k < pair.from.channels; k += HELD_ROWS) {
        for (int64_t r = 0; r < HELD_ROWS; r++) row[r] = pair.inputs.at(from, k + r) + point * pair.inputs.point;
        multiplySomeRows(pair.from.channels - k, row, PANEL, panel, depth, pair.sums.at(k, c) + point * pair.sums.point, pair.sums.width,
                         !begin || from > 0);
      }
    }
  }
}

inline void finishKernelGradient(const FilterGradient& pair, float* taps, int64_t first, int64_t count) {
  if (pair.filtering == Filtering::down) {
    pointsToKernel<down::KernelTransposed>(pair.sums, taps, pair.from.channels, pair.to.channels, first, count);
  } else {
    pointsToKernel<same::KernelTransposed>(pair.sums, taps, pair.from.channels, pair.to.channels, first, count);
  }
}

}  // namespace
