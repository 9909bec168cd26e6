// Products of small matrices whose operands lie in scratch memory as the kernels around want them. Included once for each instruction set: no guard.
//
// A panel is what a row of accumulators needs of the right-hand matrix: PANEL columns of every row, row after row, without gaps.

constexpr int64_t PANEL = 2 * LANES;
// Rows of the product that are held in registers at once: with two vectors each they fill 12 of the 16 that AVX2 has.
constexpr int64_t HELD_ROWS = 6;

// product[r][0..PANEL) (+)= Σ_k row[r][k · step] · panel[k][0..PANEL), r < ROWS, k < depth.
template <int ROWS>
inline void multiplyRows(const float* const* row, int64_t step, const float* panel, int64_t depth, float* product, int64_t stride, bool add) {
  const float* from[ROWS];
  Vector sum[ROWS][2];
  for (int r = 0; r < ROWS; r++) {
    from[r] = row[r];
    sum[r][0] = sum[r][1] = Vector{};
  }
  for (int64_t k = 0; k < depth; k++) {
    const Vector first = load(panel);
    const Vector second = load(panel + LANES);
    panel += PANEL;
    for (int r = 0; r < ROWS; r++) {
      const Vector value = *from[r] - Vector{};
      from[r] += step;
      sum[r][0] += value * first;
      sum[r][1] += value * second;
    }
  }
  for (int r = 0; r < ROWS; r++) {
    float* to = product + r * stride;
    store(to, add ? load(to) + sum[r][0] : sum[r][0]);
    store(to + LANES, add ? load(to + LANES) + sum[r][1] : sum[r][1]);
  }
}

// The same for up to HELD_ROWS of `rows` rows.
inline void multiplySomeRows(int64_t rows, const float* const* row, int64_t step, const float* panel, int64_t depth, float* product,
                             int64_t stride, bool add) {
  switch (rows < HELD_ROWS ? rows : HELD_ROWS) {
    case 6: return multiplyRows<6>(row, step, panel, depth, product, stride, add);
    case 5: return multiplyRows<5>(row, step, panel, depth, product, stride, add);
    case 4: return multiplyRows<4>(row, step, panel, depth, product, stride, add);
    case 3: return multiplyRows<3>(row, step, panel, depth, product, stride, add);
    case 2: return multiplyRows<2>(row, step, panel, depth, product, stride, add);
    default: return multiplyRows<1>(row, step, panel, depth, product, stride, add);
  }
}
