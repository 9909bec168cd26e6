// Batch normalisation by given statistics and its activation, one pass; its gradients, one pass each, because an attack wants that of x alone.

#include <cmath>

#include "batch-norm.h"

namespace deepfake_game {
namespace {

// x, after dy where there is one, is followed by scale, offset, mean and variance.
struct Given {
  Given(Call& call, int index, float epsilon) {
    x = call.input(index);
    scale = call.input(index + 1);
    offset = call.input(index + 2);
    mean = call.input(index + 3);
    variance = call.input(index + 4);
    for (int64_t c = 0; c < variance.size; c++) inverse.push_back(1 / std::sqrt(variance.as<float>()[c] + epsilon));
  }
  bool fit(Call& call, const Tensor* dy) const { return fits(call, x, dy, {scale, offset, mean, variance}); }
  Scaling scaling(Call& call, const Rows& rows) const { return scalingOf(call, rows, mean.as<float>(), inverse.data(), scale, offset); }

  Tensor x, scale, offset, mean, variance;
  std::vector<float> inverse;
};

struct Inference : BatchNormSettings {
  using BatchNormSettings::BatchNormSettings;

  void operator()(Call& call) const {
    const Given given(call, 0, epsilon);
    if (!given.fit(call, nullptr)) return;
    const Tensor y = call.output(0, given.x.dtype, given.x.dims);
    const Rows rows(given.x);
    const Scaling scaling = given.scaling(call, rows);
    if (!call.failed()) normaliseRows(rows, given.x, y, scaling, activation);
  }
};

struct InputGradient : BatchNormSettings {
  using BatchNormSettings::BatchNormSettings;

  void operator()(Call& call) const {
    const Tensor dy = call.input(0);
    const Given given(call, 1, epsilon);
    if (!given.fit(call, &dy)) return;
    const Tensor dx = call.output(0, given.x.dtype, given.x.dims);
    const Rows rows(given.x);
    const Scaling scaling = given.scaling(call, rows);
    if (!call.failed()) inputGradientRows(rows, dy, given.x, dx, scaling, activation, nullptr);
  }
};

struct ParameterGradient : BatchNormSettings {
  using BatchNormSettings::BatchNormSettings;

  void operator()(Call& call) const {
    const Tensor dy = call.input(0);
    const Given given(call, 1, epsilon);
    if (!given.fit(call, &dy)) return;
    const Tensor dscale = call.output(0, TF_FLOAT, given.scale.dims), doffset = call.output(1, TF_FLOAT, given.offset.dims);
    const Rows rows(given.x);
    const Scaling scaling = given.scaling(call, rows);
    if (call.failed()) return;
    const GradientSums of = gradientSumsOf(call, rows, dy, given.x, scaling, activation);
    for (int64_t c = 0; c < rows.channels; c++) {
      dscale.as<float>()[c] = static_cast<float>(of.products[c] * given.inverse[c]);
      doffset.as<float>()[c] = static_cast<float>(of.sums[c]);
    }
  }
};

const std::initializer_list<const char*> attributes = {"T: {float, bfloat16}", "epsilon: float", "activation: {'none', 'relu', 'silu'}"};
const Operation<Inference> inference("DeepfakeGame>BatchNormInference",
                                     {"x: T", "scale: float", "offset: float", "mean: float", "variance: float"}, {"y: T"}, attributes);
const Operation<InputGradient> inputGradient("DeepfakeGame>BatchNormInferenceGrad",
                                             {"dy: T", "x: T", "scale: float", "offset: float", "mean: float", "variance: float"}, {"dx: T"}, attributes);
const Operation<ParameterGradient> parameterGradient("DeepfakeGame>BatchNormParameterGrad",
                                                     {"dy: T", "x: T", "scale: float", "offset: float", "mean: float", "variance: float"},
                                                     {"dscale: float", "doffset: float"}, attributes);

}  // namespace
}  // namespace deepfake_game
