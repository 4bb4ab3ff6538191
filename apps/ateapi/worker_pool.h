#pragma once

#include <condition_variable>
#include <deque>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "absl/time/time.h"
#include "apps/ateapi/bound.h"

namespace atestore {

// Runs blocking work on its own, limited number of threads, which start on demand. Work that waits
// longer than `wait_max` for a thread, or finds the queue full, is refused: a quick error serves
// the caller better than a long wait. Thread-safe.
class WorkerPool {
 public:
  struct Options {
    std::string name;  // in metrics
    size_t threads_max = 1;
    size_t queue_max = 1;                        // waiting work, without the running
    absl::Duration wait_max = absl::Seconds(1);  // for a thread
  };
  // Called with true on a thread of the pool, or with false if it cannot run: soon, on any thread,
  // and then it must not block.
  using Work = std::function<void(bool may_run)>;

  WorkerPool(Options options, BoundReport report);
  // Refuses waiting work and waits for running work to end.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void Run(Work work);

  // Refuses work that has waited too long. Call it from time to time.
  void RefuseOverdue();

  const Options& options() const { return options_; }

 private:
  struct Waiting {
    Work work;
    absl::Time since;
  };

  void Serve();

  const Options options_;
  const BoundReport report_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Waiting> queue_;
  size_t idle_ = 0;
  size_t running_ = 0;
  bool stopping_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace atestore
