#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "absl/status/statusor.h"
#include "core/resp.h"
#include "store/call_options.h"
#include "store/cluster_client.h"

namespace atestore {

// The value of `key`; nullopt: there is none. DATA_LOSS when it is no string or too long to read.
absl::StatusOr<std::optional<Reply>> ReadRecord(ClusterClient& client, std::string_view key,
                                                const CallOptions& call);

// Writes `value` under `key` if nothing is there. False: something is there.
absl::StatusOr<bool> CreateRecord(ClusterClient& client, std::string_view key,
                                  std::string_view value, const CallOptions& call);

// Removes `key`. False: nothing was there.
absl::StatusOr<bool> RemoveRecord(ClusterClient& client, std::string_view key,
                                  const CallOptions& call);

// How often a change is tried anew because somebody else changed the record meanwhile.
inline constexpr int kLostRacesMax = 16;

// Shows `decide` the value of `key` (nullopt: none) and, with nobody else's change in between, puts
// the value that it returns in its place; nullopt removes the record. Whatever error `decide`
// returns ends it. ABORTED after kLostRacesMax races lost.
absl::Status ChangeRecord(
    ClusterClient& client, std::string_view key, const CallOptions& call,
    const std::function<absl::StatusOr<std::optional<std::string>>(std::optional<ReplyView>)>&
        decide);

}  // namespace atestore
