// Squeeze and excitation (Hu et al. 2018) in one operation: the mean over the pixels of an image, two small layers, and the image's channels times what they give.
// Of the large tensors x alone is needed for the gradient, and each pass works image by image, so that the second look at an image finds it in the cache.

#include <algorithm>
#include <type_traits>
#include <vector>

#include "op.h"
#include "parallel.h"

namespace deepfake_game {
namespace {
enum class Each { sigmoid, silu, siluSlope };
}  // namespace
}  // namespace deepfake_game

#define KERNELS "squeeze-excite-kernels.h"
#include "each-instruction-set.h"

namespace deepfake_game {
namespace {

// x [images, …, channels], of which the squeezing layer makes `squeezed` numbers.
struct Sizes {
  Sizes(const Tensor& x, const Tensor& squeezeBias)
      : images(x.dims.empty() ? 0 : x.dims[0]),
        channels(x.last()),
        squeezed(squeezeBias.size),
        imageSize(images == 0 ? 0 : x.size / images),
        width(channels == 0 ? 0 : INSTRUCTION_SETS(wideRow)(channels)) {}

  bool hold(Call& call, const Tensor& x, const Tensor& squeeze, const Tensor& excite) const {
    if (call.failed()) return false;
    if (x.dims.size() != 4 || x.size == 0) call.fail("squeeze and excitation: x is not [N, H, W, C] with values");
    if (squeeze.size != channels * squeezed || excite.size != channels * squeezed) {
      call.fail("squeeze and excitation: the kernels are not [C, S] and [S, C] for x's " + std::to_string(channels) + " channels and " +
                std::to_string(squeezed) + " biases");
    }
    return !call.failed();
  }

  int64_t images, channels, squeezed, imageSize, width;
  int64_t pixels() const { return imageSize / channels; }
};

template <typename Run>
void byType(const Tensor& tensor, const Run& run) {
  if (tensor.dtype == TF_FLOAT) {
    run(static_cast<float*>(nullptr));
  } else {
    run(static_cast<uint16_t*>(nullptr));
  }
}

void widen(std::vector<float>& row, int64_t channels) {
  for (size_t c = channels; c < row.size(); c++) row[c] = row[c - channels];
}

// y, and for the gradient the means [N, C], what the squeezing layer gives before its SiLU [N, S], and the gates [N, C].
struct SqueezeExcite {
  explicit SqueezeExcite(const Attributes&) {}

  void operator()(Call& call) const {
    const Tensor x = call.input(0), squeeze = call.input(1), squeezeBias = call.input(2), excite = call.input(3), exciteBias = call.input(4);
    const Sizes sizes(x, squeezeBias);
    if (!sizes.hold(call, x, squeeze, excite)) return;
    if (exciteBias.size != sizes.channels) return call.fail("squeeze and excitation: the second bias has not as many values as x has channels");
    const Tensor y = call.output(0, x.dtype, x.dims), means = call.output(1, TF_FLOAT, {sizes.images, sizes.channels});
    const Tensor hidden = call.output(2, TF_FLOAT, {sizes.images, sizes.squeezed}), gates = call.output(3, TF_FLOAT, {sizes.images, sizes.channels});
    if (call.failed()) return;
    byType(x, [&](auto* type) {
      using T = std::remove_pointer_t<decltype(type)>;
      parallelFor(sizes.images, [&](int64_t image) {
        const int64_t at = image * sizes.imageSize;
        std::vector<float> sums(sizes.width), row(sizes.width), active(sizes.squeezed);
        INSTRUCTION_SETS(channelSums<T>)(x.as<T>() + at, sizes.imageSize, sizes.channels, sums.data(), row.data());
        float* mean = means.as<float>() + image * sizes.channels;
        for (int64_t c = 0; c < sizes.channels; c++) mean[c] = sums[c] / static_cast<float>(sizes.pixels());
        float* z = hidden.as<float>() + image * sizes.squeezed;
        std::copy_n(squeezeBias.as<float>(), sizes.squeezed, z);
        for (int64_t c = 0; c < sizes.channels; c++) {
          INSTRUCTION_SETS(addScaled)(z, squeeze.as<float>() + c * sizes.squeezed, mean[c], sizes.squeezed);
        }
        INSTRUCTION_SETS(applyEach)(Each::silu, z, active.data(), sizes.squeezed);
        std::copy_n(exciteBias.as<float>(), sizes.channels, row.data());
        for (int64_t s = 0; s < sizes.squeezed; s++) {
          INSTRUCTION_SETS(addScaled)(row.data(), excite.as<float>() + s * sizes.channels, active[s], sizes.channels);
        }
        float* gate = gates.as<float>() + image * sizes.channels;
        INSTRUCTION_SETS(applyEach)(Each::sigmoid, row.data(), gate, sizes.channels);
        std::copy_n(gate, sizes.channels, row.data());
        widen(row, sizes.channels);
        INSTRUCTION_SETS(gateChannels<T>)(x.as<T>() + at, y.as<T>() + at, sizes.imageSize, sizes.channels, row.data(), nullptr);
      });
    });
  }
};

// The gradients of x and of both layers. The layers' own are sums over the images, in the order of the images.
struct Gradient {
  explicit Gradient(const Attributes&) {}

