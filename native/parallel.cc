#include "parallel.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <cstdlib>
#include <mutex>
#include <thread>
#include <vector>

namespace deepfake_game {
namespace {

// The helpers sleep between jobs. TensorFlow's own threads are not to be had through its C interface.
class Pool {
 public:
  Pool() {
    const char* wanted = std::getenv("TF_NUM_INTRAOP_THREADS");
    const int given = wanted == nullptr ? 0 : std::atoi(wanted);
    size_ = given > 0 ? given : std::max(1u, std::thread::hardware_concurrency());
    // Never joined: the process may end while a helper sleeps, and then nothing is left to tidy.
    for (int i = 1; i < size_; i++) std::thread([this] { serve(); }).detach();
  }

  int size() const { return size_; }

  void run(int64_t pieces, const std::function<void(int64_t)>& work) {
    // One job at a time; who comes while another runs (TensorFlow may run two operations of a graph at once) works alone.
    std::unique_lock<std::mutex> turn(turn_, std::try_to_lock);
    if (size_ == 1 || pieces <= 1 || !turn.owns_lock()) {
      for (int64_t piece = 0; piece < pieces; piece++) work(piece);
      return;
    }
    {
      std::lock_guard<std::mutex> lock(mutex_);
      work_ = &work;
      pieces_ = pieces;
      next_.store(0, std::memory_order_relaxed);
      job_++;
    }
    wake_.notify_all();
    take(work, pieces);
    std::unique_lock<std::mutex> lock(mutex_);
    work_ = nullptr;  // who has not begun by now need not
    done_.wait(lock, [this] { return busy_ == 0; });
  }

 private:
  void serve() {
    int64_t seen = 0;
    std::unique_lock<std::mutex> lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return work_ != nullptr && job_ != seen; });
      seen = job_;
      const std::function<void(int64_t)>& work = *work_;
      const int64_t pieces = pieces_;
      busy_++;
      lock.unlock();
      take(work, pieces);
      lock.lock();
      if (--busy_ == 0) done_.notify_one();
    }
  }

  void take(const std::function<void(int64_t)>& work, int64_t pieces) {
    for (int64_t piece = next_.fetch_add(1); piece < pieces; piece = next_.fetch_add(1)) work(piece);
  }

  int size_ = 1;
  std::mutex turn_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::condition_variable done_;
  const std::function<void(int64_t)>* work_ = nullptr;
  int64_t pieces_ = 0;
  int64_t job_ = 0;
  int busy_ = 0;
  std::atomic<int64_t> next_{0};
};

Pool& pool() {
  static Pool* const instance = new Pool();
  return *instance;
}

}  // namespace

void parallelFor(int64_t pieces, const std::function<void(int64_t)>& work) { pool().run(pieces, work); }

int threads() { return pool().size(); }

}  // namespace deepfake_game
