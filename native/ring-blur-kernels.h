// The pixel-wise Gaussian blur from its rings' differences: y = x + Σ e_d·D_d / (1 + Σ n_d·e_d), e_d = exp(−d²/2σ²), and its gradient in 1/σ².

namespace {  // the series for exp stands in other kernels too

#include "activation-vectors.h"

// exp(−d²/2 · inverse), 0 below the smallest float, so that a blur can be the identity exactly.
inline Vector ringWeight(float exponent, Vector inverse) {
  const Vector x = exponent * inverse;
  return choose(x < all(-87.0f), all(0), exponential(x));
}

// The weights of all rings at LANES places, and 1 / (1 + Σ n_d·e_d).
inline Vector ringWeights(const RingShapes& rings, Vector inverse, float* weights) {
  Vector norm = all(1);
  for (int64_t ring = 0; ring < rings.count; ring++) {
    const Vector weight = ringWeight(rings.exponents[ring], inverse);
    store(weights + ring * LANES, weight);
    norm += rings.taps[ring] * weight;
  }
  return all(1) / norm;
}

inline Vector loadPlaces(const float* from, int64_t count) {
  Vector values{};
  std::memcpy(&values, from, count * sizeof(float));
  return values;
}

// `weights` is scratch of rings × LANES.
inline void blurPlaces(const RingShapes& rings, const BlurRun& run, const float* images, float* weights, float* blurred) {
  for (int64_t first = 0; first < run.places; first += LANES) {
    const int64_t lanes = run.places - first < LANES ? run.places - first : LANES;
    float share[LANES];
    store(share, ringWeights(rings, loadPlaces(run.inverse + first, lanes), weights));
    for (int64_t lane = 0; lane < lanes; lane++) {
      for (int64_t i = (first + lane) * run.each; i < (first + lane + 1) * run.each; i++) {
        const float* difference = run.differences + i * rings.count;
        float sum = 0;
        for (int64_t ring = 0; ring < rings.count; ring++) sum += weights[ring * LANES + lane] * difference[ring];
        blurred[i] = images[i] + sum * share[lane];
      }
    }
  }
}

// gradient += Σ over the numbers at a place of dy · (T' − b·n') / norm, with b = Σ e_d·D_d / norm, T' = Σ −d²/2·e_d·D_d and n' = Σ −d²/2·n_d·e_d.
inline void mapGradientOfPlaces(const RingShapes& rings, const BlurRun& run, const float* dy, float* weights, float* gradient) {
  for (int64_t first = 0; first < run.places; first += LANES) {
    const int64_t lanes = run.places - first < LANES ? run.places - first : LANES;
    float share[LANES], below[LANES];
    store(share, ringWeights(rings, loadPlaces(run.inverse + first, lanes), weights));
    Vector slopes{};
    for (int64_t ring = 0; ring < rings.count; ring++) slopes += rings.exponents[ring] * rings.taps[ring] * load(weights + ring * LANES);
    store(below, slopes);
    for (int64_t lane = 0; lane < lanes; lane++) {
      float total = 0;
      for (int64_t i = (first + lane) * run.each; i < (first + lane + 1) * run.each; i++) {
        const float* difference = run.differences + i * rings.count;
        float sum = 0, slope = 0;
        for (int64_t ring = 0; ring < rings.count; ring++) {
          const float weighted = weights[ring * LANES + lane] * difference[ring];
          sum += weighted;
          slope += rings.exponents[ring] * weighted;
        }
        total += dy[i] * (slope - sum * share[lane] * below[lane]);
      }
      gradient[first + lane] += total * share[lane];
    }
  }
}

}  // namespace
