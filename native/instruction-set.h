// Which of the compiled variants of a kernel this processor runs.
#pragma once

namespace deepfake_game {

enum class InstructionSet { baseline, avx2, avx512 };

// The widest that the processor has; DEEPFAKE_GAME_INSTRUCTIONS=baseline|avx2|avx512 in the environment lowers it (for tests).
InstructionSet instructionSet();

}  // namespace deepfake_game

#if defined(__x86_64__)
#define INSTRUCTION_SETS(function)                                                                 \
  (::deepfake_game::instructionSet() == ::deepfake_game::InstructionSet::avx512 ? avx512::function \
   : ::deepfake_game::instructionSet() == ::deepfake_game::InstructionSet::avx2 ? avx2::function   \
                                                                                : baseline::function)
#else
#define INSTRUCTION_SETS(function) (baseline::function)
#endif
