#pragma once

#include <bitset>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "absl/time/time.h"
#include "tests/soak/key_history.h"

namespace atestore {

// Which nodes accepted writes for which slots, and when: what two of them accept at a time, no
// client can tell for sure. That happens where an election replaces a primary that is alive and
// does not hear of it (docs/consistency.md, limits). A primary that hands over holds writes back
// instead, so this excuses nothing of a graceful failover. Thread-safe.
class SlotWriters {
 public:
  static constexpr size_t kSlots = 16384;
  using Slots = std::bitset<kSlots>;

  // Node `port` executed a write, or did not, while it claimed these slots; none: it did not.
  void Add(uint16_t port, Interval when, const Slots& slots);
  // The times at which two nodes accepted writes for `slot`: a node did between two answers of
  // another one which it gave as the owner.
  std::vector<Interval> TimesOfTwo(uint16_t slot) const;
  bool WereTwo(uint16_t slot, Interval listing) const;
  void Clear();

 private:
  struct Answer {
    Interval when;
    Slots slots;
  };

  mutable std::mutex mutex_;
  std::map<uint16_t, std::vector<Answer>> answers_;  // by port, in order
};

// Asks one node again and again. Not thread-safe.
class SlotWriterProbe {
 public:
  // Every answer must come within `timeout`: a node that holds writes back gives none.
  SlotWriterProbe(uint16_t port, absl::Duration timeout) : port_(port), timeout_(timeout) {}
  void Ask(SlotWriters& writers);

 private:
  const uint16_t port_;
  const absl::Duration timeout_;
};

}  // namespace atestore
