// Work spread over threads. The pieces do not depend on how many threads there are, so neither do results.
#pragma once

#include <cstdint>
#include <functional>

namespace deepfake_game {

// Calls work(piece) once for each piece in [0, pieces), on the calling thread and on helpers, and returns when all are done. Pieces are handed out in
// order. Work must not throw, and must not call parallelFor. Threads: as many as TF_NUM_INTRAOP_THREADS says, or one a core.
void parallelFor(int64_t pieces, const std::function<void(int64_t)>& work);

// Threads that parallelFor spreads work over, the caller among them; for choosing a sensible number of pieces where results do not depend on it.
int threads();

}  // namespace deepfake_game
