// Depthwise convolution, tile by tile: TILE pixels beside one another, LANES channels at a time, their sums in registers, so that each pixel under the filter
// is loaded once for all of them and memory is read in its own order. Where the filter hangs over the border, columns are pointers to zeros.

#define INLINE inline __attribute__((always_inline))

constexpr int TILE = 4;

// Which column of the source the tile's pixel t meets at the filter's column k, counted from the first that the tile needs; -1 for none.
template <int SIDE, int STRIDE>
struct ForwardTaps {
  static constexpr int K = SIDE;
  static constexpr int COLUMNS = (TILE - 1) * STRIDE + K;
  static constexpr int column(int t, int k) { return t * STRIDE + k; }
};

// The same for the way back, where the source is what the convolution gave: with stride 2 a pixel meets every other column of the filter. PHASE is the
// position of the tile's first pixel, padding included, modulo the stride.
template <int SIDE, int STRIDE, int PHASE>
struct BackwardTaps {
  static constexpr int K = SIDE;
  static constexpr int floorOfRatio(int a) { return (a + STRIDE * K) / STRIDE - K; }
  static constexpr int FIRST = floorOfRatio(PHASE - (K - 1));
  static constexpr int COLUMNS = floorOfRatio(TILE - 1 + PHASE) - FIRST + 1;
  static constexpr int column(int t, int k) {
    return (t + PHASE - k + STRIDE * K) % STRIDE == 0 ? floorOfRatio(t + PHASE - k) - FIRST : -1;
  }
};

// The pixels under the filter for one tile: for each row of the filter that meets the source, the row's number and its columns.
template <class Taps, typename X>
struct Window {
  int rows = 0;
  int64_t filterRow[Taps::K];
  const X* columns[Taps::K][Taps::COLUMNS];

  void add(int64_t row, const X* source, int64_t first, int64_t width, int64_t channels, const X* zeros) {
    filterRow[rows] = row;
    for (int j = 0; j < Taps::COLUMNS; j++) {
      const int64_t column = first + j;
      columns[rows][j] = column >= 0 && column < width ? source + column * channels : zeros;
    }
    rows++;
  }
};

// LANES channels or, for what is left of them, one.
template <typename X>
INLINE void read(const X* from, Vector& value) { value = load(from); }
template <typename X>
INLINE void read(const X* from, float& value) { value = loadOne(from); }
template <typename X>
INLINE void write(X* to, Vector value) { store(to, value); }
template <typename X>
INLINE void write(X* to, float value) { storeOne(to, value); }

// What one column of the source adds: weights[k] of it to the sum of each pixel t that meets it at k.
template <class Taps, int COLUMN, typename V, int... TK>
INLINE void addColumn(V* sums, const V* weights, const V& x, std::integer_sequence<int, TK...>) {
  const auto none = [](int) {};
  (none(Taps::column(TK / Taps::K, TK % Taps::K) == COLUMN ? (sums[TK / Taps::K] += x * weights[TK % Taps::K], 0) : 0), ...);
}
template <class Taps, typename V, typename X, int... COLUMN>
INLINE void addRow(V* sums, const V* weights, const X* const* columns, int64_t c, std::integer_sequence<int, COLUMN...>) {
  V x;
  ((read(columns[COLUMN] + c, x), addColumn<Taps, COLUMN>(sums, weights, x, std::make_integer_sequence<int, TILE * Taps::K>())), ...);
}

// The tile's sums at channel c.
template <class Taps, typename V, typename X>
INLINE void sumTaps(const Window<Taps, X>& window, const float* filter, X* const* targets, int64_t channels, int64_t c) {
  constexpr int K = Taps::K;
  V sums[TILE] = {};
  for (int row = 0; row < window.rows; row++) {
    V weights[K];
    const float* from = filter + window.filterRow[row] * K * channels + c;
    for (int k = 0; k < K; k++) read(from + k * channels, weights[k]);
    addRow<Taps>(sums, weights, window.columns[row], c, std::make_integer_sequence<int, Taps::COLUMNS>());
  }
  for (int t = 0; t < TILE; t++) write(targets[t] + c, sums[t]);
}

