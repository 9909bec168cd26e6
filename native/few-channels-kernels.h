// Convolutions of few input channels as products of patches, a row of outputs at a time. Included once for each instruction set: no guard.

namespace {  // templates of this name in another file must not be taken for these

#include "matrix-kernels.h"

inline int64_t panelWidth() { return PANEL; }

// The patches of one row of outputs of one image. `padded` is scratch for `side` padded rows.
inline void gatherPatches(const Patches& shape, const float* image, int64_t row, float* padded, float* patches) {
  const int64_t paddedRow = shape.paddedRow(), before = shape.left * shape.channels;
  const int64_t seen = shape.width * shape.channels < paddedRow - before ? shape.width * shape.channels : paddedRow - before;
  for (int64_t i = 0; i < shape.side; i++) {
    const int64_t y = row * shape.stride - shape.top + i;
    float* to = padded + i * paddedRow;
    std::memset(to, 0, paddedRow * sizeof(float));
    if (y >= 0 && y < shape.height) std::memcpy(to + before, image + y * shape.width * shape.channels, seen * sizeof(float));
  }
  // Whole vectors: what they write beyond a stretch is written over by the next.
  const int64_t stretch = shape.side * shape.channels;
  for (int64_t x = 0; x < shape.columns; x++) {
    for (int64_t i = 0; i < shape.side; i++) {
      const float* from = padded + i * paddedRow + x * shape.stride * shape.channels;
      float* to = patches + x * shape.depth + i * stretch;
      for (int64_t j = 0; j < stretch; j += LANES) store(to + j, load(from + j));
    }
  }
}

// [rows, columns] of memory in panels, the last one filled up with zeros.
inline void layPanels(const float* from, int64_t rows, int64_t columns, float* panels) {
  for (int64_t c = 0; c < columns; c += PANEL) {
    const int64_t count = columns - c < PANEL ? columns - c : PANEL;
    for (int64_t r = 0; r < rows; r++, panels += PANEL) {
      if (count == PANEL) {
        store(panels, load(from + r * columns + c));
        store(panels + LANES, load(from + r * columns + c + LANES));
      } else {
        std::memset(panels, 0, PANEL * sizeof(float));
        std::memcpy(panels, from + r * columns + c, count * sizeof(float));
      }
    }
  }
}

// A row of outputs [columns, out] from its patches and the kernel's panels.
inline void multiplyPatches(const Patches& shape, const float* patches, const float* kernel, float* outputs) {
  const float* row[HELD_ROWS];
  float rest[HELD_ROWS * PANEL];
  for (int64_t c = 0; c < shape.out; c += PANEL) {
    const int64_t count = shape.out - c;
    for (int64_t x = 0; x < shape.columns; x += HELD_ROWS) {
      for (int64_t r = 0; r < HELD_ROWS; r++) row[r] = patches + (x + r) * shape.depth;
      float* to = outputs + x * shape.out + c;
      if (count >= PANEL) {
        multiplySomeRows(shape.columns - x, row, 1, kernel + c * shape.depth, shape.depth, to, shape.out, false);
        continue;
      }
      multiplySomeRows(shape.columns - x, row, 1, kernel + c * shape.depth, shape.depth, rest, PANEL, false);
      for (int64_t r = 0; r < HELD_ROWS && x + r < shape.columns; r++) std::memcpy(to + r * shape.out, rest + r * PANEL, count * sizeof(float));
    }
  }
}

// Adds Σ_x patch ⊗ gradient over a row of outputs to sums [depth, out], which lie in panels as `gradients` [columns, out] do.
inline void addPatchProducts(const Patches& shape, const float* patches, const float* gradients, float* sums) {
  const float* row[HELD_ROWS];
  for (int64_t c = 0; c < shape.out; c += PANEL) {
    for (int64_t d = 0; d < shape.depth; d += HELD_ROWS) {
      for (int64_t r = 0; r < HELD_ROWS; r++) row[r] = patches + d + r;
      multiplySomeRows(shape.depth - d, row, shape.depth, gradients + c * shape.columns, shape.columns, sums + c * shape.depth + d * PANEL, PANEL, true);
    }
  }
}

}  // namespace
