#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/slot.h"

namespace atestore::inline v0 {

// The three kinds of records and their keys (docs/architecture.md, "Data in Redis"):
//   actor:<atespace>:<actor_id>   atespace:<name>   worker:<namespace>:<pool>:<pod>
std::string ActorKey(std::string_view atespace, std::string_view actor_id);
std::string AtespaceKey(std::string_view name);

// The names in an actor's key.
struct ActorKeyParts {
  std::string_view atespace;
  std::string_view actor_id;  // everything after the second colon
};
// Both empty when `key` is not an actor's key.
ActorKeyParts ParseActorKey(std::string_view key);

// Which keys a listing wants. A value.
class KeyFilter {
 public:
  // All actors, or those of one atespace.
  static KeyFilter AllActors() { return {"actor:", "actor:", 2}; }
  static KeyFilter ActorsOf(std::string_view atespace);
  static KeyFilter Atespaces() { return {"atespace:", "atespace:", 1}; }
  static KeyFilter Workers() { return {"worker:", "worker:", 3}; }
  // Every key that matches a glob (core/glob.h), whatever its value is.
  static KeyFilter Glob(std::string_view pattern);

  // A copy of this filter that also requires `wanted(key)`, which must depend on the key alone.
  // Thread-safe if `wanted` is.
  KeyFilter Where(std::function<bool(std::string_view key)> wanted) const;

  // True for a key of this kind with no part missing. Other programs' keys under the same prefix
  // ("actor:", "actor:x", "actor::x") are not records. For a glob: true if it matches.
  bool Matches(std::string_view key) const;

  // For SCAN MATCH: every key that Matches(), and perhaps more. Glob characters are escaped.
  std::string Pattern() const;

  // A key in `slot` that no record can have, with the prefix of the kind, so that an ACL needs no
  // other pattern. Every `variant` gives another such key. For a glob: a key that is unlikely to
  // exist, with the glob's literal prefix up to the first '{'.
  std::string ProbeKey(Slot slot, int variant) const;

 private:
  KeyFilter(std::string prefix, std::string kind, size_t parts)
      : prefix_(std::move(prefix)), kind_(std::move(kind)), parts_(parts) {}

  std::string prefix_;               // all keys begin with it
  std::string kind_;                 // the prefix of all records of this kind
  size_t parts_;                     // number of non-empty parts after `kind_`, between colons
  std::optional<std::string> glob_;  // the glob after `prefix_`; replaces kind and parts
  std::shared_ptr<const std::function<bool(std::string_view)>> wanted_;  // null: all
};

}  // namespace atestore::inline v0
