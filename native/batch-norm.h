// Batch normalisation over [rows, channels] with the activation that follows it: the passes over memory of which the operations are made. Statistics and what else
// there is for each channel are float32, whatever x holds. With m the mean: z = (x − m) · factor + offset, y = activation(z), g = dy · activation′(z).
#pragma once

#include <vector>

#include "op.h"

namespace deepfake_game {

enum class Activation { none, relu, silu };

// What turns x into z: a wide row each, that is, the channels' values repeated until whole vectors are full (channel-vectors.h).
struct Scaling {
  const float* mean;
  const float* factor;
  const float* offset;
};

// What the batch's own statistics take from the gradient of x: slope · (x − mean) + shift, a wide row each.
struct Correction {
  const float* slope;
  const float* shift;
};

// A tensor cut into pieces of whole rows that a core's cache holds.
struct Rows {
  explicit Rows(const Tensor& x);
  int64_t in(int64_t piece) const;
  int64_t start(int64_t piece) const { return piece * perPiece * channels; }

  int64_t channels;
  int64_t rows;
  int64_t perPiece;
  int64_t pieces;
  // Floats of a wide row.
  int64_t width;
};

// What every operation here reads of its node.
struct BatchNormSettings {
  explicit BatchNormSettings(const Attributes& attributes);
  float epsilon;
  Activation activation;
};

// Whether x has values, dy (where given) as many, and each of the others one a channel; fails the call otherwise.
bool fits(Call& call, const Tensor& x, const Tensor* dy, std::initializer_list<Tensor> each);

// values repeated to a wide row; the memory is the call's.
const float* wideRowOf(Call& call, const Rows& rows, const std::vector<float>& values);

// From inputs [C]; inverse is 1 / √(variance + ε).
Scaling scalingOf(Call& call, const Rows& rows, const float* mean, const float* inverse, const Tensor& scale, const Tensor& offset);

// Mean and biased variance of each channel.
struct Statistics {
  std::vector<double> mean;
  std::vector<double> variance;
};
Statistics statisticsOf(Call& call, const Rows& rows, const Tensor& x);

// y from x.
void normaliseRows(const Rows& rows, const Tensor& x, const Tensor& y, const Scaling& scaling, Activation activation);

// Σ g and Σ g · (x − mean) of each channel.
struct GradientSums {
  std::vector<double> sums;
  std::vector<double> products;
};
GradientSums gradientSumsOf(Call& call, const Rows& rows, const Tensor& dy, const Tensor& x, const Scaling& scaling, Activation activation);

// dx = g · factor, plus the correction unless it is null.
void inputGradientRows(const Rows& rows, const Tensor& dy, const Tensor& x, const Tensor& dx, const Scaling& scaling, Activation activation,
                       const Correction* correction);

}  // namespace deepfake_game
