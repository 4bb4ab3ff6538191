#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string_view>

#include "mockcluster/commands/command.h"
#include "mockcluster/node/cluster_state.h"

namespace mockcluster {

// Whether a node serves a command, and if not, what it answers (getNodeByQuery and
// clusterRedirectClient of the servers).
struct Route {
  enum class Kind : uint8_t {
    kServe,
    kMoved,            // MOVED <slot> <node>
    kAsk,              // ASK <slot> <node>
    kTryAgain,         // some of several keys are not here
    kCrossSlot,        // keys of several slots
    kSlotUnserved,     // nobody owns the slot
    kClusterDown,      // the node's cluster state is fail
    kClusterReadOnly,  // … and it serves reads only
  };
  Kind kind = Kind::kServe;
  Slot slot = 0;
  std::optional<NodeIndex> node;  // kMoved and kAsk
};

// Decides for one command.
Route RouteCommand(const ClusterState& state, Node& node, const Client& client,
                   const Command& command, std::span<const std::string_view> arguments);
// Decides for EXEC: all queued commands count as one.
Route RouteExec(const ClusterState& state, Node& node, const Client& client);

// Writes the error reply of a route that does not serve.
void WriteRedirect(const ClusterState& state, const Route& route, ReplyWriter& reply);

// Whether keyed commands are served: all slots covered, a majority of primaries in reach, and the
// node past the delay after its start.
bool ClusterIsUp(const ClusterState& state, const Node& node);

}  // namespace mockcluster
