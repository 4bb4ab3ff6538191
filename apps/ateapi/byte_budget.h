#pragma once

#include <atomic>
#include <cstdint>
#include <utility>

#include "apps/ateapi/bound.h"

namespace atestore {

// Counts the bytes of all answers in the process that were built but not yet sent. Thread-safe.
// Taking bytes never fails: the caller checks is_exceeded() afterwards and ends calls that hold
// bytes.
class ByteBudget {
 public:
  ByteBudget(int64_t bytes_max, BoundReport report)
      : bytes_max_(bytes_max), report_(std::move(report)) {}

  void Take(int64_t bytes) { report_.in_use(in_use_ += bytes); }
  void Give(int64_t bytes) { report_.in_use(in_use_ -= bytes); }
  bool is_exceeded() const { return in_use_ > bytes_max_; }
  int64_t excess() const { return in_use_ - bytes_max_; }
  const BoundReport& report() const { return report_; }

 private:
  const int64_t bytes_max_;
  const BoundReport report_;
  std::atomic<int64_t> in_use_{0};
};

}  // namespace atestore
