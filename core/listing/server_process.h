#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace atestore::inline v0 {

// What a server says about itself. Always read these on the connection that the data comes from,
// and do not remember them beyond it: from one request to the next, an address can lead to another
// process of another version.

// The identity of a server process: HashKey() of the run_id in the text of INFO server. It changes
// with every start of the process, but not with failover, resynchronisation or FLUSHALL.
std::optional<uint64_t> RunOfInfo(std::string_view info);

// True when the text of CLUSTER INFO says cluster_state:ok, and that another node has answered
// since the process was started. A node in a minority says fail, even if
// `cluster-allow-reads-when-down yes` makes it answer reads. But one that was started while it is
// cut off says ok from 2 s (CLUSTER_WRITABLE_DELAY) until its node timeout, however long ago its
// replica took over.
bool ClusterIsOk(std::string_view cluster_info);

// True when the text of INFO persistence says that the server has loaded its data set. While it
// loads, some of its keys are missing; Redis 8.0 answers ASK for them.
bool HasLoaded(std::string_view info);

// Counters of a migration's source at one instant. Comparing two of them tells whether a migration
// began, ended or was aborted in between: see IsUnchangedSince().
struct MigrationFence {
  // The sections of INFO that FromInfo() reads.
  static constexpr std::string_view kSections[] = {"server", "persistence", "stats",
                                                   "commandstats"};

  uint64_t run = 0;
  uint64_t setslot_calls = 0;  // calls of CLUSTER SETSLOT
  uint64_t commands = 0;       // total_commands_processed
  uint64_t resets = 0;         // HashKey() of the calls of CONFIG RESETSTAT and the time they took

  // nullopt when the text lacks a run_id or total_commands_processed.
  static std::optional<MigrationFence> FromInfo(std::string_view info);

  // True when the same process has executed no CLUSTER SETSLOT since `earlier`. CONFIG RESETSTAT
  // can make the number of calls equal again. It shows itself: the number of commands is smaller
  // unless the server is busy, and its own call is counted from 0 again, with another duration.
  bool IsUnchangedSince(const MigrationFence& earlier) const {
    return run == earlier.run && setslot_calls == earlier.setslot_calls &&
           resets == earlier.resets && commands > earlier.commands;
  }
};

}  // namespace atestore::inline v0
