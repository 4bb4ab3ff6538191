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

// Runs blocking work on a bounded number of threads of its own, which begin when they are needed.
// Thread-safe. Work that waits longer than `wait_max` for a thread, or finds the queue full, is
// refused: the caller of a service is better off with a quick answer.
class WorkerPool {
 public:
  struct Options {
    std::string name;  // of the bound, in metrics
    size_t threads_max = 1;
    size_t queue_max = 1;                        // beyond those that run
    absl::Duration wait_max = absl::Seconds(1);  // for a thread
  };
  // Called with true on a thread of the pool; or with false, soon, on any thread, when it cannot
  // run: then it must not block.
  using Work = std::function<void(bool may_run)>;

  WorkerPool(Options options, BoundReport report);
  // Refuses what waits; waits for what runs.
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  void Run(Work work);

  // Refuses what has waited too long. To be called from time to time.
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
