#pragma once

#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

#include "absl/time/time.h"

namespace atestore::cli {

// Whether the user has interrupted the command. Thread-safe.
class Interruption {
 public:
  Interruption() = default;
  Interruption(const Interruption&) = delete;
  Interruption& operator=(const Interruption&) = delete;

  // Calls the function when Interrupt() is called, on its thread, or at once if it was called
  // before. Several functions are called last to first.
  void OnInterrupt(std::function<void()> call);
  void Interrupt();
  bool interrupted() const;
  // Waits. Returns true, at once, when interrupted.
  bool WaitFor(absl::Duration duration);

 private:
  mutable std::mutex mutex_;
  std::condition_variable signal_;
  bool interrupted_ = false;
  std::vector<std::function<void()>> calls_;
};

// The exit status of an interrupted command, as in shells after SIGINT.
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
