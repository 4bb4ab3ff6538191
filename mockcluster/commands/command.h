#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "mockcluster/node/cluster_state.h"

namespace mockcluster::inline v0 {

// The arguments of a command handler: one command on one connection.
struct CommandContext {
  ClusterState& state;
  Node& node;
  Process& process;
  Client& client;
  const Command& command;
  std::span<const std::string_view> arguments;  // including the command's name and subcommand
  ReplyWriter& reply;
  Slot slot = 0;  // of its keys, in EXEC of those of all commands; 0 without keys

  // `text` must be one of the command's keys. Its slot need not be computed again.
  KeyRef Key(std::string_view text) const { return {text, slot}; }
};

enum CommandFlag : uint32_t {
  kWrite = 1u << 0,
  kReadOnly = 1u << 1,
  kFast = 1u << 2,
  kLoading = 1u << 3,      // allowed while the data set is being loaded
  kNoAuth = 1u << 4,       // allowed before AUTH
  kAsking = 1u << 5,       // behaves as if ASKING came before it
  kNotQueued = 1u << 6,    // executed at once even inside MULTI
  kNoMulti = 1u << 7,      // refused inside MULTI by Valkey
  kMovableKeys = 1u << 8,  // the arguments determine where the keys are
  kAdmin = 1u << 9,
  kClusterQuery = 1u << 10,  // CLUSTER subcommands that Redis 7.0 refuses while loading
  kSince72 = 1u << 11,       // unknown to Redis 7.0
  kSince90 = 1u << 12,       // unknown to Valkey 8.0
  kDenyOom = 1u << 13,       // refused at maxmemory
  kMoreSince90 = 1u << 14,   // Valkey 9 accepts more arguments: the arity is −n instead of n
  kMayReplicate = 1u << 15,  // waits where writes are held back, though it writes nothing
  kReplicatedOnValkey = 1u << 16,  // the same, but not on Redis 7.0
};

// Which arguments are keys: first, first + step, … last (negative: counted from the end).
struct KeyPositions {
  int first = 0;  // 0: no keys
  int last = 0;
  int step = 0;
};

struct Command {
  std::string_view name;  // as INFO commandstats shows it: "get", "cluster|slots"
  int arity = 0;          // exact, or −n: at least n; includes name and subcommand
  uint32_t flags = 0;
  KeyPositions keys;
  void (*handler)(CommandContext&) = nullptr;
  bool has_subcommands = false;
  // Set by the table.
  size_t index = 0;  // dense
  bool is_subcommand = false;

  bool Has(CommandFlag flag) const { return (flags & flag) != 0; }
};

}  // namespace mockcluster::inline v0
