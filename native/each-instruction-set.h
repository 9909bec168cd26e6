// Compiles the file that KERNELS names once for each instruction set that a processor of this kind may have, each in a namespace of its own with LANES floats to
// a vector. Define KERNELS as the file's name in quotes, then include this; standard headers come before, so that they are compiled for every processor.
// No guard: several kernels use it.
//
//   #define KERNELS "batch-norm-kernels.h"
//   #include "each-instruction-set.h"
//   … INSTRUCTION_SETS(normalise)(x, y, n);      calls avx512::normalise, avx2::normalise or baseline::normalise

#include <cstdint>
#include <cstring>

#include "instruction-set.h"

namespace deepfake_game {

namespace baseline {
#define LANES 8
#include "vectors.h"
#include KERNELS
#undef LANES
}  // namespace baseline

#if defined(__x86_64__)

#if defined(__clang__)
#pragma clang attribute push(__attribute__((target("avx2,fma"))), apply_to = function)
#else
#pragma GCC push_options
#pragma GCC target("avx2,fma")
#endif
namespace avx2 {
#define LANES 8
#include "vectors.h"
#include KERNELS
#undef LANES
}  // namespace avx2
#if defined(__clang__)
#pragma clang attribute pop
#pragma clang attribute push(__attribute__((target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl"))), apply_to = function)
#else
#pragma GCC pop_options
#pragma GCC push_options
#pragma GCC target("avx2,fma,avx512f,avx512bw,avx512dq,avx512vl")
#endif
namespace avx512 {
#define LANES 16
#include "vectors.h"
#include KERNELS
#undef LANES
}  // namespace avx512
#if defined(__clang__)
#pragma clang attribute pop
#else
#pragma GCC pop_options
#endif

#endif

}  // namespace deepfake_game

#undef KERNELS
