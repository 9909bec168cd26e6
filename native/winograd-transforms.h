// The one-dimensional transforms of Winograd's minimal filtering (Lavin & Gray, "Fast Algorithms for Convolutional Neural Networks", CVPR 2016) for
// kernels of three taps: y = Aᵀ[(G g) ∘ (Bᵀ d)]. Included once for each instruction set: no guard.
//
// A transform makes TO vectors of FROM. Points ±P, ±Q with exact squares keep the error at twice a direct sum's; ±1, ±2, the usual ones, at four times
// (relative to the output's spread, 128 channels: direct 4e-7, ±3/4 and ±3/2 10e-7, ±1 and ±2 20e-7; cf. Barabasz et al., ACM TOMS 2020).

constexpr float P = 0.75f;
constexpr float Q = 1.5f;
constexpr float P2 = P * P;
constexpr float Q2 = Q * Q;

// Stride 1: four outputs from six inputs, points 0, ±P, ±Q, ∞.
namespace same {

struct Input {
  static constexpr int FROM = 6, TO = 6;
  static inline void apply(const Vector* d, Vector* v) {
    const Vector evenP = d[4] - Q2 * d[2], oddP = d[3] - Q2 * d[1];
    const Vector evenQ = d[4] - P2 * d[2], oddQ = d[3] - P2 * d[1];
    v[0] = d[4] - (P2 + Q2) * d[2] + (P2 * Q2) * d[0];
    v[1] = evenP + P * oddP;
    v[2] = evenP - P * oddP;
    v[3] = evenQ + Q * oddQ;
    v[4] = evenQ - Q * oddQ;
    v[5] = d[5] - (P2 + Q2) * d[3] + (P2 * Q2) * d[1];
  }
};

struct Output {
  static constexpr int FROM = 6, TO = 4;
  static inline void apply(const Vector* m, Vector* y) {
    const Vector sumP = m[1] + m[2], differenceP = m[1] - m[2];
    const Vector sumQ = m[3] + m[4], differenceQ = m[3] - m[4];
    y[0] = m[0] + sumP + sumQ;
    y[1] = P * differenceP + Q * differenceQ;
    y[2] = P2 * sumP + Q2 * sumQ;
    y[3] = (P * P2) * differenceP + (Q * Q2) * differenceQ + m[5];
  }
};

struct OutputTransposed {
  static constexpr int FROM = 4, TO = 6;
  static inline void apply(const Vector* y, Vector* m) {
    const Vector evenP = y[0] + P2 * y[2], oddP = P * y[1] + (P * P2) * y[3];
    const Vector evenQ = y[0] + Q2 * y[2], oddQ = Q * y[1] + (Q * Q2) * y[3];
    m[0] = y[0];
    m[1] = evenP + oddP;
    m[2] = evenP - oddP;
    m[3] = evenQ + oddQ;
    m[4] = evenQ - oddQ;
    m[5] = y[3];
  }
};

// One over the products of differences between points.
constexpr float AT_0 = 1 / (P2 * Q2);
constexpr float AT_P = 1 / (2 * P2 * (P2 - Q2));
constexpr float AT_Q = 1 / (2 * Q2 * (Q2 - P2));

struct Kernel {
  static constexpr int FROM = 3, TO = 6;
  static inline void apply(const Vector* g, Vector* u) {
    const Vector evenP = AT_P * g[0] + (AT_P * P2) * g[2], oddP = (AT_P * P) * g[1];
    const Vector evenQ = AT_Q * g[0] + (AT_Q * Q2) * g[2], oddQ = (AT_Q * Q) * g[1];
    u[0] = AT_0 * g[0];
    u[1] = evenP + oddP;
    u[2] = evenP - oddP;
    u[3] = evenQ + oddQ;
    u[4] = evenQ - oddQ;
    u[5] = g[2];
  }
};

struct KernelTransposed {
  static constexpr int FROM = 6, TO = 3;
  static inline void apply(const Vector* u, Vector* g) {
    const Vector sumP = u[1] + u[2], sumQ = u[3] + u[4];
    g[0] = AT_0 * u[0] + AT_P * sumP + AT_Q * sumQ;
    g[1] = (AT_P * P) * (u[1] - u[2]) + (AT_Q * Q) * (u[3] - u[4]);
    g[2] = (AT_P * P2) * sumP + (AT_Q * Q2) * sumQ + u[5];
  }
};

}  // namespace same

