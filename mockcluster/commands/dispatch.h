#pragma once

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "mockcluster/node/cluster_state.h"

namespace mockcluster {

// Tells a connection that was one too many so, and closes it. Returns whether it was.
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
// The text of an error reply in wire form, such as "ERR syntax error"; nullopt: it is no error.
std::optional<std::string_view> ErrorText(std::string_view reply);

// Runs the command's handler with its counters, as EXEC does for queued commands.
struct CommandContext;
void Call(CommandContext& context);

// Leaves MULTI, forgetting what is queued and watched.
void DiscardTransaction(ClusterState& state, Client& client);

}  // namespace mockcluster
