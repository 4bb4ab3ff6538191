#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "proto/ateapi.pb.h"
#include "store/codec/actor_fields.h"

namespace atestore::cli {

// A place in an actor's JSON, in kubectl's JSONPath notation: .status, .workerSelector
// .matchLabels.zone, .latestSnapshotInfo.local.nodeVmsWithLocalSnapshots[0]. A value.
struct ActorPath {
  const ActorField* field = nullptr;  // null: the whole actor
  std::optional<std::string> label;   // the key of one label
  std::optional<size_t> index;        // the index of one element of a list
  bool each = false;                  // [*]: each element of a list
};

// Parses a path at the front of `*text` and removes it; stops at the first character that cannot be
// part of a path. Names are those of ProtoJSON or of the proto; the first dot may be missing.
// INVALID_ARGUMENT: "character N: …", where N counts from 1 and `begin` characters precede `*text`.
absl::StatusOr<ActorPath> TakeActorPath(std::string_view* text, size_t begin);

// The value at this place of an actor's JSON: text, numbers and enums verbatim; messages, labels
// and lists as JSON; the elements of [*] separated by `between`. nullopt: there is no value, as for
// every default value.
std::optional<std::string> ValueAt(const ActorPath& path, const ateapi::Actor& actor,
                                   std::string_view between);

// The path of the top-level field that the path needs; empty: all fields.
std::string MaskPathOf(const ActorPath& path);

// INVALID_ARGUMENT with "character N: …".
absl::Status PathFlaw(size_t place, std::string_view what);

}  // namespace atestore::cli
