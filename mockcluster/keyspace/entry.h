#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/slot.h"
#include "mockcluster/options.h"

namespace mockcluster::inline v0 {

using atestore::Slot;

// As TYPE replies it: "string", "list", "set", "zset", "hash", "stream".
std::string_view TypeName(ValueType type);

// A key and the slot it belongs to, so that the slot is computed once for each command. A value;
// views the text.
struct KeyRef {
  std::string_view text;
  Slot slot;

  // NOLINTBEGIN(google-explicit-constructor): a key is a text.
  KeyRef(std::string_view key) : text(key), slot(atestore::KeySlot(key)) {}
  KeyRef(const std::string& key) : KeyRef(std::string_view(key)) {}
  KeyRef(const char* key) : KeyRef(std::string_view(key)) {}
  // NOLINTEND(google-explicit-constructor)
  // `key_slot` must be KeySlot(key).
  KeyRef(std::string_view key, Slot key_slot) : text(key), slot(key_slot) {}
};

// One key with its value. Belongs to a keyspace, which alone creates and destroys entries; the
// value, its type and its expiry may be assigned at will.
class Entry {
  friend class HashTable;
  friend class SlotList;

  // Links of the two structures that an entry is part of: no allocation but the entry itself. What
  // a lookup reads comes first, in one cache line.
  Entry* next_in_bucket_ = nullptr;
  const uint64_t hash_;
  const std::string key_;
  const Slot slot_;

 public:
  Entry(KeyRef key, uint64_t hash) : hash_(hash), key_(key.text), slot_(key.slot) {}
  Entry(const Entry&) = delete;
  Entry& operator=(const Entry&) = delete;

  const std::string& key() const { return key_; }
  Slot slot() const { return slot_; }

  void CopyContentFrom(const Entry& other) {
    value = other.value;
    expires_at_ms = other.expires_at_ms;
    type = other.type;
  }

  bool ExpiredAt(int64_t now_ms) const { return expires_at_ms && *expires_at_ms <= now_ms; }

  std::string value;                     // empty unless type is kString
  std::optional<int64_t> expires_at_ms;  // virtual time; the keyspace itself never looks at it
  ValueType type = ValueType::kString;

 private:
  Entry* previous_in_slot_ = nullptr;
  Entry* next_in_slot_ = nullptr;
};

}  // namespace mockcluster::inline v0
