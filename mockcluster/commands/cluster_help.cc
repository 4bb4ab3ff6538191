#include <algorithm>
#include <string>

#include "mockcluster/commands/handlers.h"

// CLUSTER HELP, to the letter.
namespace mockcluster::inline v0 {
namespace {

constexpr std::string_view kTitle =
    "CLUSTER <subcommand> [<arg> [value] [opt] ...]. Subcommands are:";

constexpr std::string_view kRedisHelp = R"(ADDSLOTS <slot> [<slot> ...]
    Assign slots to current node.
ADDSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]
    Assign slots which are between <start-slot> and <end-slot> to current node.
BUMPEPOCH
    Advance the cluster config epoch.
COUNT-FAILURE-REPORTS <node-id>
    Return number of failure reports for <node-id>.
COUNTKEYSINSLOT <slot>
    Return the number of keys in <slot>.
DELSLOTS <slot> [<slot> ...]
    Delete slots information from current node.
DELSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]
    Delete slots information which are between <start-slot> and <end-slot> from current node.
FAILOVER [FORCE|TAKEOVER]
    Promote current replica node to being a master.
FORGET <node-id>
    Remove a node from the cluster.
GETKEYSINSLOT <slot> <count>
    Return key names stored by current node in a slot.
FLUSHSLOTS
    Delete current node own slots information.
INFO
    Return information about the cluster.
KEYSLOT <key>
    Return the hash slot for <key>.
MEET <ip> <port> [<bus-port>]
    Connect nodes into a working cluster.
MYID
    Return the node id.
NODES
    Return cluster configuration seen by node. Output format:
    <id> <ip:port> <flags> <master> <pings> <pongs> <epoch> <link> <slot> ...
REPLICATE <node-id>
    Configure current node as replica to <node-id>.
RESET [HARD|SOFT]
    Reset current node (default: soft).
SET-CONFIG-EPOCH <epoch>
    Set config epoch of current node.
SETSLOT <slot> (IMPORTING <node-id>|MIGRATING <node-id>|STABLE|NODE <node-id>)
    Set slot state.
REPLICAS <node-id>
    Return <node-id> replicas.
SAVECONFIG
    Force saving cluster configuration on disk.
SLOTS
    Return information about slots range mappings. Each range is made of:
    start, end, master and replicas IP addresses, ports and ids
SHARDS
    Return information about slot range mappings and the nodes associated with them.
LINKS
    Return information about all network links between this node and its peers.
    Output format is an array where each array element is a map containing attributes of a link
HELP
    Prints this help.)";

constexpr std::string_view kValkeyHelp = R"(COUNTKEYSINSLOT <slot>
    Return the number of keys in <slot>.
GETKEYSINSLOT <slot> <count>
    Return key names stored by current node in a slot.
INFO
    Return information about the cluster.
KEYSLOT <key>
    Return the hash slot for <key>.
MYID
    Return the node id.
MYSHARDID
    Return the node's shard id.
NODES
    Return cluster configuration seen by node. Output format:
    <id> <ip:port@bus-port[,hostname]> <flags> <primary> <pings> <pongs> <epoch> <link> <slot> ...
REPLICAS <node-id>
    Return <node-id> replicas.
SLOTS
    Return information about slots range mappings. Each range is made of:
    start, end, primary and replicas IP addresses, ports and ids
SLOT-STATS
    Return an array of slot usage statistics for slots assigned to the current node.
SHARDS
    Return information about slot range mappings and the nodes associated with them.
ADDSLOTS <slot> [<slot> ...]
    Assign slots to current node.
ADDSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]
    Assign slots which are between <start-slot> and <end-slot> to current node.
BUMPEPOCH
    Advance the cluster config epoch.
COUNT-FAILURE-REPORTS <node-id>
    Return number of failure reports for <node-id>.
DELSLOTS <slot> [<slot> ...]
    Delete slots information from current node.
DELSLOTSRANGE <start slot> <end slot> [<start slot> <end slot> ...]
    Delete slots information which are between <start-slot> and <end-slot> from current node.
FAILOVER [FORCE|TAKEOVER]
    Promote current replica node to being a master.
FORGET <node-id>
    Remove a node from the cluster.
FLUSHSLOTS
    Delete current node own slots information.
MEET <ip> <port> [<bus-port>]
    Connect nodes into a working cluster.
REPLICATE <node-id>
    Configure current node as replica to <node-id>.
RESET [HARD|SOFT]
    Reset current node (default: soft).
SET-CONFIG-EPOCH <epoch>
    Set config epoch of current node.
SETSLOT <slot> (IMPORTING <node-id>|MIGRATING <node-id>|STABLE|NODE <node-id>)
    Set slot state.
SAVECONFIG
    Force saving cluster configuration on disk.
LINKS
    Return information about all network links between this node and its peers.
    Output format is an array where each array element is a map containing attributes of a link
)";

constexpr std::string_view kMigrationHelp =
    R"(MIGRATESLOTS SLOTSRANGE start-slot end-slot [start-slot end-slot ...] NODE node-id )"
    R"([SLOTSRANGE start-slot end-slot [start-slot end-slot ...] NODE node-id ...]
    Migrate the specified slot ranges from this node to the specified node.
CANCELSLOTMIGRATIONS ALL
    Cancel all migrations.
GETSLOTMIGRATIONS
    Get information about ongoing and recently finished slot imports and exports.
)";

constexpr std::string_view kValkeyHelpEnd = R"(HELP
    Print this help.)";

std::string HelpText(const FlavorTraits& traits) {
  if (!traits.is_valkey) return std::string(kRedisHelp);
  std::string text(kValkeyHelp);
  if (traits.migrates_slots) text += kMigrationHelp;
  return text.append(kValkeyHelpEnd);
}

}  // namespace

void ClusterHelp(CommandContext& context) {
  const std::string help = HelpText(context.node.traits());
  const std::string_view text = help;
  context.reply.Array(2 + static_cast<size_t>(std::count(text.begin(), text.end(), '\n')));
  context.reply.Simple(kTitle);
  for (size_t begin = 0; begin < text.size();) {
    const size_t end = std::min(text.find('\n', begin), text.size());
    context.reply.Simple(text.substr(begin, end - begin));
    begin = end + 1;
  }
}

void RefuseArguments(CommandContext& context) {
  context.reply.Error("ERR unknown subcommand or wrong number of arguments for '" +
                      std::string(context.arguments[1]) + "'. Try CLUSTER HELP.");
}

}  // namespace mockcluster::inline v0
