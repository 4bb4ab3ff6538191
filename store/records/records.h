#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "proto/ateapi.pb.h"
#include "store/cluster/cluster_client.h"
#include "store/codec/actor_fields.h"
#include "store/options.h"

namespace atestore::inline v0 {

// Reads the record of an actor: the value `padded_json` (followed by RespReader::kPadding readable
// bytes) of the key `key`. The names in the key stand in where the value has none. DATA_LOSS when
// the value cannot be read or names another actor than the key does, or the key is not UTF-8, which
// no string of a message can hold.
absl::Status DecodeActorRecord(std::string_view key, std::string_view padded_json,
                               ateapi::Actor* actor);

// The same, of the fields in `wanted` and the names: whether the others can be read is not looked
// at.
absl::Status DecodeActorRecord(std::string_view key, std::string_view padded_json,
                               ActorFields wanted, ateapi::Actor* actor);

// The same for an atespace, of a value without padding.
absl::Status DecodeAtespaceRecord(std::string_view key, std::string_view json,
                                  ateapi::Atespace* atespace);

// A larger record is not written, for a page could not hold it.
inline constexpr size_t kRecordBytesMax = size_t{1} << 20;

// The operations of ActorStore on single records, with the errors that store/actor_store.h states.
// Each happens once or fails; when a lost reply leaves open which, the reason says so
// (kWriteOutcomeUnknown). docs/consistency.md, "Writes", has the argument.
// Thread-safe; every call blocks its thread. The client must outlive it.
class Records {
 public:
  explicit Records(ClusterClient& client) : client_(client) {}

  absl::StatusOr<ateapi::Actor> GetActor(const ateapi::ActorRef& ref, const CallOptions& call);
  absl::StatusOr<ateapi::Actor> CreateActor(const ateapi::CreateActorRequest& request,
                                            const CallOptions& call);
  absl::StatusOr<ateapi::Actor> UpdateActor(const ateapi::UpdateActorRequest& request,
                                            const CallOptions& call);
  absl::Status DeleteActor(const ateapi::ActorRef& ref, const CallOptions& call);

  absl::StatusOr<ateapi::Atespace> CreateAtespace(std::string_view name, const CallOptions& call);
  absl::StatusOr<ateapi::Atespace> GetAtespace(std::string_view name, const CallOptions& call);
  // `is_empty` tells whether the atespace holds no actor that exists from the call's beginning to
  // its end; asked after the record was marked. CreateActor() takes the mark away, and then this
  // starts again.
  absl::Status DeleteAtespace(std::string_view name,
                              const std::function<absl::StatusOr<bool>()>& is_empty,
                              const CallOptions& call);

 private:
  // OK when, at some moment of this call, the atespace existed and nobody was deleting it.
  // FAILED_PRECONDITION (ATESPACE_NOT_FOUND).
  absl::Status ConfirmAtespace(std::string_view name, const CallOptions& call);
  // Removes the actor under `key` if `write_id` created it.
  absl::Status TakeBack(std::string_view key, std::string_view write_id, const CallOptions& call);

  ClusterClient& client_;
};

}  // namespace atestore::inline v0
