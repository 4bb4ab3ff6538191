#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace atestore::inline v0 {

// A hash slot of a Redis Cluster, 0 … kSlotCount − 1. Nodes restart, fail over and leave the
// cluster; slots do not.
using Slot = uint16_t;

// Fixed by the Redis Cluster specification ("Key distribution model").
inline constexpr size_t kSlotCount = 16384;

// CRC-16/XMODEM: polynomial 0x1021, initial value 0, no reflection, no final xor.
// Crc16("123456789") == 0x31C3, as in appendix A of the Redis Cluster specification.
uint16_t Crc16(std::string_view bytes);

// The part of `key` that decides its slot: the text between the first '{' and the first '}' after
// it when that is not empty, the whole key otherwise (Redis Cluster specification, "Hash tags").
std::string_view HashTag(std::string_view key);

// The slot of `key`, which depends on its hash tag if it has one.
Slot KeySlot(std::string_view key);

// A short text (at most kSlotTagLength alphanumeric characters) that hashes to `slot`, so that
// "actor:{" + SlotTag(slot) + "}" is a key in that slot. The same slot always has the same tag.
// Thread-safe. The view is valid for the life of the process.
std::string_view SlotTag(Slot slot);
inline constexpr size_t kSlotTagLength = 3;

}  // namespace atestore::inline v0
