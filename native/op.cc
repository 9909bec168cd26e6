#include "op.h"

#include <cstdio>
#include <cstdlib>

#include "tensorflow/c/ops.h"
#include "tensorflow/c/tf_status.h"
#include "tensorflow/c/tf_tensor.h"

namespace deepfake_game {
namespace {

// A status that is freed at the end of its scope.
struct Status {
  TF_Status* const handle = TF_NewStatus();
  ~Status() { TF_DeleteStatus(handle); }
  bool ok() const { return TF_GetCode(handle) == TF_OK; }
};

// These run while the library is loaded, where there is nobody to hand an error to: it would be a fault of the program's own text.
void require(const Status& status, const char* name) {
  if (status.ok()) return;
  std::fprintf(stderr, "operation %s: %s\n", name, TF_Message(status.handle));
  std::abort();
}

Tensor viewOf(TF_Tensor* handle) {
  Tensor tensor;
  tensor.handle = handle;
  tensor.dtype = TF_TensorType(handle);
  for (int i = 0; i < TF_NumDims(handle); i++) tensor.dims.push_back(TF_Dim(handle, i));
  tensor.data = TF_TensorData(handle);
  tensor.size = TF_TensorElementCount(handle);
  return tensor;
}

// Whoever asks for an attribute that the operation does not have has a fault in its own text; TensorFlow reports it with the node.
template <typename T, typename Read>
T attribute(TF_OpKernelConstruction* construction, Read read) {
  Status status;
  T value{};
  read(&value, status.handle);
  if (!status.ok()) TF_OpKernelConstruction_Failure(construction, status.handle);
  return value;
}

}  // namespace

float Attributes::number(const char* name) const {
  return attribute<float>(construction_, [&](float* value, TF_Status* status) {
    TF_OpKernelConstruction_GetAttrFloat(construction_, name, value, status);
  });
}

int64_t Attributes::integer(const char* name) const {
  return attribute<int64_t>(construction_, [&](int64_t* value, TF_Status* status) {
    TF_OpKernelConstruction_GetAttrInt64(construction_, name, value, status);
  });
}

bool Attributes::flag(const char* name) const {
  return attribute<TF_Bool>(construction_, [&](TF_Bool* value, TF_Status* status) {
           TF_OpKernelConstruction_GetAttrBool(construction_, name, value, status);
         }) != 0;
}

std::string Attributes::text(const char* name) const {
  Status status;
  int32_t list = 0;
  int32_t bytes = 0;
  TF_OpKernelConstruction_GetAttrSize(construction_, name, &list, &bytes, status.handle);
  std::string value(status.ok() ? bytes : 0, '\0');
  if (status.ok()) TF_OpKernelConstruction_GetAttrString(construction_, name, value.data(), value.size(), status.handle);
  if (!status.ok()) TF_OpKernelConstruction_Failure(construction_, status.handle);
  return value;
}

Call::~Call() {
  for (TF_Tensor* tensor : held_) TF_DeleteTensor(tensor);
  for (void* memory : scratch_) std::free(memory);
}

const Tensor Call::input(int index) {
  Status status;
  TF_Tensor* handle = nullptr;
  TF_GetInput(context_, index, &handle, status.handle);
  if (!status.ok()) {
    fail(TF_Message(status.handle));
    return {};
  }
  held_.push_back(handle);
  return viewOf(handle);
}

Tensor Call::output(int index, TF_DataType dtype, const std::vector<int64_t>& dims) {
  Status status;
  int64_t count = 1;
  for (int64_t dim : dims) count *= dim;
  TF_Tensor* handle = TF_AllocateOutput(context_, index, dtype, dims.data(), static_cast<int>(dims.size()),
                                        count * TF_DataTypeSize(dtype), status.handle);
  if (!status.ok()) {
    fail(TF_Message(status.handle));
    return {};
  }
  held_.push_back(handle);
  return viewOf(handle);
}

void* Call::scratchBytes(int64_t bytes) {
  const int64_t whole = (bytes + 63) / 64 * 64;
  void* memory = std::aligned_alloc(64, whole == 0 ? 64 : whole);
  if (memory == nullptr) fail("no memory for " + std::to_string(bytes) + " bytes of scratch");
  scratch_.push_back(memory);
  return memory;
}

void Call::fail(const std::string& message) {
  if (failed_) return;
  failed_ = true;
  Status status;
  TF_SetStatus(status.handle, TF_INVALID_ARGUMENT, message.c_str());
  TF_OpKernelContext_Failure(context_, status.handle);
}

void registerOperation(const char* name, std::initializer_list<const char*> inputs, std::initializer_list<const char*> outputs,
                       std::initializer_list<const char*> attributes, MakeKernel make, RunKernel run, DeleteKernel remove) {
  TF_OpDefinitionBuilder* definition = TF_NewOpDefinitionBuilder(name);
  for (const char* attribute : attributes) TF_OpDefinitionBuilderAddAttr(definition, attribute);
  for (const char* input : inputs) TF_OpDefinitionBuilderAddInput(definition, input);
  for (const char* output : outputs) TF_OpDefinitionBuilderAddOutput(definition, output);
  // Shapes are known when the operation runs; nothing before that asks.
  TF_OpDefinitionBuilderSetShapeInferenceFunction(definition, [](TF_ShapeInferenceContext* context, TF_Status* status) {
    TF_ShapeInferenceContextSetUnknownShape(context, status);
  });
  Status status;
  TF_RegisterOpDefinition(definition, status.handle);
  require(status, name);
  TF_KernelBuilder* builder = TF_NewKernelBuilder(name, "CPU", make, run, remove);
  TF_RegisterKernelBuilder(name, builder, status.handle);
  require(status, name);
}

}  // namespace deepfake_game
