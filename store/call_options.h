#pragma once

#include <functional>

#include "absl/time/time.h"

namespace atestore::inline v0 {

// What one call may take.
struct CallOptions {
  // A point of SteadyNow() (store/steady_time.h), which FromTimeOfDay() makes of a time of day.
  absl::Time deadline = absl::InfiniteFuture();
  // Polled between round trips, by the caller's thread or the transport's, one at a time. Empty:
  // never.
  std::function<bool()> cancelled = {};
  // Called by each thread that the call starts, before it does anything else: for what belongs to
  // a thread, such as the context of a trace. Empty: nothing.
  std::function<void()> on_thread = {};
};

}  // namespace atestore::inline v0
