#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

#include "absl/time/time.h"

namespace atestore {

// Runs a task at once and then repeatedly, on its own thread, with `interval` between the end of
// one run and the start of the next. The destructor waits for the current run.
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