  void operator()(Call& call) const {
    const Tensor dy = call.input(0), x = call.input(1), squeeze = call.input(2), excite = call.input(3);
    const Tensor means = call.input(4), hidden = call.input(5), gates = call.input(6);
    if (call.failed()) return;
    const Tensor dx = call.output(0, x.dtype, x.dims), dsqueeze = call.output(1, TF_FLOAT, squeeze.dims);
    const Tensor dsqueezeBias = call.output(2, TF_FLOAT, {hidden.last()});
    const Tensor dexcite = call.output(3, TF_FLOAT, excite.dims), dexciteBias = call.output(4, TF_FLOAT, {x.last()});
    const Sizes sizes(x, dsqueezeBias);
    if (!sizes.hold(call, x, squeeze, excite)) return;
    if (dy.size != x.size) return call.fail("squeeze and excitation: the gradient of y has not as many values as x");
    // of each image, before the sigmoid [C] and before the SiLU [S]; and the SiLU's values
    std::vector<float> dgates(sizes.images * sizes.channels), dhidden(sizes.images * sizes.squeezed), active(sizes.images * sizes.squeezed);
    byType(x, [&](auto* type) {
      using T = std::remove_pointer_t<decltype(type)>;
      parallelFor(sizes.images, [&](int64_t image) {
        const int64_t at = image * sizes.imageSize;
        const float* gate = gates.as<float>() + image * sizes.channels;
        const float* z = hidden.as<float>() + image * sizes.squeezed;
        float* dgate = dgates.data() + image * sizes.channels;
        float* dz = dhidden.data() + image * sizes.squeezed;
        std::vector<float> sums(sizes.width), row(sizes.width);
        INSTRUCTION_SETS(channelProducts<T>)(dy.as<T>() + at, x.as<T>() + at, sizes.imageSize, sizes.channels, sums.data(), row.data());
        for (int64_t c = 0; c < sizes.channels; c++) dgate[c] = sums[c] * gate[c] * (1 - gate[c]);
        INSTRUCTION_SETS(applyEach)(Each::siluSlope, z, dz, sizes.squeezed);
        INSTRUCTION_SETS(applyEach)(Each::silu, z, active.data() + image * sizes.squeezed, sizes.squeezed);
        for (int64_t s = 0; s < sizes.squeezed; s++) dz[s] *= INSTRUCTION_SETS(dot)(dgate, excite.as<float>() + s * sizes.channels, sizes.channels);
        for (int64_t c = 0; c < sizes.channels; c++) {
          sums[c] = INSTRUCTION_SETS(dot)(dz, squeeze.as<float>() + c * sizes.squeezed, sizes.squeezed) / static_cast<float>(sizes.pixels());
          row[c] = gate[c];
        }
        widen(sums, sizes.channels);
        widen(row, sizes.channels);
        INSTRUCTION_SETS(gateChannels<T>)(dy.as<T>() + at, dx.as<T>() + at, sizes.imageSize, sizes.channels, row.data(), sums.data());
      });
    });
    sumOverImages(sizes, dhidden, nullptr, dsqueezeBias, sizes.squeezed);
    sumOverImages(sizes, dgates, nullptr, dexciteBias, sizes.channels);
    sumOverImages(sizes, dhidden, means.as<float>(), dsqueeze, sizes.squeezed);
    sumOverImages(sizes, dgates, active.data(), dexcite, sizes.channels);
  }

  // sum [rows, length] = Σ over the images of factors [rows] times values [length]; one row of Σ values without factors.
  static void sumOverImages(const Sizes& sizes, const std::vector<float>& values, const float* factors, const Tensor& sum, int64_t length) {
    if (length == 0) return;
    const int64_t rows = sum.size / length;
    const int64_t rowsOfPiece = std::max<int64_t>(1, 4096 / length);
    parallelFor((rows + rowsOfPiece - 1) / rowsOfPiece, [&](int64_t piece) {
      for (int64_t row = piece * rowsOfPiece; row < std::min(rows, (piece + 1) * rowsOfPiece); row++) {
        float* to = sum.as<float>() + row * length;
        std::fill_n(to, length, 0.0f);
        for (int64_t image = 0; image < sizes.images; image++) {
          INSTRUCTION_SETS(addScaled)(to, values.data() + image * length, factors == nullptr ? 1 : factors[image * rows + row], length);
        }
      }
    });
  }
};

const Operation<SqueezeExcite> squeezeExcite("DeepfakeGame>SqueezeExcite",
                                             {"x: T", "squeeze: float", "squeeze_bias: float", "excite: float", "excite_bias: float"},
                                             {"y: T", "means: float", "hidden: float", "gates: float"}, {"T: {float, bfloat16}"});
const Operation<Gradient> gradient("DeepfakeGame>SqueezeExciteGrad",
                                   {"dy: T", "x: T", "squeeze: float", "excite: float", "means: float", "hidden: float", "gates: float"},
                                   {"dx: T", "dsqueeze: float", "dsqueeze_bias: float", "dexcite: float", "dexcite_bias: float"},
                                   {"T: {float, bfloat16}"});

}  // namespace
}  // namespace deepfake_game
