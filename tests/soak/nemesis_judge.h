#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "tests/soak/key_history.h"
#include "tests/soak/nemesis_listing.h"
#include "tests/soak/slot_writers.h"

namespace atestore {

// What was wrong with a listing.
struct NemesisVerdict {
  size_t demanded = 0;     // actors that it had to hold, or to count
  size_t missing = 0;      // of these, not listed, or counted too few
  size_t two_writers = 0;  // of these, not listed, but two nodes accepted writes for the slot
  size_t duplicates = 0;   // of these, listed more than once; or counted more than there ever were
  size_t wrong = 0;        // actors, versions or groups that nobody wrote, or that match at no time
  std::vector<std::string> faults;  // in words
};

// Judges a listing that has ended without an error. `keys`: all that there can be. Every key must
// have been read after its end.
NemesisVerdict JudgeListing(const NemesisListing& listing, const std::vector<std::string>& keys,
                            const KeyHistory& history, const SlotWriters& writers);

}  // namespace atestore