// Stride 2: four outputs from nine inputs. Taps 0 and 2 meet every second input, a filtering with two taps by the points ±P, ±Q, ∞; tap 1 meets the
// inputs between, which four plain products serve: nine products instead of twelve.
namespace down {

constexpr float AT_P = 1 / (2 * P * (P2 - Q2));
constexpr float AT_Q = 1 / (2 * Q * (Q2 - P2));

// Bᵀ for two taps: five values in steps of `every`.
inline void evaluate(const Vector* d, int every, Vector* v) {
  const Vector d0 = d[0], d1 = d[every], d2 = d[2 * every], d3 = d[3 * every], d4 = d[4 * every];
  const Vector oddP = d3 - Q2 * d1, evenP = d2 - Q2 * d0;
  const Vector oddQ = d3 - P2 * d1, evenQ = d2 - P2 * d0;
  v[0] = oddP + P * evenP;
  v[1] = oddP - P * evenP;
  v[2] = oddQ + Q * evenQ;
  v[3] = oddQ - Q * evenQ;
  v[4] = d4 - (P2 + Q2) * d2 + (P2 * Q2) * d0;
}

// Aᵀ: four values from the products at five points.
inline void interpolate(const Vector* m, Vector* y) {
  const Vector sumP = m[0] + m[1], differenceP = m[0] - m[1];
  const Vector sumQ = m[2] + m[3], differenceQ = m[2] - m[3];
  y[0] = sumP + sumQ;
  y[1] = P * differenceP + Q * differenceQ;
  y[2] = P2 * sumP + Q2 * sumQ;
  y[3] = (P * P2) * differenceP + (Q * Q2) * differenceQ + m[4];
}

// G for the taps `first` and `last`.
inline void spreadTaps(Vector first, Vector last, Vector* u) {
  u[0] = AT_P * first + (AT_P * P) * last;
  u[1] = (AT_P * P) * last - AT_P * first;
  u[2] = AT_Q * first + (AT_Q * Q) * last;
  u[3] = (AT_Q * Q) * last - AT_Q * first;
  u[4] = last;
}

struct Input {
  static constexpr int FROM = 9, TO = 9;
  static inline void apply(const Vector* d, Vector* v) {
    evaluate(d, 2, v);
    for (int i = 0; i < 4; i++) v[5 + i] = d[2 * i + 1];
  }
};

struct Output {
  static constexpr int FROM = 9, TO = 4;
  static inline void apply(const Vector* m, Vector* y) {
    interpolate(m, y);
    for (int i = 0; i < 4; i++) y[i] += m[5 + i];
  }
};

struct OutputTransposed {
  static constexpr int FROM = 4, TO = 9;
  static inline void apply(const Vector* y, Vector* m) {
    const Vector evenP = y[0] + P2 * y[2], oddP = P * y[1] + (P * P2) * y[3];
    const Vector evenQ = y[0] + Q2 * y[2], oddQ = Q * y[1] + (Q * Q2) * y[3];
    m[0] = evenP + oddP;
    m[1] = evenP - oddP;
    m[2] = evenQ + oddQ;
    m[3] = evenQ - oddQ;
    m[4] = y[3];
    for (int i = 0; i < 4; i++) m[5 + i] = y[i];
  }
};

struct Kernel {
  static constexpr int FROM = 3, TO = 9;
  static inline void apply(const Vector* g, Vector* u) {
    spreadTaps(g[0], g[2], u);
    for (int i = 0; i < 4; i++) u[5 + i] = g[1];
  }
};

struct KernelTransposed {
  static constexpr int FROM = 9, TO = 3;
  static inline void apply(const Vector* u, Vector* g) {
    g[0] = AT_P * (u[0] - u[1]) + AT_Q * (u[2] - u[3]);
    g[1] = (u[5] + u[6]) + (u[7] + u[8]);
    g[2] = (AT_P * P) * (u[0] + u[1]) + (AT_Q * Q) * (u[2] + u[3]) + u[4];
  }
};

}  // namespace down

// The gradient of stride 2 with respect to its input: eight values from five. Even ones meet the taps 2 and 0, odd ones tap 1 alone.
namespace up {

struct Input {
  static constexpr int FROM = 5, TO = 9;
  static inline void apply(const Vector* d, Vector* v) {
    down::evaluate(d, 1, v);
    for (int i = 0; i < 4; i++) v[5 + i] = d[i + 1];
  }
};

struct Output {
  static constexpr int FROM = 9, TO = 8;
  static inline void apply(const Vector* m, Vector* y) {
    Vector even[4];
    down::interpolate(m, even);
    for (int i = 0; i < 4; i++) {
      y[2 * i] = even[i];
      y[2 * i + 1] = m[5 + i];
    }
  }
};

struct Kernel {
  static constexpr int FROM = 3, TO = 9;
  static inline void apply(const Vector* g, Vector* u) {
    down::spreadTaps(g[2], g[0], u);
    for (int i = 0; i < 4; i++) u[5 + i] = g[1];
  }
};

}  // namespace up
