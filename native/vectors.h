// Vectors of 32-bit floats in GCC's and Clang's own vector types. Included inside a namespace once for each instruction set (each-instruction-set.h), with
// LANES floats to a vector: no guard.

typedef float Vector __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef uint32_t Bits __attribute__((vector_size(4 * LANES), aligned(4), may_alias));
typedef uint16_t Halves __attribute__((vector_size(2 * LANES), aligned(2), may_alias));

inline Vector load(const float* from) { return *reinterpret_cast<const Vector*>(from); }
inline void store(float* to, Vector value) { *reinterpret_cast<Vector*>(to) = value; }

// bfloat16 is the upper half of a float.
inline Vector load(const uint16_t* from) {
  const Bits bits = __builtin_convertvector(*reinterpret_cast<const Halves*>(from), Bits) << 16;
  return reinterpret_cast<const Vector&>(bits);
}

// Rounds to the nearest, ties to even; a NaN stays one.
inline void store(uint16_t* to, Vector value) {
  const Bits bits = reinterpret_cast<const Bits&>(value);
  const Bits rounded = (bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16;
  const auto unequal = value != value;
  const Bits isNan = reinterpret_cast<const Bits&>(unequal);
  *reinterpret_cast<Halves*>(to) = __builtin_convertvector((rounded & ~isNan) | (0x7fc0u & isNan), Halves);
}

inline float loadOne(const float* from) { return *from; }
inline void storeOne(float* to, float value) { *to = value; }
inline float loadOne(const uint16_t* from) {
  const uint32_t bits = static_cast<uint32_t>(*from) << 16;
  float value;
  std::memcpy(&value, &bits, 4);
  return value;
}
inline void storeOne(uint16_t* to, float value) {
  uint32_t bits;
  std::memcpy(&bits, &value, 4);
  *to = value != value ? 0x7fc0 : static_cast<uint16_t>((bits + 0x7fffu + ((bits >> 16) & 1u)) >> 16);
}

// The same value in all lanes.
inline Vector all(float value) { return Vector{} + value; }
// mask ? a : b, lane by lane.
template <typename Mask>
inline Vector choose(Mask mask, Vector a, Vector b) {
  return mask ? a : b;
}
inline Vector larger(Vector a, Vector b) { return choose(a > b, a, b); }
