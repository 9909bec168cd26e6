// Activations and their slopes. Included inside a namespace once for each instruction set: no guard.

// exp(x) to about 1 unit in the last place; x is held within ±87, where neither overflows nor underflows. x = n·ln 2 + r, |r| ≤ ln 2 / 2, exp(r) by Taylor's
// series to the seventh power (the rest is below 1e-8).
inline Vector exponential(Vector x) {
  x = choose(x < all(-87.0f), all(-87.0f), x);
  x = choose(x > all(87.0f), all(87.0f), x);
  // 1.5 · 2²³ leaves a float no bits for a fraction: adding it rounds to a whole number, which then stands in the low bits
  const Vector shift = all(12582912.0f);
  const Vector shifted = x * all(1.44269504f) + shift;
  const Vector n = shifted - shift;
  // ln 2 in two parts, the first short enough that n times it is exact
  const Vector r = (x - n * all(0.693359375f)) - n * all(-2.12194440e-4f);
  Vector series = all(1.0f / 5040);
  series = series * r + all(1.0f / 720);
  series = series * r + all(1.0f / 120);
  series = series * r + all(1.0f / 24);
  series = series * r + all(1.0f / 6);
  series = series * r + all(0.5f);
  series = series * r + all(1);
  series = series * r + all(1);
  const Bits exponent = (reinterpret_cast<const Bits&>(shifted) - reinterpret_cast<const Bits&>(shift) + 127u) << 23;
  return series * reinterpret_cast<const Vector&>(exponent);
}

inline Vector sigmoid(Vector z) { return all(1) / (all(1) + exponential(-z)); }

struct Identity {
  static Vector value(Vector z) { return z; }
  static Vector slope(Vector) { return all(1); }
};

// A NaN stays one; the slope at 0 is 0.
struct Relu {
  static Vector value(Vector z) { return choose(z < all(0), all(0), z); }
  static Vector slope(Vector z) { return choose(z > all(0), all(1), all(0)); }
};

// z · sigmoid(z)
struct Silu {
  static Vector value(Vector z) { return z * sigmoid(z); }
  static Vector slope(Vector z) {
    const Vector s = sigmoid(z);
    return s * (all(1) + z * (all(1) - s));
  }
};
