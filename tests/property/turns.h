#pragma once

#include <condition_variable>
#include <cstddef>
#include <functional>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "mockcluster/random.h"

namespace atestore {

// Several blocking programs, of which one runs at a time; the seed decides who goes on wherever the
// running one yields. So every interleaving of their steps can happen, and can be repeated.
class Turns {
 public:
  explicit Turns(uint64_t seed) : random_(seed) {}

  // Runs all of them to their ends.
  void Run(const std::vector<std::function<void()>>& programs) {
    alive_.assign(programs.size(), true);
    std::vector<std::thread> threads;
    turn_ = Draw();
    for (size_t i = 0; i < programs.size(); ++i) {
      threads.emplace_back([this, i, &programs] {
        WaitFor(i);
        programs[i]();
        End(i);
      });
    }
    for (std::thread& thread : threads) thread.join();
  }

  // Called by the running program: lets another one go on, or the same.
  void Yield() {
    std::unique_lock lock(mutex_);
    if (!turn_) return;
    const size_t self = *turn_;
    turn_ = Draw();
    if (turn_ == self) return;
    changed_.notify_all();
    changed_.wait(lock, [&] { return turn_ == self; });
  }

  // Steps so far; a clock for who was first.
  size_t Step() { return ++steps_; }

 private:
  std::optional<size_t> Draw() {
    std::vector<size_t> choice;
    for (size_t i = 0; i < alive_.size(); ++i) {
      if (alive_[i]) choice.push_back(i);
    }
    if (choice.empty()) return std::nullopt;
    return choice[random_.Below(choice.size())];
  }
  void WaitFor(size_t self) {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return turn_ == self; });
  }
  void End(size_t self) {
    const std::lock_guard lock(mutex_);
    alive_[self] = false;
    turn_ = Draw();
    changed_.notify_all();
  }

  mockcluster::Random random_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::optional<size_t> turn_;
  std::vector<bool> alive_;
  size_t steps_ = 0;
};

}  // namespace atestore
