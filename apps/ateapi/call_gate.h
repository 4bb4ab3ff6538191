#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "absl/time/time.h"

namespace atestore {

// Counts the calls that run, and turns new ones away once it is closed. Thread-safe.
class CallGate {
 public:
  // False: the call must be refused. Else it runs until Leave().
  bool Enter();
  void Leave();

  // Every later Enter() returns false.
  void Close();
  bool is_closed();
  // Waits until no call runs; false when `deadline` came first.
  bool WaitUntilEmpty(absl::Time deadline);
  // Waits until for `quiet` nobody has entered, been refused or left, or until `deadline`. Closing
  // counts as noise too.
  void WaitUntilQuiet(absl::Duration quiet, absl::Time deadline);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t running_ = 0;
  bool closed_ = false;
  absl::Time last_noise_ = absl::InfinitePast();
};

}  // namespace atestore
