#pragma once

#include <algorithm>
#include <cstddef>
#include <mutex>

#include "absl/time/time.h"
#include "core/listing/depth.h"

namespace atestore::inline v0 {

// How far the nodes of a cluster are: the shortest time, within the last 10 to 20 seconds, from
// sending a request of a listing to its first reply. The shortest one had the least of a node's and
// a client's own work in it. Where nodes are at different distances, the nearest decides.
// Thread-safe.
class RoundTripEstimate {
 public:
  // Fewer say nothing: the first ones may include the opening of a connection, and near nodes that
  // are busy must not be taken for far ones.
  static constexpr size_t kSamplesMin = 64;
  static constexpr absl::Duration kWindow = absl::Seconds(10);

  void Add(absl::Time sent, absl::Time replied) {
    std::lock_guard lock(mutex_);
    if (replied - current_.begin >= kWindow) {
      before_ = replied - current_.begin < 2 * kWindow ? current_ : Window();
      current_ = {.begin = replied};
    }
    current_.shortest = std::min(current_.shortest, replied - sent);
    ++current_.samples;
  }
  // 0: not known.
  RoundTrip Get() const {
    std::lock_guard lock(mutex_);
    if (current_.samples + before_.samples < kSamplesMin) return {};
    const absl::Duration shortest = std::min(current_.shortest, before_.shortest);
    return {.microseconds = absl::ToInt64Microseconds(shortest)};
  }

 private:
  struct Window {
    absl::Time begin = absl::InfinitePast();
    absl::Duration shortest = absl::InfiniteDuration();
    size_t samples = 0;
  };

  mutable std::mutex mutex_;  // guards what follows
  Window current_;
  Window before_;
};

}  // namespace atestore::inline v0
