#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "absl/time/time.h"

namespace atestore {

// Runs a task at once and then again and again, on a thread of its own, with `interval` between
// one run's end and the next one's start. Its destruction waits for a run that is under way.
class Periodic {
 public:
  Periodic(std::function<void()> task, absl::Duration interval);
  ~Periodic();
  Periodic(const Periodic&) = delete;
  Periodic& operator=(const Periodic&) = delete;

 private:
  void Run();

  const std::function<void()> task_;
  const absl::Duration interval_;
  std::mutex mutex_;
  std::condition_variable stop_signal_;
  bool stopping_ = false;
  std::thread thread_;  // last: it uses all of the above
};

}  // namespace atestore
