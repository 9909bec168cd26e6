// TensorFlow functions for the binding of TensorFlow.js, which knows operations only: what an operation is told while a step is
// recorded, and a graph of such operations as a new one. src/tensorflow/graph-function.ts is the other side.
//
// The binding keeps its context to itself. It is compiled with TFE_NewContext and TFE_Execute renamed to the two functions below, which
// call TensorFlow's own and remember.
#undef TFE_NewContext
#undef TFE_Execute

#include <cstdint>
#include <cstring>
#include <memory>
#include <string>
#include <vector>

#include "tensorflow/c/c_api.h"
#include "tensorflow/c/eager/c_api.h"
#include "tensorflow/c/eager/c_api_experimental.h"

namespace {

// Each thread of JavaScript that opens the binding has a context of its own.
thread_local TFE_Context* context = nullptr;

// Whether operations are remembered, and what the last one was told: a NameAttrList message, defaults and inferred types included.
thread_local bool wanted = false;
thread_local std::string last;

struct Status {
  TF_Status* const status = TF_NewStatus();
  ~Status() { TF_DeleteStatus(status); }
  bool ok() const { return TF_GetCode(status) == TF_OK; }
};

template <typename T>
using Owned = std::unique_ptr<T, void (*)(T*)>;

// Why the last call here failed; lives until the next one on its thread.
const char* problem(const std::string& message) {
  thread_local std::string text;
  text = message;
  return text.c_str();
}

void remember(const TFE_Op* op) {
  Status status;
  Owned<TF_Buffer> buffer(TF_NewBuffer(), TF_DeleteBuffer);
  TFE_OpAttrsSerialize(TFE_OpGetAttrs(op), buffer.get(), status.status);
  last.clear();
  if (status.ok()) last.assign(static_cast<const char*>(buffer->data), buffer->length);
}

// Copies a message into room of that capacity if it fits; its length.
size_t copy(const void* data, size_t length, uint8_t* room, size_t capacity) {
  if (length <= capacity) std::memcpy(room, data, length);
  return length;
}

}  // namespace

extern "C" {

TFE_Context* deepfake_game_new_context(const TFE_ContextOptions* options, TF_Status* status) {
  return context = TFE_NewContext(options, status);
}

void deepfake_game_execute(TFE_Op* op, TFE_TensorHandle** results, int* count, TF_Status* status) {
  if (wanted) remember(op);
  TFE_Execute(op, results, count, status);
}

// Whether operations are to be remembered, on this thread.
void deepfake_game_watch(bool watch) { wanted = watch; }

// What the last operation was told. Returns its length; writes nothing where that is above `capacity`.
size_t deepfake_game_last(uint8_t* attributes, size_t capacity) {
  return copy(last.data(), last.size(), attributes, capacity);
}

// Makes an operation `name` of a GraphDef. Inputs are the nodes in0, in1, …; output i is output `outputs[2 i + 1]` of node n<outputs[2 i]>,
// or of in<−1 − outputs[2 i]> where that is negative. Returns null, or why not.
const char* deepfake_game_define(const char* name, const uint8_t* graph_def, size_t length, int32_t inputs, int32_t outputs,
                                 const int32_t* output_places) {
  Status status;
  Owned<TF_Graph> graph(TF_NewGraph(), TF_DeleteGraph);
  Owned<TF_Buffer> buffer(TF_NewBufferFromString(graph_def, length), TF_DeleteBuffer);
  Owned<TF_ImportGraphDefOptions> options(TF_NewImportGraphDefOptions(), TF_DeleteImportGraphDefOptions);
  TF_GraphImportGraphDef(graph.get(), buffer.get(), options.get(), status.status);
  if (!status.ok()) return problem(TF_Message(status.status));
  const auto place = [&](const std::string& node, int index) { return TF_Output{TF_GraphOperationByName(graph.get(), node.c_str()), index}; };
  std::vector<TF_Output> from, to;
  for (int32_t i = 0; i < inputs; i++) from.push_back(place("in" + std::to_string(i), 0));
  for (int32_t i = 0; i < outputs; i++) {
    const int32_t node = output_places[2 * i];
    to.push_back(place(node < 0 ? "in" + std::to_string(-1 - node) : "n" + std::to_string(node), output_places[2 * i + 1]));
  }
  for (const auto& ends : {from, to}) {
    for (const auto& end : ends) {
      if (end.oper == nullptr) return problem("an input or output of the function names a node that the graph does not have");
    }
  }
  Owned<TF_Function> function(TF_GraphToFunction(graph.get(), name, false, -1, nullptr, inputs, from.data(), outputs, to.data(), nullptr,
                                                 nullptr, nullptr, status.status),
                              TF_DeleteFunction);
  if (!status.ok()) return problem(TF_Message(status.status));
  TFE_ContextAddFunction(context, function.get(), status.status);
  return status.ok() ? nullptr : problem(TF_Message(status.status));
}

// Forgets the operation `name`. Returns null, or why not.
const char* deepfake_game_remove(const char* name) {
  Status status;
  TFE_ContextRemoveFunction(context, name, status.status);
  return status.ok() ? nullptr : problem(TF_Message(status.status));
}

// The OpDef of an operation. Returns its length, 0 if there is no such operation; writes nothing where that is above `capacity`.
size_t deepfake_game_definition(const char* name, uint8_t* definition, size_t capacity) {
  Status status;
  Owned<TF_Graph> graph(TF_NewGraph(), TF_DeleteGraph);
  Owned<TF_Buffer> buffer(TF_NewBuffer(), TF_DeleteBuffer);
  TF_GraphGetOpDef(graph.get(), name, buffer.get(), status.status);
  return status.ok() ? copy(buffer->data, buffer->length, definition, capacity) : 0;
}

}  // extern "C"
