#pragma once

#include <optional>
#include <string_view>

#include "mockcluster/commands/command.h"
#include "mockcluster/node/cluster_state.h"

// Commands and connections that the settings of a node refuse: not executed, may be retried later.
namespace mockcluster::inline v0 {

// The error for a command that passed routing; nullopt: it is allowed. `is_write`: the command is a
// write, or is EXEC with a queued write.
std::optional<std::string_view> FindLimit(const ClusterState& state, const Node& node,
                                          const Client& client, const Command& command,
                                          bool is_write);

// The error that a new connection gets before it is closed.
std::optional<std::string_view> FindConnectionLimit(const ClusterState& state, const Node& node);

// An estimate: the emulator does not count bytes.
uint64_t UsedMemory(const Process& process);

}  // namespace mockcluster::inline v0
