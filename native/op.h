// TensorFlow operations of our own, through its C interface: an operation is a name, its inputs and outputs in TensorFlow's words, and a function.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <vector>

#include "tensorflow/c/kernels.h"

namespace deepfake_game {

// One tensor as its memory: dense, row-major. bfloat16 is uint16_t here.
struct Tensor {
  TF_Tensor* handle = nullptr;
  TF_DataType dtype = TF_FLOAT;
  std::vector<int64_t> dims;
  void* data = nullptr;
  int64_t size = 0;

  template <typename T>
  T* as() const {
    return static_cast<T*>(data);
  }
  int64_t last() const { return dims.empty() ? 1 : dims.back(); }
};

// Attributes of a node, read once when its kernel is made.
struct Attributes {
  explicit Attributes(TF_OpKernelConstruction* construction) : construction_(construction) {}
  float number(const char* name) const;
  int64_t integer(const char* name) const;
  bool flag(const char* name) const;
  std::string text(const char* name) const;

 private:
  TF_OpKernelConstruction* construction_;
};

// One call of an operation. A call that has failed hands out tensors without data: check `failed()` once inputs and outputs are there.
class Call {
 public:
  explicit Call(TF_OpKernelContext* context) : context_(context) {}
  ~Call();
  Call(const Call&) = delete;
  Call& operator=(const Call&) = delete;

  const Tensor input(int index);
  Tensor output(int index, TF_DataType dtype, const std::vector<int64_t>& dims);
  // Memory that lives as long as the call; uninitialised, aligned to 64 bytes.
  template <typename T>
  T* scratch(int64_t count) {
    return static_cast<T*>(scratchBytes(count * static_cast<int64_t>(sizeof(T))));
  }
  // Ends the call with an error that TensorFlow hands to the program.
  void fail(const std::string& message);
  bool failed() const { return failed_; }

 private:
  void* scratchBytes(int64_t bytes);

  TF_OpKernelContext* context_;
  std::vector<TF_Tensor*> held_;
  std::vector<void*> scratch_;
  bool failed_ = false;
};

using MakeKernel = void* (*)(TF_OpKernelConstruction*);
using RunKernel = void (*)(void*, TF_OpKernelContext*);
using DeleteKernel = void (*)(void*);

void registerOperation(const char* name, std::initializer_list<const char*> inputs, std::initializer_list<const char*> outputs,
                       std::initializer_list<const char*> attributes, MakeKernel make, RunKernel run, DeleteKernel remove);

// Registers an operation for the processor when the library is loaded. `K` is constructed from Attributes and called with a Call:
//   struct Negate { explicit Negate(const Attributes&) {} void operator()(Call& call) const; };
//   static const Operation<Negate> negate("DeepfakeGame>Negate", {"x: T"}, {"y: T"}, {"T: {float, bfloat16}"});
template <typename K>
struct Operation {
  Operation(const char* name, std::initializer_list<const char*> inputs, std::initializer_list<const char*> outputs,
            std::initializer_list<const char*> attributes) {
    registerOperation(
        name, inputs, outputs, attributes,
        [](TF_OpKernelConstruction* construction) -> void* { return new K(Attributes(construction)); },
        [](void* kernel, TF_OpKernelContext* context) {
          Call call(context);
          (*static_cast<const K*>(kernel))(call);
        },
        [](void* kernel) { delete static_cast<K*>(kernel); });
  }
};

}  // namespace deepfake_game
