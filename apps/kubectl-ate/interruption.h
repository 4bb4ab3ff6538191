#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/time/time.h"

namespace atestore::cli {

// Whether the user wants to stop. Thread-safe.
class Interruption {
 public:
  Interruption() = default;
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  // Called by Interrupt(), from its thread, or at once when it was called before. Of several, the
  // last one is called first.
  void OnInterrupt(std::function<void()> call);
  void Interrupt();
  bool interrupted() const;
  // Waits; returns at once, true, when interrupted.
  bool WaitFor(absl::Duration duration);

 private:
  mutable std::mutex mutex_;
  std::condition_variable signal_;
  bool interrupted_ = false;
  std::vector<std::function<void()>> calls_;
};

// The exit status of a command that was interrupted, as shells have it for SIGINT.
inline constexpr int kExitInterrupted = 130;

// Turns the first SIGINT or SIGTERM into Interrupt(); a second one ends the process at once with
// kExitInterrupted. Create it before any other thread, so that all inherit its signal mask.
class SignalWatch {
 public:
  explicit SignalWatch(Interruption& interruption);
  ~SignalWatch();
  SignalWatch(const SignalWatch&) = delete;
  SignalWatch& operator=(const SignalWatch&) = delete;

 private:
  std::thread thread_;
};

}  // namespace atestore::cli
