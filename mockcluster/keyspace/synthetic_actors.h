#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "mockcluster/keyspace/entry.h"
#include "mockcluster/keyspace/keyspace.h"

namespace mockcluster::inline v0 {

// The names and values of computed actors: an invertible mapping between a key and its place
// (slot, index in the slot), so that nothing needs to be stored. A value; same options, same
// actors. Key: "actor:space-<n>:a<index, 8 hexadecimal digits>-<4 characters that lead to the
// slot>", value: the actor in proto3 JSON, about 300 bytes.
class SyntheticActorNames {
 public:
  // 2³² actors a slot at most (7·10¹³ in all).
  explicit SyntheticActorNames(const SyntheticActors& options) : options_(options) {}

  // Slots differ by one actor at most.
  uint64_t CountInSlot(Slot slot) const;
  // The largest CountInSlot().
  uint64_t CountInSlotMax() const;
  // index < CountInSlot(slot).
  std::string Key(Slot slot, uint64_t index) const;
  std::string Value(Slot slot, uint64_t index) const;
  // The index of an actor in its slot; nullopt when `key` is no synthetic actor's.
  std::optional<uint64_t> IndexOf(const KeyRef& key) const;

 private:
  SyntheticActors options_;
};

}  // namespace mockcluster::inline v0
