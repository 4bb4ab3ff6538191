#pragma once

#include <chrono>
#include <optional>

namespace atestore::inline v0 {

using SteadyTime = std::chrono::steady_clock::time_point;

// When a node that could not be reached may be tried again. A value without a clock or chance of
// its own.
class BackOff {
 public:
  // `spread` in [0, 1): where in the second half of the delay the next try lies, so that many
  // clients do not come back at the same moment.
  void OnFailure(SteadyTime now, double spread);
  void OnSuccess() { *this = {}; }
  bool Blocks(SteadyTime now) const { return until_ && now < *until_; }

 private:
  int failures_ = 0;
  std::optional<SteadyTime> until_;
};

}  // namespace atestore::inline v0