// The same with the parts changed about: what the tile's errors add to the filter's gradient.
template <class Taps, int COLUMN, typename V, int... TK>
INLINE void addProducts(V* sums, const V* errors, const V& x, std::integer_sequence<int, TK...>) {
  const auto none = [](int) {};
  (none(Taps::column(TK / Taps::K, TK % Taps::K) == COLUMN ? (sums[TK % Taps::K] += x * errors[TK / Taps::K], 0) : 0), ...);
}
template <class Taps, typename V, typename X, int... COLUMN>
INLINE void addRowOfProducts(V* sums, const V* errors, const X* const* columns, int64_t c, std::integer_sequence<int, COLUMN...>) {
  V x;
  ((read(columns[COLUMN] + c, x), addProducts<Taps, COLUMN>(sums, errors, x, std::make_integer_sequence<int, TILE * Taps::K>())), ...);
}
template <class Taps, typename V, typename X>
INLINE void sumProducts(const Window<Taps, X>& window, const X* const* errorPixels, float* gradient, int64_t channels, int64_t c) {
  constexpr int K = Taps::K;
  V errors[TILE];
  for (int t = 0; t < TILE; t++) read(errorPixels[t] + c, errors[t]);
  for (int row = 0; row < window.rows; row++) {
    V sums[K] = {};
    addRowOfProducts<Taps>(sums, errors, window.columns[row], c, std::make_integer_sequence<int, Taps::COLUMNS>());
    float* to = gradient + window.filterRow[row] * K * channels + c;
    for (int k = 0; k < K; k++) {
      V before;
      read(to + k * channels, before);
      write(to + k * channels, before + sums[k]);
    }
  }
}

// One row of outputs: y[t] = sum over the filter of x · filter.
template <int K, int STRIDE, typename X>
void forwardRow(const DepthwiseShape& shape, const X* x, const float* filter, X* y, const X* zeros, X* nowhere, int64_t row) {
  using Taps = ForwardTaps<K, STRIDE>;
  const int64_t channels = shape.channels;
  const int64_t image = row / shape.outputHeight;
  const int64_t firstRow = row % shape.outputHeight * STRIDE - shape.top;
  for (int64_t column = 0; column < shape.outputWidth; column += TILE) {
    Window<Taps, X> window;
    for (int64_t k = 0; k < K; k++) {
      const int64_t from = firstRow + k;
      if (from < 0 || from >= shape.height) continue;
      window.add(k, x + (image * shape.height + from) * shape.width * channels, column * STRIDE - shape.left, shape.width, channels, zeros);
    }
    X* targets[TILE];
    for (int t = 0; t < TILE; t++) targets[t] = column + t < shape.outputWidth ? y + (row * shape.outputWidth + column + t) * channels : nowhere;
    int64_t c = 0;
    for (; c + LANES <= channels; c += LANES) sumTaps<Taps, Vector>(window, filter, targets, channels, c);
    for (; c < channels; c++) sumTaps<Taps, float>(window, filter, targets, channels, c);
  }
}

// One row of the gradient with respect to x, from the gradient dy of the outputs.
template <int K, int STRIDE, int PHASE, typename X>
void backwardRow(const DepthwiseShape& shape, const X* dy, const float* filter, X* dx, const X* zeros, X* nowhere, int64_t row) {
  using Taps = BackwardTaps<K, STRIDE, PHASE>;
  const int64_t channels = shape.channels;
  const int64_t image = row / shape.height;
  const int64_t position = row % shape.height + shape.top;
  for (int64_t column = 0; column < shape.width; column += TILE) {
    Window<Taps, X> window;
    for (int64_t k = 0; k < K; k++) {
      const int64_t from = (position - k) / STRIDE;
      if (position < k || (position - k) % STRIDE != 0 || from >= shape.outputHeight) continue;
      const int64_t first = (column + shape.left - PHASE) / STRIDE + Taps::FIRST;
      window.add(k, dy + (image * shape.outputHeight + from) * shape.outputWidth * channels, first, shape.outputWidth, channels, zeros);
    }
    X* targets[TILE];
    for (int t = 0; t < TILE; t++) targets[t] = column + t < shape.width ? dx + (row * shape.width + column + t) * channels : nowhere;
    int64_t c = 0;
    for (; c + LANES <= channels; c += LANES) sumTaps<Taps, Vector>(window, filter, targets, channels, c);
    for (; c < channels; c++) sumTaps<Taps, float>(window, filter, targets, channels, c);
  }
}

