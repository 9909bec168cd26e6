// Pieces of work that need scratch memory: a worker keeps its own from piece to piece.
#pragma once

#include <algorithm>
#include <atomic>

#include "parallel.h"

namespace deepfake_game {

// As many workers as are of use for so many pieces.
inline int64_t workersFor(int64_t pieces) { return std::min<int64_t>(pieces, threads()); }

// Calls work(piece, worker) once for each piece in [0, pieces); a worker does one piece at a time.
template <typename Work>
void withWorkers(int64_t pieces, int64_t workers, const Work& work) {
  std::atomic<int64_t> next{0};
  parallelFor(workers, [&](int64_t worker) {
    for (int64_t piece = next.fetch_add(1); piece < pieces; piece = next.fetch_add(1)) work(piece, worker);
  });
}

}  // namespace deepfake_game
