// Rows of channels as whole vectors. Included inside a namespace once for each instruction set: no guard.
//
// Tensors [rows, channels] whose channels are no multiple of LANES are taken several rows at a time, as wide rows that are: 3 channels and 8 lanes make wide rows
// of 24 floats. What a kernel needs for each channel is repeated to that width, and only the end of a tensor needs part of a vector.

// Floats in a wide row: the smallest multiple of `channels` that LANES divides.
inline int64_t wideRow(int64_t channels) {
  int64_t width = channels;
  while (width % LANES != 0) width += channels;
  return width;
}

// The first `count` values of a vector, the rest 0.
template <typename T>
inline Vector loadPart(const T* from, int64_t count) {
  T values[LANES] = {};
  std::memcpy(values, from, count * sizeof(T));
  return load(values);
}

template <typename T>
inline void storePart(T* to, Vector value, int64_t count) {
  T values[LANES];
  store(values, value);
  std::memcpy(to, values, count * sizeof(T));
}

// The value in the first `count` lanes, 0 in the others.
inline Vector keepFirst(Vector value, int64_t count) {
  Vector lane;
  for (int i = 0; i < LANES; i++) lane[i] = static_cast<float>(i);
  return choose(lane < all(static_cast<float>(count)), value, all(0));
}

// Repeats the values of the first `channels` floats up to `width`.
inline void repeat(float* values, int64_t channels, int64_t width) {
  for (int64_t i = channels; i < width; i++) values[i] = values[i - channels];
}

// Adds the sums of a wide row up to sums by channel, in its first `channels` floats.
inline void foldSums(float* sums, int64_t channels, int64_t width) {
  for (int64_t i = channels; i < width; i++) sums[i % channels] += sums[i];
}

// Calls each(at, column, count) for every vector of `size` floats that make up rows, `at` from the start, `column` from the start of its wide row; `count` is
// LANES but at the end of the tensor.
template <typename Each>
inline void eachVector(int64_t size, int64_t width, const Each& each) {
  for (int64_t row = 0; row < size; row += width) {
    const int64_t end = size - row < width ? size - row : width;
    int64_t column = 0;
    for (; column + LANES <= end; column += LANES) each(row + column, column, static_cast<int64_t>(LANES));
    if (column < end) each(row + column, column, end - column);
  }
}