// What one row of outputs adds to the filter's gradient.
template <int K, int STRIDE, typename X>
void filterRow(const DepthwiseShape& shape, const X* x, const X* dy, float* gradient, const X* zeros, int64_t row) {
  using Taps = ForwardTaps<K, STRIDE>;
  const int64_t channels = shape.channels;
  const int64_t image = row / shape.outputHeight;
  const int64_t firstRow = row % shape.outputHeight * STRIDE - shape.top;
  for (int64_t column = 0; column < shape.outputWidth; column += TILE) {
    Window<Taps, X> window;
    for (int64_t k = 0; k < K; k++) {
      const int64_t from = firstRow + k;
      if (from < 0 || from >= shape.height) continue;
      window.add(k, x + (image * shape.height + from) * shape.width * channels, column * STRIDE - shape.left, shape.width, channels, zeros);
    }
    const X* errors[TILE];
    for (int t = 0; t < TILE; t++) errors[t] = column + t < shape.outputWidth ? dy + (row * shape.outputWidth + column + t) * channels : zeros;
    int64_t c = 0;
    for (; c + LANES <= channels; c += LANES) sumProducts<Taps, Vector>(window, errors, gradient, channels, c);
    for (; c < channels; c++) sumProducts<Taps, float>(window, errors, gradient, channels, c);
  }
}

// Rows [begin, end) of all images' rows laid one below the other.
template <typename X>
void depthwiseForward(const DepthwiseShape& shape, const X* x, const float* filter, X* y, const X* zeros, X* nowhere, int64_t begin, int64_t end) {
  const auto row = shape.kernel == 3 ? (shape.stride == 1 ? forwardRow<3, 1, X> : forwardRow<3, 2, X>)
                                     : (shape.stride == 1 ? forwardRow<5, 1, X> : forwardRow<5, 2, X>);
  for (int64_t i = begin; i < end; i++) row(shape, x, filter, y, zeros, nowhere, i);
}

template <typename X>
void depthwiseBackward(const DepthwiseShape& shape, const X* dy, const float* filter, X* dx, const X* zeros, X* nowhere, int64_t begin, int64_t end) {
  const bool odd = shape.left % shape.stride != 0;
  const auto row = shape.kernel == 3
                       ? (shape.stride == 1 ? backwardRow<3, 1, 0, X> : odd ? backwardRow<3, 2, 1, X> : backwardRow<3, 2, 0, X>)
                       : (shape.stride == 1 ? backwardRow<5, 1, 0, X> : odd ? backwardRow<5, 2, 1, X> : backwardRow<5, 2, 0, X>);
  for (int64_t i = begin; i < end; i++) row(shape, dy, filter, dx, zeros, nowhere, i);
}

template <typename X>
void depthwiseFilter(const DepthwiseShape& shape, const X* x, const X* dy, float* gradient, const X* zeros, int64_t begin, int64_t end) {
  const auto row = shape.kernel == 3 ? (shape.stride == 1 ? filterRow<3, 1, X> : filterRow<3, 2, X>)
                                     : (shape.stride == 1 ? filterRow<5, 1, X> : filterRow<5, 2, X>);
  for (int64_t i = begin; i < end; i++) row(shape, x, dy, gradient, zeros, i);
}

#undef INLINE
