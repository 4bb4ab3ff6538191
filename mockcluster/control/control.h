#pragma once

#include <span>
#include <string>
#include <string_view>

#include "mockcluster/cluster.h"

namespace mockcluster::inline v0 {

// The command MOCK, with which a test in any language steers the cluster over one of its
// connections: MOCK KILL 7001, MOCK RESTART 7001, MOCK FAILOVER 7004 FORCE … MOCK HELP lists all.
// Nodes are named by handle (0, 1, …), port or node id. Replies are RESP2: +OK, an integer, an
// array, or an error that names what is wrong. It is no command of the emulated server: it needs
// no AUTH, is not queued by MULTI, and works on every connection.
bool IsControlCommand(std::span<const std::string_view> arguments);

// Executes a command that IsControlCommand() recognises and appends its reply. `client` is the
// connection it came by.
void ExecuteControlCommand(Cluster& cluster, ClientId client,
                           std::span<const std::string_view> arguments, std::string* reply);

}  // namespace mockcluster::inline v0
