#pragma once

#include <optional>
#include <string_view>

#include "mockcluster/commands/command.h"
#include "mockcluster/node/cluster_state.h"

// What the settings of a node refuse for a time: nothing is executed, and it may be tried again.
namespace mockcluster {

// The error of a command that passed routing. `is_write`: it, or for EXEC one that is queued, is.
std::optional<std::string_view> FindLimit(const ClusterState& state, const Node& node,
                                          const Client& client, const Command& command,
                                          bool is_write);

// The error that a new connection gets before it is closed.
std::optional<std::string_view> FindConnectionLimit(const ClusterState& state, const Node& node);

// An estimate: the emulator counts no bytes.
uint64_t UsedMemory(const Process& process);

}  // namespace mockcluster
