#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "mockcluster/node/cluster_state.h"

namespace mockcluster::inline v0 {

// If the client exceeds the limit of connections, appends the error and closes the connection.
// Returns whether it did.
bool Refuse(Client& client, std::string* replies);

// One command of a client from arrival to reply: the hook and the fault plan first, then the
// server's checks in the server's order, then the command. Contract as Cluster::Execute().
Delivery ExecuteCommand(ClusterState& state, Client& client,
                        std::span<const std::string_view> arguments, std::string* replies);
Delivery FeedBytes(ClusterState& state, Client& client, std::string_view bytes,
                   std::string* replies);

// Executes a command on a node as its administrator would, with no hook or fault. Returns the
// reply in wire form (RESP2). The node must be alive.
std::string ExecuteAsAdmin(ClusterState& state, Node& node,
                           std::span<const std::string_view> arguments);
std::string ExecuteAsAdmin(ClusterState& state, Node& node,
                           std::initializer_list<std::string_view> arguments);
// The text of an error reply in wire form, such as "ERR syntax error". nullopt: it is not an error.
std::optional<std::string_view> ErrorText(std::string_view reply);

// Runs the command's handler with its counters, as EXEC does for queued commands.
struct CommandContext;
void Call(CommandContext& context);

// Leaves MULTI, and drops the queued commands and watches.
void DiscardTransaction(ClusterState& state, Client& client);

}  // namespace mockcluster::inline v0
