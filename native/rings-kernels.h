// Sums of differences over rings of neighbours, for one row of an image: rows[u] is the row u of the window, with the border already reflected.

// LANES numbers of the row or, for what is left of them, one.
template <typename V>
inline void sumRings(const Ring* rings, int64_t count, const float* const* rows, int64_t centre, int64_t at, float* sums, int64_t stride) {
  V middle;
  std::memcpy(&middle, rows[centre] + at, sizeof(V));
  for (int64_t ring = 0; ring < count; ring++) {
    V sum{};
    for (const Tap& tap : rings[ring].taps) {
      V neighbour;
      std::memcpy(&neighbour, rows[tap.row] + at + tap.offset, sizeof(V));
      sum += neighbour - middle;
    }
    std::memcpy(sums + ring * stride + at, &sum, sizeof(V));
  }
}

// to[i, ring] for the `length` numbers of a row; `sums` is scratch of count × length, and rows begin at the first pixel inside.
inline void ringRow(const Ring* rings, int64_t count, const float* const* rows, int64_t centre, int64_t length, float* sums, float* to) {
  int64_t at = 0;
  for (; at + LANES <= length; at += LANES) sumRings<Vector>(rings, count, rows, centre, at, sums, length);
  for (; at < length; at++) sumRings<float>(rings, count, rows, centre, at, sums, length);
  for (int64_t i = 0; i < length; i++) {
    for (int64_t ring = 0; ring < count; ring++) *to++ = sums[ring * length + i];
  }
}
