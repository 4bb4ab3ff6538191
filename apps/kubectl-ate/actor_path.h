#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "proto/ateapi.pb.h"
#include "store/codec/actor_fields.h"

namespace atestore::cli {

// A place in an actor's JSON, as kubectl's JSONPath names it: .status, .workerSelector
// .matchLabels.zone, .latestSnapshotInfo.local.nodeVmsWithLocalSnapshots[0]. A value.
struct ActorPath {
  const ActorField* field = nullptr;  // null: the whole actor
  std::optional<std::string> label;   // of labels: this one
  std::optional<size_t> index;        // of a list: this element
  bool each = false;                  // of a list: [*]
};

// Reads a path from the front of `*text` and takes it away; stops at what can be part of none.
// Names are ProtoJSON's or the proto's; the first dot may be missing. INVALID_ARGUMENT: "character
// N: …", where N counts from 1 and `begin` characters stand before `*text`.
absl::StatusOr<ActorPath> TakeActorPath(std::string_view* text, size_t begin);

// What stands at this place of an actor's JSON: text, numbers and enums as they are, messages,
// labels and lists as JSON, the elements of [*] with `between` between them. nullopt: nothing, as
// for every default value.
std::optional<std::string> ValueAt(const ActorPath& path, const ateapi::Actor& actor,
                                   std::string_view between);

// The path of the top-level field that it needs; empty: all of them.
std::string MaskPathOf(const ActorPath& path);

// "character N: …".
absl::Status PathFlaw(size_t place, std::string_view what);

}  // namespace atestore::cli
