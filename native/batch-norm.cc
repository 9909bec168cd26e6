#include "batch-norm.h"

#include <algorithm>

#include "parallel.h"

#define KERNELS "batch-norm-kernels.h"
#include "each-instruction-set.h"

namespace deepfake_game {
namespace {

// Calls run with a null pointer of the type that the tensor holds.
template <typename Run>
void byType(const Tensor& tensor, const Run& run) {
  if (tensor.dtype == TF_FLOAT) {
    run(static_cast<float*>(nullptr));
  } else {
    run(static_cast<uint16_t*>(nullptr));
  }
}

// The pieces from the last to the first: the pass before this one ended there, and a cache may still hold it.
template <typename Work>
void backwards(const Rows& rows, const Work& work) {
  parallelFor(rows.pieces, [&](int64_t i) { work(rows.pieces - 1 - i); });
}

}  // namespace

Rows::Rows(const Tensor& x)
    : channels(x.last()),
      rows(x.size / channels),
      // a multiple of 16, so that only the last piece ends within a vector
      perPiece(std::max<int64_t>(16, 16384 / channels / 16 * 16)),
      pieces((rows + perPiece - 1) / perPiece),
      width(INSTRUCTION_SETS(wideRow)(channels)) {}

int64_t Rows::in(int64_t piece) const { return std::min(perPiece, rows - piece * perPiece); }

BatchNormSettings::BatchNormSettings(const Attributes& attributes) : epsilon(attributes.number("epsilon")) {
  const std::string name = attributes.text("activation");
  activation = name == "relu" ? Activation::relu : name == "silu" ? Activation::silu : Activation::none;
}

bool fits(Call& call, const Tensor& x, const Tensor* dy, std::initializer_list<Tensor> each) {
  if (call.failed()) return false;
  if (x.size == 0) call.fail("batch norm: x has no values");
  if (dy != nullptr && dy->size != x.size) call.fail("batch norm: the gradient of y has not as many values as x");
  for (const Tensor& tensor : each) {
    if (tensor.size != x.last()) {
      call.fail("batch norm: x has " + std::to_string(x.last()) + " channels, and its scale, offset, mean or variance " +
                std::to_string(tensor.size) + " values");
    }
  }
  return !call.failed();
}

const float* wideRowOf(Call& call, const Rows& rows, const std::vector<float>& values) {
  float* row = call.scratch<float>(rows.width);
  for (int64_t c = 0; row != nullptr && c < rows.width; c++) row[c] = values[c % rows.channels];
  return row;
}

Scaling scalingOf(Call& call, const Rows& rows, const float* mean, const float* inverse, const Tensor& scale, const Tensor& offset) {
  std::vector<float> factor(rows.channels);
  for (int64_t c = 0; c < rows.channels; c++) factor[c] = scale.as<float>()[c] * inverse[c];
  const float* shift = offset.as<float>();
  return {wideRowOf(call, rows, {mean, mean + rows.channels}), wideRowOf(call, rows, factor), wideRowOf(call, rows, {shift, shift + rows.channels})};
}

// The pieces' own statistics are joined as Chan, Golub & LeVeque (1979) join samples, so that nothing cancels.
Statistics statisticsOf(Call& call, const Rows& rows, const Tensor& x) {
  Statistics of{std::vector<double>(rows.channels), std::vector<double>(rows.channels)};
  float* means = call.scratch<float>(rows.pieces * rows.width);
  float* squares = call.scratch<float>(rows.pieces * rows.width);
  if (call.failed()) return of;
  byType(x, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    parallelFor(rows.pieces, [&](int64_t piece) {
      INSTRUCTION_SETS(statistics<T>)(x.as<T>() + rows.start(piece), rows.in(piece), rows.channels, means + piece * rows.width, squares + piece * rows.width);
    });
  });
  const double n = static_cast<double>(rows.rows);
  for (int64_t piece = 0; piece < rows.pieces; piece++) {
    const double share = rows.in(piece) / n;
    for (int64_t c = 0; c < rows.channels; c++) of.mean[c] += means[piece * rows.width + c] * share;
  }
  for (int64_t piece = 0; piece < rows.pieces; piece++) {
    const double share = rows.in(piece) / n;
    for (int64_t c = 0; c < rows.channels; c++) {
      const double apart = means[piece * rows.width + c] - of.mean[c];
      of.variance[c] += squares[piece * rows.width + c] / n + share * apart * apart;
    }
  }
  return of;
}

void normaliseRows(const Rows& rows, const Tensor& x, const Tensor& y, const Scaling& scaling, Activation activation) {
  byType(x, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    backwards(rows, [&](int64_t piece) {
      const int64_t at = rows.start(piece);
      INSTRUCTION_SETS(normalise<T>)(x.as<T>() + at, y.as<T>() + at, rows.in(piece), rows.channels, scaling, activation);
    });
  });
}

GradientSums gradientSumsOf(Call& call, const Rows& rows, const Tensor& dy, const Tensor& x, const Scaling& scaling, Activation activation) {
  GradientSums of{std::vector<double>(rows.channels), std::vector<double>(rows.channels)};
  float* sums = call.scratch<float>(rows.pieces * rows.width);
  float* products = call.scratch<float>(rows.pieces * rows.width);
  if (call.failed()) return of;
  byType(x, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    parallelFor(rows.pieces, [&](int64_t piece) {
      const int64_t at = rows.start(piece);
      INSTRUCTION_SETS(gradientSums<T>)(dy.as<T>() + at, x.as<T>() + at, rows.in(piece), rows.channels, scaling, activation, sums + piece * rows.width,
                                     products + piece * rows.width);
    });
  });
  for (int64_t piece = 0; piece < rows.pieces; piece++) {
    for (int64_t c = 0; c < rows.channels; c++) {
      of.sums[c] += sums[piece * rows.width + c];
      of.products[c] += products[piece * rows.width + c];
    }
  }
  return of;
}

void inputGradientRows(const Rows& rows, const Tensor& dy, const Tensor& x, const Tensor& dx, const Scaling& scaling, Activation activation,
                       const Correction* correction) {
  byType(x, [&](auto* type) {
    using T = std::remove_pointer_t<decltype(type)>;
    backwards(rows, [&](int64_t piece) {
      const int64_t at = rows.start(piece);
      INSTRUCTION_SETS(inputGradient<T>)(dy.as<T>() + at, x.as<T>() + at, dx.as<T>() + at, rows.in(piece), rows.channels, scaling, activation, correction);
    });
  });
}

}  // namespace deepfake_game
