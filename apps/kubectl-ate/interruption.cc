#include "apps/kubectl-ate/interruption.h"

#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include <utility>

namespace atestore::cli {
namespace {

constexpr int kStopWatching = SIGUSR1;

sigset_t WatchedSignals() {
  sigset_t signals;
  sigemptyset(&signals);
  for (const int signal : {SIGINT, SIGTERM, kStopWatching}) sigaddset(&signals, signal);
  return signals;
}

}  // namespace

void Interruption::OnInterrupt(std::function<void()> call) {
  std::unique_lock lock(mutex_);
  if (interrupted_) {
    lock.unlock();
    call();
  } else {
    calls_.push_back(std::move(call));
  }
}

void Interruption::Interrupt() {
  std::unique_lock lock(mutex_);
  interrupted_ = true;
  signal_.notify_all();
  const std::vector<std::function<void()>> calls = std::exchange(calls_, {});
  lock.unlock();
  for (size_t i = calls.size(); i-- > 0;) calls[i]();
}

bool Interruption::interrupted() const {
  const std::lock_guard lock(mutex_);
  return interrupted_;
}

bool Interruption::WaitFor(absl::Duration duration) {
  std::unique_lock lock(mutex_);
  return signal_.wait_for(lock, absl::ToChronoMilliseconds(duration),
                          [this] { return interrupted_; });
}

SignalWatch::SignalWatch(Interruption& interruption) {
  const sigset_t signals = WatchedSignals();
  pthread_sigmask(SIG_BLOCK, &signals, nullptr);
  thread_ = std::thread([&interruption, signals] {
    for (bool first = true;; first = false) {
      int signal = 0;
      if (sigwait(&signals, &signal) != 0 || signal == kStopWatching) return;
      if (!first) _exit(kExitInterrupted);
      interruption.Interrupt();
    }
  });
}

SignalWatch::~SignalWatch() {
  pthread_kill(thread_.native_handle(), kStopWatching);
  thread_.join();
}

}  // namespace atestore::cli
