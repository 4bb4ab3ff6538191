#pragma once

#include <atomic>
#include <cstddef>

namespace atestore::inline v0 {

// Memory for pages that readers hold before they are asked for, of all readers of a store together.
// Each has its first page besides, so that it always gets on. Thread-safe.
class ReadAheadBudget {
 public:
  explicit ReadAheadBudget(size_t bytes_max) : bytes_max_(bytes_max) {}

  bool HasRoom(size_t bytes) const { return used_ + bytes <= bytes_max_; }
  // Never fails: what is read can turn out larger than was expected.
  void Take(size_t bytes) { used_ += bytes; }
  void Give(size_t bytes) { used_ -= bytes; }

 private:
  const size_t bytes_max_;
  std::atomic<size_t> used_{0};
};

}  // namespace atestore::inline v0
