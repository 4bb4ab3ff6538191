#include "core/position.h"

#include <openssl/sha.h>
#include <xxhash.h>

#include <algorithm>

namespace atestore::inline v0 {

uint64_t HashKey(std::string_view key) { return XXH3_64bits(key.data(), key.size()); }

uint64_t BreakTie(std::string_view key) {
  unsigned char digest[SHA256_DIGEST_LENGTH];
  SHA256(reinterpret_cast<const unsigned char*>(key.data()), key.size(), digest);
  uint64_t tie = 0;
  for (size_t byte = 0; byte < sizeof tie; ++byte) tie = tie << 8 | digest[byte];
  return tie;
}

std::optional<KeyMark> FloorOf(const Position& position) {
  if (const auto* after = std::get_if<AfterKey>(&position.place)) return after->mark;
  if (const auto* cursor = std::get_if<InSlotCursor>(&position.place)) return cursor->floor;
  return std::nullopt;
}

std::vector<Position> PartitionsOf(const Position& position, size_t count) {
  const size_t slots = position.end - position.slot;
  const size_t parts = std::clamp<size_t>(count, 1, slots);
  std::vector<Position> partitions;
  for (size_t part = 0; part < parts; ++part) {
    partitions.push_back({.slot = static_cast<Slot>(position.slot + slots * part / parts),
                          .end = position.slot + slots * (part + 1) / parts});
  }
  partitions.front().place = position.place;
  return partitions;
}

}  // namespace atestore::inline v0
