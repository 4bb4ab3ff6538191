#pragma once

#include <condition_variable>
#include <cstddef>
#include <deque>
#include <mutex>
#include <optional>
#include <utility>

namespace atestore::cli {

// A queue between threads with a limit on the bytes that it holds, as counted by its users.
// Thread-safe.
template <typename Item>
class BoundedQueue {
 public:
  explicit BoundedQueue(size_t bytes_max) : bytes_max_(bytes_max) {}
  BoundedQueue(const BoundedQueue&) = delete;
  BoundedQueue& operator=(const BoundedQueue&) = delete;

  // Waits until there is room for `bytes`; an item that is larger than the whole queue waits until
  // the queue is empty. False: the queue was closed, and the item is dropped.
  bool Push(Item item, size_t bytes) {
    std::unique_lock lock(mutex_);
    room_.wait(lock, [&] { return closed_ || items_.empty() || bytes_ + bytes <= bytes_max_; });
    if (closed_) return false;
    items_.emplace_back(std::move(item), bytes);
    bytes_ += bytes;
    item_.notify_one();
    return true;
  }

  // Waits for the oldest item and takes it. Empty: the queue was closed, or it was finished and has
  // no items left.
  std::optional<Item> Pop() {
    std::unique_lock lock(mutex_);
    item_.wait(lock, [&] { return closed_ || finished_ || !items_.empty(); });
    if (items_.empty()) return std::nullopt;
    std::optional<Item> item(std::move(items_.front().first));
    bytes_ -= items_.front().second;
    items_.pop_front();
    room_.notify_all();
    return item;
  }

  // No more items will be pushed. The items in the queue can still be taken.
  void Finish() {
    const std::lock_guard lock(mutex_);
    finished_ = true;
    item_.notify_all();
  }

  // Drops all items. Waiting calls return, and later calls of Push() return false.
  void Close() {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    items_.clear();
    bytes_ = 0;
    item_.notify_all();
    room_.notify_all();
  }

 private:
  const size_t bytes_max_;
  std::mutex mutex_;  // guards the members below
  std::condition_variable room_;
  std::condition_variable item_;
  std::deque<std::pair<Item, size_t>> items_;
  size_t bytes_ = 0;
  bool finished_ = false;
  bool closed_ = false;
};

}  // namespace atestore::cli
