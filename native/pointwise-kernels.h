// Products of long matrices by small ones: a convolution with a filter of one pixel. The small operand is laid in panels first (matrix-kernels.h).

#include "matrix-kernels.h"

inline int64_t pointwisePanel() { return PANEL; }

// Panel by panel of the matrix [rows, columns] whose element (r, c) is at from[r·rowStep + c·columnStep]; what lacks of the last panel is 0.
inline void layPanel(const float* from, int64_t rowStep, int64_t columnStep, int64_t rows, int64_t columns, int64_t panel, float* to) {
  const int64_t width = std::min(PANEL, columns - panel * PANEL);
  from += panel * PANEL * columnStep;
  for (int64_t r = 0; r < rows; r++) {
    if (width == PANEL && columnStep == 1) {
      store(to, load(from + r * rowStep));
      store(to + LANES, load(from + r * rowStep + LANES));
      to += PANEL;
      continue;
    }
    for (int64_t c = 0; c < width; c++) to[c] = from[r * rowStep + c * columnStep];
    for (int64_t c = width; c < PANEL; c++) to[c] = 0;
    to += PANEL;
  }
}

// y[r] = x[r] · matrix for rows [begin, end) of x: [·, depth] and y: [·, columns].
inline void multiplyByPanels(const float* x, const float* panels, float* y, int64_t depth, int64_t columns, int64_t begin, int64_t end) {
  const int64_t whole = columns / PANEL;
  const int64_t rest = columns % PANEL;
  for (int64_t panel = 0; panel < whole + (rest > 0 ? 1 : 0); panel++) {
    const float* matrix = panels + panel * depth * PANEL;
    for (int64_t r = begin; r < end; r += HELD_ROWS) {
      const float* row[HELD_ROWS];
      for (int64_t i = 0; i < HELD_ROWS; i++) row[i] = x + std::min(r + i, end - 1) * depth;
      float* to = y + r * columns + panel * PANEL;
      if (panel < whole) {
        multiplySomeRows(end - r, row, 1, matrix, depth, to, columns, false);
      } else {
        float product[HELD_ROWS * PANEL];
        multiplySomeRows(end - r, row, 1, matrix, depth, product, PANEL, false);
        for (int64_t i = 0; i < std::min(HELD_ROWS, end - r); i++) std::memcpy(to + i * columns, product + i * PANEL, rest * sizeof(float));
      }
    }
  }
}

// sums[c] (+)= Σ_r x[r, c] · panel[r] for all columns c of x: [rows, columns]; sums: [columns, PANEL].
inline void multiplyTransposed(const float* x, const float* panel, float* sums, int64_t rows, int64_t columns, bool add) {
  for (int64_t c = 0; c < columns; c += HELD_ROWS) {
    const float* column[HELD_ROWS];
    for (int64_t i = 0; i < HELD_ROWS; i++) column[i] = x + std::min(c + i, columns - 1);
    multiplySomeRows(columns - c, column, columns, panel, rows, sums + c * PANEL, PANEL, add);
  }
}
