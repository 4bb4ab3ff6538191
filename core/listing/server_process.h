#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

namespace atestore {

// What a server says about itself in a reply of the very connection that the data comes from.
// Nothing of it is remembered beside that connection: an address can lead to another process, of
// another version, from one request to the next.

// The identity of a server process: HashKey() of the run_id in the text of INFO server. New with
// every start of a process, kept through failover, resynchronisation and FLUSHALL.
std::optional<uint64_t> RunOfInfo(std::string_view info);

// True when the text of CLUSTER INFO says cluster_state:ok. A node in a minority says fail, also
// where `cluster-allow-reads-when-down yes` makes it answer reads.
bool ClusterIsOk(std::string_view cluster_info);

// True when the text of INFO persistence says that the server has loaded its data set. While it
// loads, only a part of its keys is there; Redis 8.0 answers ASK for the others.
bool HasLoaded(std::string_view info);

// What a source of a migration says at one instant. Two readings tell whether a migration of a slot
// began, ended or was aborted in between: see IsUnchangedSince().
struct MigrationFence {
  // The sections of INFO that FromInfo() reads.
  static constexpr std::string_view kSections[] = {"server", "persistence", "stats",
                                                   "commandstats"};

  uint64_t run = 0;
  uint64_t setslot_calls = 0;  // of CLUSTER SETSLOT
  uint64_t commands = 0;       // total_commands_processed

  // Nothing when the text lacks a run_id or total_commands_processed.
  static std::optional<MigrationFence> FromInfo(std::string_view info);

  // True when the same process has executed no CLUSTER SETSLOT since `earlier`. CONFIG RESETSTAT
  // can make the calls come out alike, but not without a smaller number of commands.
  bool IsUnchangedSince(const MigrationFence& earlier) const {
    return run == earlier.run && setslot_calls == earlier.setslot_calls &&
           commands > earlier.commands;
  }
};

}  // namespace atestore
