#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace atestore {

// The identity of a server process: HashName() of the run_id in the text of INFO server. New with
// every start of a process, kept through failover, resynchronisation and FLUSHALL.
std::optional<uint64_t> RunOfInfo(std::string_view info);

// Proof that no migration of a slot began, ended or was aborted on a node between two readings: the
// same process has executed the same number of CLUSTER SETSLOT commands.
struct MigrationFence {
  uint64_t run = 0;
  uint64_t setslot_calls = 0;

  // From the text of INFO server commandstats. Nothing when it has no run_id.
  static std::optional<MigrationFence> FromInfo(std::string_view info);
  bool operator==(const MigrationFence&) const = default;
};

}  // namespace atestore
