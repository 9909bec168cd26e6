// Batch normalisation by the batch's own statistics, its activation, and the gradient through both: each pass reads its tensors once. Of the large tensors only x
// is needed for the gradient; the activation's slope is computed again from it, which costs less than to read it from memory.

#include <algorithm>
#include <cmath>

#include "batch-norm.h"

namespace deepfake_game {
namespace {

// y; the given statistics moved by `rate` of the difference towards the batch's mean and unbiased variance; the batch's mean and 1 / √(variance + ε).
struct Training : BatchNormSettings {
  explicit Training(const Attributes& attributes) : BatchNormSettings(attributes), rate(attributes.number("rate")) {}

  void operator()(Call& call) const {
    const Tensor x = call.input(0), scale = call.input(1), offset = call.input(2), oldMean = call.input(3), oldVariance = call.input(4);
    if (!fits(call, x, nullptr, {scale, offset, oldMean, oldVariance})) return;
    const Tensor y = call.output(0, x.dtype, x.dims);
    float* each[4];
    for (int i = 0; i < 4; i++) each[i] = call.output(i + 1, TF_FLOAT, {x.last()}).as<float>();
    const auto [newMean, newVariance, mean, inverse] = each;
    const Rows rows(x);
    if (call.failed()) return;
    const Statistics batch = statisticsOf(call, rows, x);
    // a single value has no spread to estimate: 0
    const double unbiased = rows.rows / std::max(1.0, rows.rows - 1.0);
    for (int64_t c = 0; c < rows.channels; c++) {
      mean[c] = static_cast<float>(batch.mean[c]);
      inverse[c] = static_cast<float>(1 / std::sqrt(batch.variance[c] + epsilon));
      newMean[c] = moved(oldMean.as<float>()[c], mean[c]);
      newVariance[c] = moved(oldVariance.as<float>()[c], static_cast<float>(batch.variance[c] * unbiased));
    }
    const Scaling scaling = scalingOf(call, rows, mean, inverse, scale, offset);
    if (!call.failed()) normaliseRows(rows, x, y, scaling, activation);
  }

  float moved(float from, float towards) const { return from + (towards - from) * rate; }
  float rate;
};

// dx, dscale and doffset (Ioffe & Szegedy 2015, section 3). dx needs the sums that are the other two.
struct TrainingGradient : BatchNormSettings {
  using BatchNormSettings::BatchNormSettings;

  void operator()(Call& call) const {
    const Tensor dy = call.input(0), x = call.input(1), scale = call.input(2), offset = call.input(3), mean = call.input(4), inverse = call.input(5);
    if (!fits(call, x, &dy, {scale, offset, mean, inverse})) return;
    const Tensor dx = call.output(0, x.dtype, x.dims), dscale = call.output(1, TF_FLOAT, scale.dims), doffset = call.output(2, TF_FLOAT, offset.dims);
    const Rows rows(x);
    const Scaling scaling = scalingOf(call, rows, mean.as<float>(), inverse.as<float>(), scale, offset);
    if (call.failed()) return;
    const GradientSums of = gradientSumsOf(call, rows, dy, x, scaling, activation);
    std::vector<float> slope(rows.channels), shift(rows.channels);
    for (int64_t c = 0; c < rows.channels; c++) {
      const double root = inverse.as<float>()[c];
      const double each = scale.as<float>()[c] * root / rows.rows;
      slope[c] = static_cast<float>(-each * root * root * of.products[c]);
      shift[c] = static_cast<float>(-each * of.sums[c]);
      dscale.as<float>()[c] = static_cast<float>(of.products[c] * root);
      doffset.as<float>()[c] = static_cast<float>(of.sums[c]);
    }
    const Correction correction = {wideRowOf(call, rows, slope), wideRowOf(call, rows, shift)};
    if (!call.failed()) inputGradientRows(rows, dy, x, dx, scaling, activation, &correction);
  }
};

const Operation<Training> training(
    "DeepfakeGame>BatchNormTraining", {"x: T", "scale: float", "offset: float", "old_mean: float", "old_variance: float"},
    {"y: T", "new_mean: float", "new_variance: float", "mean: float", "inverse: float"},
    {"T: {float, bfloat16}", "epsilon: float", "rate: float", "activation: {'none', 'relu', 'silu'}"});
const Operation<TrainingGradient> gradient(
    "DeepfakeGame>BatchNormTrainingGrad", {"dy: T", "x: T", "scale: float", "offset: float", "mean: float", "inverse: float"},
    {"dx: T", "dscale: float", "doffset: float"}, {"T: {float, bfloat16}", "epsilon: float", "activation: {'none', 'relu', 'silu'}"});

}  // namespace
}  // namespace deepfake_game
