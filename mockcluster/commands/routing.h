#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "mockcluster/commands/command.h"
#include "mockcluster/node/cluster_state.h"

namespace mockcluster::inline v0 {

// Whether a node serves a command and, if not, its answer (getNodeByQuery and clusterRedirectClient
// of the servers).
struct Route {
  enum class Kind : uint8_t {
    kServe,
    kMoved,            // MOVED <slot> <node>
    kAsk,              // ASK <slot> <node>
    kTryAgain,         // some of the command's keys are not here
    kCrossSlot,        // the command has keys of several slots
    kSlotUnserved,     // the slot has no owner
    kClusterDown,      // the node's cluster state is fail
    kClusterReadOnly,  // the node's cluster state is fail, and it serves only reads
  };
  Kind kind = Kind::kServe;
  Slot slot = 0;                  // of the keys; 0 without keys
  std::optional<NodeIndex> node;  // kMoved and kAsk
};

// Decides for one command.
Route RouteCommand(const ClusterState& state, Node& node, const Client& client,
                   const Command& command, std::span<const std::string_view> arguments);
// Decides for EXEC: all queued commands count as one.
Route RouteExec(const ClusterState& state, Node& node, const Client& client);

// Writes the error reply for a route other than kServe.
void WriteRedirect(const ClusterState& state, const Route& route, ReplyWriter& reply);

// Whether the node serves commands with keys: all slots have owners, a majority of primaries is
// reachable, and the delay after its start is over.
bool ClusterIsUp(const ClusterState& state, const Node& node);

}  // namespace mockcluster::inline v0
