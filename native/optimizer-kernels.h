// One stretch of an optimiser's update, and of a gradient's length. Each function takes any number of values.

inline Vector squareRoot(Vector x) {
  Vector root;
  for (int64_t lane = 0; lane < LANES; lane++) root[lane] = __builtin_sqrtf(x[lane]);
  return root;
}

// θ, m and v, a vector of each. v is read and written where SQUARES says so.
template <bool SQUARES>
inline void updateVector(const Update& by, const float* theta, const float* gradient, const float* m, const float* v, float* newTheta, float* newM,
                         float* newV) {
  const Vector g = load(gradient) * all(by.cut) + load(theta) * all(by.pull);
  const Vector average = load(m) * all(by.decay) + g * all(by.gain);
  store(newM, average);
  Vector direction = average;
  if (SQUARES) {
    const Vector squares = load(v) * all(by.squareDecay) + g * g * all(by.squareGain);
    store(newV, squares);
    direction = average / (squareRoot(squares) * all(by.ofRoot) + all(by.besideRoot));
  }
  store(newTheta, load(theta) * all(by.shrinkage) - direction * all(by.stepSize));
}

template <bool SQUARES>
inline void updateStretch(const Update& by, const Stretch& at) {
  int64_t i = 0;
  for (; i + LANES <= at.count; i += LANES) {
    updateVector<SQUARES>(by, at.theta + i, at.gradient + i, at.m + i, SQUARES ? at.v + i : nullptr, at.newTheta + i, at.newM + i,
                          SQUARES ? at.newV + i : nullptr);
  }
  if (i == at.count) return;
  // what is left of a vector, between zeros
  float theta[LANES] = {}, gradient[LANES] = {}, m[LANES] = {}, v[LANES] = {};
  const int64_t bytes = (at.count - i) * static_cast<int64_t>(sizeof(float));
  std::memcpy(theta, at.theta + i, bytes);
  std::memcpy(gradient, at.gradient + i, bytes);
  std::memcpy(m, at.m + i, bytes);
  if (SQUARES) std::memcpy(v, at.v + i, bytes);
  updateVector<SQUARES>(by, theta, gradient, m, v, theta, m, v);
  std::memcpy(at.newTheta + i, theta, bytes);
  std::memcpy(at.newM + i, m, bytes);
  if (SQUARES) std::memcpy(at.newV + i, v, bytes);
}

// Σ x². Four sums of LANES each are enough for a stretch of some thousands of values; whoever adds up stretches does it in double.
inline double sumOfSquares(const float* x, int64_t count) {
  Vector sums[4] = {};
  int64_t i = 0;
  for (; i + 4 * LANES <= count; i += 4 * LANES) {
    for (int64_t k = 0; k < 4; k++) {
      const Vector value = load(x + i + k * LANES);
      sums[k] += value * value;
    }
  }
  double sum = 0;
  const Vector together = (sums[0] + sums[1]) + (sums[2] + sums[3]);
  for (int64_t lane = 0; lane < LANES; lane++) sum += static_cast<double>(together[lane]);
  for (; i < count; i++) sum += static_cast<double>(x[i]) * static_cast<double>(x[i]);
  return sum;
}
