// An optimiser's update in one pass over parameters, gradients and averages: what TensorFlow takes a dozen operations on vectors of all parameters for, and as many
// again to make those vectors of the layers' tensors and to cut them up. The rules (SGD with momentum, Adam, RAdam) differ in numbers only:
//   g ← cut · g + pull · θ        m ← decay · m + gain · g        v ← squareDecay · v + squareGain · g²
//   θ ← shrinkage · θ − stepSize · m / (ofRoot · √v + besideRoot), or without v: θ ← shrinkage · θ − stepSize · m

#include <algorithm>
#include <cmath>
#include <vector>

#include "op.h"
#include "parallel.h"

namespace deepfake_game {
namespace {

struct Update {
  float decay, gain, squareDecay, squareGain, pull, cut;
  float shrinkage, stepSize, ofRoot, besideRoot;
};

// Some neighbouring values of one tensor of parameters, and what belongs to them.
struct Stretch {
  const float *theta, *gradient, *m, *v;
  float *newTheta, *newM, *newV;
  int64_t count;
};

// 16 KB of each of seven arrays stay in a core's second cache between the gradient's length and the update.
constexpr int64_t STRETCH = 4096;

}  // namespace
}  // namespace deepfake_game

#define KERNELS "optimizer-kernels.h"
#include "each-instruction-set.h"

namespace deepfake_game {
namespace {

struct OptimizerStep {
  explicit OptimizerStep(const Attributes& attributes)
      : tensors(attributes.integer("N")),
        averages(attributes.integer("M")),
        limit(attributes.number("clip_norm")),
        rule{attributes.number("decay"),
             attributes.number("gain"),
             attributes.number("square_decay"),
             attributes.number("square_gain"),
             attributes.number("pull"),
             1,
             1,
             0,
             0,
             1} {}

  void operator()(Call& call) const {
    std::vector<Stretch> stretches;
    Update by = rule;
    if (!lay(call, &stretches) || !readNumbers(call, &by)) return;
    const Tensor norm = call.output(tensors + averages, TF_FLOAT, {});
    if (call.failed()) return;

    const int64_t pieces = static_cast<int64_t>(stretches.size());
    std::vector<double> squares(pieces);
    const auto measure = [&](int64_t i) { squares[i] = INSTRUCTION_SETS(sumOfSquares)(stretches[i].gradient, stretches[i].count); };
    const auto update = [&](int64_t i) {
      if (averages == 2) {
        INSTRUCTION_SETS(updateStretch<true>)(by, stretches[i]);
      } else {
        INSTRUCTION_SETS(updateStretch<false>)(by, stretches[i]);
      }
    };
    if (limit > 0) {
      parallelFor(pieces, measure);
      *norm.as<float>() = lengthOf(squares);
      // a NaN stays one
      const float cut = limit / *norm.as<float>();
      by.cut = cut > 1 ? 1 : cut;
      parallelFor(pieces, update);
    } else {
      parallelFor(pieces, [&](int64_t i) {
        measure(i);
        update(i);
      });
      *norm.as<float>() = lengthOf(squares);
    }
  }

 private:
  // In the order of the parameters, whoever computed the parts.
  static float lengthOf(const std::vector<double>& squares) {
    double sum = 0;
    for (double part : squares) sum += part;
    return static_cast<float>(std::sqrt(sum));
  }

  // Inputs: parameters, gradients, averages, numbers. Outputs: parameters, averages, the gradient's length.
  bool lay(Call& call, std::vector<Stretch>* stretches) const {
    if (averages > 2) call.fail("optimiser's update: it keeps one average or two, not " + std::to_string(averages));
    if (call.failed()) return false;
    Tensor old[2], renewed[2];
    for (int64_t k = 0; k < averages; k++) {
      old[k] = call.input(2 * tensors + k);
      renewed[k] = call.output(tensors + k, TF_FLOAT, old[k].dims);
    }
    int64_t at = 0;
    for (int64_t i = 0; i < tensors && !call.failed(); i++) {
      const Tensor theta = call.input(i), gradient = call.input(tensors + i), next = call.output(i, TF_FLOAT, theta.dims);
      if (gradient.dims != theta.dims) call.fail("optimiser's update: gradient " + std::to_string(i) + " is not of the shape of its parameters");
      for (int64_t k = 0; k < averages; k++) {
        if (old[k].size < at + theta.size) call.fail("optimiser's update: average " + std::to_string(k) + " has fewer values than the parameters");
      }
      if (call.failed()) return false;
      for (int64_t from = 0; from < theta.size; from += STRETCH) {
        const int64_t in = at + from;
        const bool squares = averages == 2;
        stretches->push_back({theta.as<float>() + from, gradient.as<float>() + from, old[0].as<float>() + in, squares ? old[1].as<float>() + in : nullptr,
                              next.as<float>() + from, renewed[0].as<float>() + in, squares ? renewed[1].as<float>() + in : nullptr,
                              std::min(STRETCH, theta.size - from)});
      }
      at += theta.size;
    }
    for (int64_t k = 0; k < averages; k++) {
      if (old[k].size != at) call.fail("optimiser's update: average " + std::to_string(k) + " has more values than the parameters");
    }
    return !call.failed();
  }

  bool readNumbers(Call& call, Update* by) const {
    const Tensor numbers = call.input(2 * tensors + averages);
    if (!call.failed() && numbers.size != 2 * averages) call.fail("optimiser's update: it takes 2 numbers of the step, and 2 more with squares");
    if (call.failed()) return false;
    by->shrinkage = numbers.as<float>()[0];
    by->stepSize = numbers.as<float>()[1];
    if (averages == 2) {
      by->ofRoot = numbers.as<float>()[2];
      by->besideRoot = numbers.as<float>()[3];
    }
    return true;
  }

  int64_t tensors, averages;
  float limit;
  Update rule;
};

const Operation<OptimizerStep> optimizerStep("DeepfakeGame>OptimizerStep",
                                             {"parameters: N * float", "gradients: N * float", "averages: M * float", "numbers: float"},
                                             {"new_parameters: N * float", "new_averages: M * float", "gradient_norm: float"},
                                             {"N: int >= 1", "M: int >= 1", "decay: float", "gain: float", "square_decay: float", "square_gain: float",
                                              "pull: float", "clip_norm: float"});

}  // namespace
}  // namespace deepfake_game
