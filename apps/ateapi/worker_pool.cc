#include "apps/ateapi/worker_pool.h"

#include <utility>

#include "store/options.h"

namespace atestore {

WorkerPool::WorkerPool(Options options, BoundReport report)
    : options_(std::move(options)), report_(std::move(report)) {}

WorkerPool::~WorkerPool() {
  std::deque<Waiting> refused;
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
    refused.swap(queue_);
  }
  changed_.notify_all();
  for (Waiting& waiting : refused) waiting.work(false);
  for (std::thread& thread : threads_) thread.join();
}

void WorkerPool::Run(Work work) {
  bool refused = false;
  {
    const std::lock_guard lock(mutex_);
    const bool new_thread = queue_.size() >= idle_ && threads_.size() < options_.threads_max;
    refused = stopping_ || (!new_thread && queue_.size() >= options_.queue_max + idle_);
    if (!refused) {
      queue_.push_back({std::move(work), SteadyNow()});
      if (new_thread) threads_.emplace_back([this] { Serve(); });
    }
  }
  if (!refused) return changed_.notify_one();
  report_.refused();
  work(false);
}

void WorkerPool::Serve() {
  std::unique_lock lock(mutex_);
  while (true) {
    ++idle_;
    changed_.wait(lock, [this] { return stopping_ || !queue_.empty(); });
    --idle_;
    if (queue_.empty()) return;
    Waiting next = std::move(queue_.front());
    queue_.pop_front();
    report_.in_use(static_cast<int64_t>(++running_));
    lock.unlock();
    report_.waited(SteadyNow() - next.since);
    next.work(true);
    next.work = nullptr;
    lock.lock();
    report_.in_use(static_cast<int64_t>(--running_));
  }
}

void WorkerPool::RefuseOverdue() {
  std::vector<Work> overdue;
  {
    const std::lock_guard lock(mutex_);
    const absl::Time limit = SteadyNow() - options_.wait_max;
    while (!queue_.empty() && queue_.front().since < limit) {
      overdue.push_back(std::move(queue_.front().work));
      queue_.pop_front();
    }
  }
  for (Work& work : overdue) {
    report_.refused();
    work(false);
  }
}

}  // namespace atestore
