#include <algorithm>
#include <array>
#include <cstdlib>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "mockcluster/commands/arguments.h"
#include "mockcluster/commands/command_table.h"
#include "mockcluster/commands/handlers.h"
#include "mockcluster/commands/limits.h"
#include "mockcluster/node/data.h"

namespace mockcluster::inline v0 {
namespace {

// The text of INFO: sections, and the lines of each.
class InfoText {
 public:
  void Section(std::string_view title) {
    if (!text_.empty()) text_ += "\r\n";
    text_ += "# ";
    text_ += title;
    text_ += "\r\n";
  }
  void Line(std::string_view name, std::string_view value) {
    text_ += name;
    text_ += ':';
    text_ += value;
    text_ += "\r\n";
  }
  void Lines(std::string_view lines) { text_ += lines; }
  void Line(std::string_view name, int64_t value) { Line(name, std::to_string(value)); }
  const std::string& text() const { return text_; }

 private:
  std::string text_;
};

void ServerSection(CommandContext& context, InfoText& info) {
  const FlavorTraits& traits = context.node.traits();
  info.Section("Server");
  info.Line("redis_version", traits.redis_version);
  if (traits.is_valkey) {
    info.Line("server_name", "valkey");
    info.Line("valkey_version", traits.version);
  }
  info.Line("redis_git_sha1", "00000000");
  info.Line("redis_git_dirty", 0);
  info.Line(traits.is_valkey ? "server_mode" : "redis_mode", "cluster");
  info.Line("arch_bits", 64);
  info.Line("process_id", static_cast<int64_t>(context.process.serial));
  info.Line("run_id", context.process.run_id);
  info.Line("tcp_port", context.node.endpoint.port);
  const int64_t uptime_s = (context.state.now_ms - context.process.started_at_ms) / 1000;
  info.Line("uptime_in_seconds", uptime_s);
  info.Line("uptime_in_days", uptime_s / 86400);
}

void ClientsSection(CommandContext& context, InfoText& info) {
  int64_t connected = 0;
  for (const auto& [id, client] : context.state.clients) {
    if (client->neighbour_client || client->node != context.node.index) continue;
    connected += context.state.IsOpen(*client) ? 1 : 0;
  }
  info.Section("Clients");
  info.Line("connected_clients", connected);
  info.Line("maxclients", static_cast<int64_t>(context.node.settings.clients_max));
}

void MemorySection(CommandContext& context, InfoText& info) {
  info.Section("Memory");
  info.Line("used_memory", static_cast<int64_t>(UsedMemory(context.process)));
  info.Line("maxmemory", static_cast<int64_t>(context.node.settings.memory_bytes_max));
  info.Line("maxmemory_policy", "noeviction");
}

void PersistenceSection(CommandContext& context, InfoText& info) {
  info.Section("Persistence");
  info.Line("loading", context.state.now_ms < context.process.loading_until_ms ? 1 : 0);
  info.Line("async_loading", 0);
  info.Line("rdb_bgsave_in_progress", 0);
  info.Line("rdb_last_bgsave_status", context.node.settings.saving_fails ? "err" : "ok");
  info.Line("aof_enabled", 0);
}

void ReplicationSection(CommandContext& context, InfoText& info) {
  const Node& node = context.node;
  info.Section("Replication");
  if (node.view.IsReplica()) {
    const Node& primary = context.state.node(*node.view.me().primary);
    info.Line("role", "slave");
    info.Line("master_host", primary.endpoint.host);
    info.Line("master_port", primary.endpoint.port);
    const bool up = primary.process != nullptr && !primary.isolated && !node.isolated;
    info.Line("master_link_status", up ? "up" : "down");
    info.Line("slave_read_only", 1);
  } else {
    info.Line("role", "master");
  }
  info.Line("connected_slaves", static_cast<int64_t>(node.replicas.size()));
  int64_t number = 0;
  for (NodeIndex index : node.replicas) {
    const Node& replica = context.state.node(index);
    info.Line("slave" + std::to_string(number++),
              "ip=" + replica.endpoint.host + ",port=" + std::to_string(replica.endpoint.port) +
                  ",state=online,offset=1,lag=0");
  }
}

void CommandStatsSection(CommandContext& context, InfoText& info) {
  info.Section("Commandstats");
  for (const Command& command : AllCommands()) {
    const CommandCounter& counter = context.process.counter(command.index);
    if (counter.calls + counter.rejected + counter.failed == 0) continue;
    // A microsecond each: the emulator has no clock.
    info.Line("cmdstat_" + std::string(command.name),
              absl::StrCat("calls=", counter.calls, ",usec=", counter.calls,
                           ",usec_per_call=", counter.calls > 0 ? "1.00" : "0.00",
                           ",rejected_calls=", counter.rejected, ",failed_calls=", counter.failed));
  }
}

void KeyspaceSection(CommandContext& context, InfoText& info) {
  info.Section("Keyspace");
  const size_t keys = context.process.keyspace->Size();
  if (keys == 0) return;
  info.Line("db0", "keys=" + std::to_string(keys) + ",expires=0,avg_ttl=0");
}

void ClusterSection(CommandContext&, InfoText& info) {
  info.Section("Cluster");
  info.Line("cluster_enabled", 1);
}

void ClusterInfoSection(CommandContext& context, InfoText& info) {
  if (!context.node.traits().info_has_cluster_info) return;
  info.Section("Cluster Info");
  info.Lines(ClusterInfoText(context));
}

void StatsSection(CommandContext& context, InfoText& info) {
  info.Section("Stats");
  const Process& process = context.process;
  info.Line("total_connections_received", static_cast<int64_t>(process.connections));
  info.Line("total_commands_processed", static_cast<int64_t>(process.calls));
  info.Line("rejected_connections", static_cast<int64_t>(process.connections_rejected));
}

struct InfoSection {
  std::string_view name;  // in capitals
  bool by_default;
  void (*write)(CommandContext&, InfoText&);
};

constexpr std::array<InfoSection, 10> kInfoSections = {{
    {"SERVER", true, ServerSection},
    {"CLIENTS", true, ClientsSection},
    {"MEMORY", true, MemorySection},
    {"PERSISTENCE", true, PersistenceSection},
    {"STATS", true, StatsSection},
    {"REPLICATION", true, ReplicationSection},
    {"COMMANDSTATS", false, CommandStatsSection},
    {"CLUSTER", true, ClusterSection},
    {"CLUSTER_INFO", false, ClusterInfoSection},
    {"KEYSPACE", true, KeyspaceSection},
}};

bool IsWanted(const InfoSection& section, std::span<const std::string_view> words) {
  if (words.empty()) return section.by_default;
  return std::any_of(words.begin(), words.end(), [&section](std::string_view word) {
    if (IsWord(word, "ALL") || IsWord(word, "EVERYTHING")) return true;
    return IsWord(word, section.name) || (IsWord(word, "DEFAULT") && section.by_default);
  });
}

void WriteFlags(const Command& command, ReplyWriter& reply) {
  std::vector<std::string_view> flags;
  if (command.Has(kWrite)) flags.push_back("write");
  if (command.Has(kDenyOom)) flags.push_back("denyoom");
  if (command.Has(kReadOnly)) flags.push_back("readonly");
  if (command.Has(kAdmin)) flags.push_back("admin");
  if (command.Has(kLoading)) flags.push_back("loading");
  if (command.Has(kFast)) flags.push_back("fast");
  if (command.Has(kNoAuth)) flags.push_back("no_auth");
  if (command.Has(kAsking)) flags.push_back("asking");
  if (command.Has(kMovableKeys)) flags.push_back("movablekeys");
  reply.Set(flags.size());
  for (std::string_view flag : flags) reply.Simple(flag);
}

std::vector<const Command*> SubcommandsOf(const Command& container, Flavor flavor) {
  std::vector<const Command*> found;
  const std::string prefix = std::string(container.name) + "|";
  for (const Command& command : AllCommands()) {
    if (command.name.starts_with(prefix) && IsKnownTo(flavor, command)) found.push_back(&command);
  }
  return found;
}

// Ten elements, as since Redis 7; categories, tips and key specifications are left out.
void WriteCommand(const Command& command, Flavor flavor, ReplyWriter& reply) {
  reply.Array(10);
  reply.Bulk(command.name);
  reply.Integer(ArityOn(flavor, command));
  WriteFlags(command, reply);
  reply.Integer(command.keys.first);
  reply.Integer(command.keys.last);
  reply.Integer(command.keys.step);
  for (int left_out = 0; left_out < 3; ++left_out) reply.Set(0);
  std::vector<const Command*> subcommands;
  if (command.has_subcommands) subcommands = SubcommandsOf(command, flavor);
  reply.Array(subcommands.size());
  for (const Command* subcommand : subcommands) WriteCommand(*subcommand, flavor, reply);
}

// "get", "cluster|slots".
const Command* FindByFullName(std::string_view name, Flavor flavor) {
  const size_t bar = name.find('|');
  const Command* command = FindCommand(name.substr(0, bar));
  if (command == nullptr || bar == std::string_view::npos) return command;
  const Command* subcommand = FindSubcommand(*command, name.substr(bar + 1));
  return subcommand != nullptr && IsKnownTo(flavor, *subcommand) ? subcommand : nullptr;
}

std::vector<const Command*> TopLevelCommands() {
  std::vector<const Command*> commands;
  for (const Command& command : AllCommands()) {
    if (!command.is_subcommand) commands.push_back(&command);
  }
  return commands;
}

}  // namespace

void Info(CommandContext& context) {
  InfoText info;
  for (const InfoSection& section : kInfoSections) {
    if (IsWanted(section, context.arguments.subspan(1))) section.write(context, info);
  }
  context.reply.Text(info.text());
}

void Time(CommandContext& context) {
  context.reply.Array(2);
  context.reply.Bulk(std::to_string(context.state.now_ms / 1000));
  context.reply.Bulk(std::to_string(context.state.now_ms % 1000 * 1000));
}

void Role(CommandContext& context) {
  if (context.node.view.IsReplica()) {
    const Node& primary = context.state.node(*context.node.view.me().primary);
    context.reply.Array(5);
    context.reply.Bulk("slave");
    context.reply.Bulk(primary.endpoint.host);
    context.reply.Integer(primary.endpoint.port);
    context.reply.Bulk(primary.process != nullptr ? "connected" : "connect");
    context.reply.Integer(1);
    return;
  }
  context.reply.Array(3);
  context.reply.Bulk("master");
  context.reply.Integer(0);
  context.reply.Array(context.node.replicas.size());
  for (NodeIndex index : context.node.replicas) {
    const Node& replica = context.state.node(index);
    context.reply.Array(3);
    context.reply.Bulk(replica.endpoint.host);
    context.reply.Bulk(std::to_string(replica.endpoint.port));
    context.reply.Bulk("1");
  }
}

void Wait(CommandContext& context) {
  context.reply.Integer(static_cast<int64_t>(GoodReplicas(context.state, context.node)));
}

void CommandAll(CommandContext& context) {
  std::vector<const Command*> commands = TopLevelCommands();
  context.reply.Array(commands.size());
  for (const Command* command : commands) {
    WriteCommand(*command, context.node.flavor, context.reply);
  }
}

void CommandCount(CommandContext& context) {
  context.reply.Integer(static_cast<int64_t>(TopLevelCommands().size()));
}

void CommandInfo(CommandContext& context) {
  if (context.arguments.size() == 2) {
    CommandAll(context);
    return;
  }
  context.reply.Array(context.arguments.size() - 2);
  for (std::string_view name : context.arguments.subspan(2)) {
    const Command* command = FindByFullName(name, context.node.flavor);
    if (command == nullptr) {
      context.reply.Null();
    } else {
      WriteCommand(*command, context.node.flavor, context.reply);
    }
  }
}

// No documentation: redis-cli falls back on its own.
void CommandDocs(CommandContext& context) { context.reply.Map(0); }

void CommandList(CommandContext& context) {
  std::vector<const Command*> commands = TopLevelCommands();
  context.reply.Array(commands.size());
  for (const Command* command : commands) context.reply.Bulk(command->name);
}

void CommandGetKeys(CommandContext& context) {
  std::span<const std::string_view> inner = context.arguments.subspan(2);
  const Command* command = FindCommand(inner[0]);
  if (command == nullptr) {
    context.reply.Error("ERR Invalid command specified");
    return;
  }
  if (command->keys.first == 0) {
    context.reply.Error("ERR The command has no key arguments");
    return;
  }
  const size_t least = static_cast<size_t>(std::abs(command->arity));
  if (inner.size() < least || (command->arity > 0 && inner.size() != least)) {
    context.reply.Error("ERR Invalid number of arguments specified for command");
    return;
  }
  std::vector<std::string_view> keys;
  ForEachKey(*command, inner, [&keys](std::string_view key) {
    keys.push_back(key);
    return true;
  });
  context.reply.Array(keys.size());
  for (std::string_view key : keys) context.reply.Bulk(key);
}

}  // namespace mockcluster::inline v0
