#include "apps/ateapi/periodic.h"

#include <utility>

namespace atestore {

Periodic::Periodic(std::function<void()> task, absl::Duration interval)
    : task_(std::move(task)), interval_(interval), thread_([this] { Run(); }) {}

Periodic::~Periodic() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  stop_signal_.notify_all();
  thread_.join();
}

void Periodic::Run() {
  std::unique_lock lock(mutex_);
  while (!stopping_) {
    lock.unlock();
    task_();
    lock.lock();
    stop_signal_.wait_for(lock, absl::ToChronoMilliseconds(interval_),
                          [this] { return stopping_; });
  }
}

}  // namespace atestore
