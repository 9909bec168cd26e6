// Tells the program which variant of the kernels this processor runs, so that it can choose between them and TensorFlow's own.
#include "instruction-set.h"
#include "op.h"

namespace deepfake_game {
namespace {

struct TellInstructionSet {
  explicit TellInstructionSet(const Attributes&) {}
  void operator()(Call& call) const {
    const Tensor answer = call.output(0, TF_INT32, {});
    if (!call.failed()) *answer.as<int32_t>() = static_cast<int32_t>(instructionSet());
  }
};

const Operation<TellInstructionSet> tellInstructionSet("DeepfakeGame>InstructionSet", {}, {"set: int32"}, {});

}  // namespace
}  // namespace deepfake_game
