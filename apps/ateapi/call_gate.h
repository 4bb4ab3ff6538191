#pragma once

#include <condition_variable>
#include <cstdint>
#include <mutex>

#include "absl/time/time.h"

namespace atestore {

// Counts the running calls, and refuses new ones once it is closed. Thread-safe.
class CallGate {
 public:
  // False: the call must be refused. True: it counts as running until Leave().
  bool Enter();
  void Leave();

  // Every later Enter() returns false.
  void Close();
  bool is_closed();
  // Waits until no call is running. False: `deadline` came first.
  bool WaitUntilEmpty(absl::Time deadline);
  // Waits until nothing has happened for `quiet`, or until `deadline`. Entering, being refused,
  // leaving and closing count as events.
  void WaitUntilQuiet(absl::Duration quiet, absl::Time deadline);

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  int64_t running_ = 0;
  bool closed_ = false;
  absl::Time last_noise_ = absl::InfinitePast();
};

}  // namespace atestore
