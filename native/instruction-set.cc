#include "instruction-set.h"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace deepfake_game {
namespace {

InstructionSet widest() {
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") &&
      __builtin_cpu_supports("avx512vl")) {
    return InstructionSet::avx512;
  }
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return InstructionSet::avx2;
#endif
  return InstructionSet::baseline;
}

InstructionSet chosen() {
  const char* named = std::getenv("DEEPFAKE_GAME_INSTRUCTIONS");
  const std::string name = named == nullptr ? "" : named;
  const InstructionSet wanted = name == "baseline" ? InstructionSet::baseline : name == "avx2" ? InstructionSet::avx2 : InstructionSet::avx512;
  return std::min(wanted, widest());
}

}  // namespace

InstructionSet instructionSet() {
  static const InstructionSet set = chosen();
  return set;
}

}  // namespace deepfake_game
