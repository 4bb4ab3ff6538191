#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/resp.h"
#include "store/cluster/cluster_client.h"
#include "store/options.h"

namespace atestore::inline v0 {

// The value of `key`; nullopt: there is none. DATA_LOSS when it is no string or too long to read.
absl::StatusOr<std::optional<Reply>> ReadRecord(ClusterClient& client, std::string_view key,
                                                const CallOptions& call);

// What a change makes of a record.
struct RecordChange {
  enum class Kind { kKeep, kWrite, kRemove };

  Kind kind = Kind::kKeep;
  std::string value;     // kWrite
  std::string write_id;  // kWrite: `value` tells by it who wrote it (store/records/record_text.h)

  static RecordChange Keep() { return {}; }
  static RecordChange Remove() { return {.kind = Kind::kRemove, .value = "", .write_id = ""}; }
};

// Shown the value of the key (nullopt: there is none), says what to make of it, or why not.
using DecideChange = std::function<absl::StatusOr<RecordChange>(std::optional<ReplyView> present)>;

struct ChangeOptions {
  // The change makes room, or is a step towards it: it goes on where a server at its `maxmemory`
  // refuses writes, by a script with the flag allow-oom (Redis 7.0 refuses even DEL inside MULTI).
  bool when_memory_is_full = false;
};

// How often a change is tried again because somebody else changed the record meanwhile.
inline constexpr int kLostRacesMax = 16;

// The reason of an error after which the change may have been made, may be made later, or was not
// made: the reply to it was lost and the record does not tell. Its code is ABORTED when the record
// could be read again, otherwise what kept it from being read.
inline constexpr std::string_view kWriteOutcomeUnknown = "WRITE_OUTCOME_UNKNOWN";
bool IsWriteOutcomeUnknown(const absl::Status& status);

// Makes the change that `decide` asks for, once, if nobody else changed the record since `decide`
// saw it; else asks again. A change whose reply was lost is not repeated unless the record proves
// that it was not made: it is the one that `decide` saw, to the byte or, for a removal, by its
// `$uid`. It counts as made when the record carries its write id. A request that still lies on its
// way when this returns can do no harm: its WATCH is older than every later change.
//
// The error of `decide`; ABORTED (WRITE_CONFLICT) after kLostRacesMax races lost, ABORTED
// (WRITE_OUTCOME_UNKNOWN); those of SlotCall, with the reason WRITE_OUTCOME_UNKNOWN when they came
// after such a lost reply; PERMISSION_DENIED when memory is full and EVAL is not granted.
absl::Status ChangeRecord(ClusterClient& client, std::string_view key, const CallOptions& call,
                          const DecideChange& decide, const ChangeOptions& options = {});

// Removes what is under `key` now, whatever it is. A record that takes its place meanwhile stays,
// and counts as removed. Even a value that
// cannot be read is removed.
absl::Status RemoveRecord(ClusterClient& client, std::string_view key, const CallOptions& call);

}  // namespace atestore::inline v0
