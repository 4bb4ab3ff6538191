#include "tests/support/real_cluster.h"

#include <algorithm>
#include <map>
#include <set>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "core/status.h"

namespace atestore {
namespace {

constexpr absl::Duration kCommandTimeout = absl::Seconds(20);
constexpr absl::Duration kFailoverLimit = absl::Seconds(6);  // the server's own is 5
constexpr int kFailoverAttempts = 5;
constexpr size_t kPipelinedCommandsMax = 1000;

std::string ReplyError(const HiredisClient::Command& command, const HiredisReply& reply) {
  return absl::StrCat(command.front(), ": ", reply.text);
}

// The value of a line "name:value", as INFO and CLUSTER INFO have them; "" without such a line.
std::string Field(std::string_view text, std::string_view name) {
  std::string start = absl::StrCat("\n", ToAbsl(name), ":");
  std::string lines = absl::StrCat("\n", ToAbsl(text));
  size_t found = lines.find(start);
  if (found == std::string::npos) return "";
  found += start.size();
  return lines.substr(found, lines.find_first_of("\r\n", found) - found);
}

// What follows a name in a list of names and values, whose order and number depend on the version
// (Valkey 9.1 adds the shard's id to CLUSTER SHARDS). Null without that name.
const HiredisReply* Entry(const HiredisReply& map, std::string_view name) {
  for (size_t i = 0; i + 1 < map.elements.size(); i += 2) {
    if (map.elements[i].text == name) return &map.elements[i + 1];
  }
  return nullptr;
}

// Of an entry of CLUSTER SHARDS. Valkey learns the shard of a new replica late, and refuses to
// start from a nodes.conf where a replica and its primary are in two shards.
bool HasPrimary(const HiredisReply& shard) {
  const HiredisReply* nodes = Entry(shard, "nodes");
  return nodes != nullptr &&
         std::any_of(nodes->elements.begin(), nodes->elements.end(), [](const HiredisReply& node) {
           const HiredisReply* role = Entry(node, "role");
           return role != nullptr && role->text == "master";
         });
}

}  // namespace

absl::StatusOr<HiredisClient*> RealCluster::Client(size_t node) {
  Node& entry = *nodes_[node];
  if (!entry.client) {
    absl::StatusOr<HiredisClient> client =
        HiredisClient::Connect({"127.0.0.1", entry.port}, options_.password, kCommandTimeout);
    if (!client.ok()) return client.status();
    entry.client.emplace(std::move(*client));
  }
  return &*entry.client;
}

absl::StatusOr<HiredisReply> RealCluster::Run(size_t node, const HiredisClient::Command& command) {
  absl::StatusOr<std::vector<HiredisReply>> replies = RunAll(node, {command});
  if (!replies.ok()) return replies.status();
  return std::move(replies->front());
}

absl::StatusOr<std::vector<HiredisReply>> RealCluster::RunAll(
    size_t node, const std::vector<HiredisClient::Command>& all) {
  absl::StatusOr<HiredisClient*> client = Client(node);
  if (!client.ok()) return client.status();
  absl::StatusOr<std::vector<HiredisReply>> replies = (*client)->ExecuteAll(all);
  if (!replies.ok()) {
    nodes_[node]->client.reset();
    return replies.status();
  }
  for (size_t i = 0; i < all.size(); ++i) {
    if ((*replies)[i].is_error) return absl::InternalError(ReplyError(all[i], (*replies)[i]));
  }
  return replies;
}

absl::StatusOr<std::string> RealCluster::RunCli(std::vector<std::string> arguments) {
  std::optional<std::string> program = FindServerCli(options_.kind);
  if (!program) {
    return NotFoundError(absl::StrCat("the client program of ", ToAbsl(ToString(options_.kind)),
                                      " is not installed"));
  }
  std::vector<std::string> command{*program};
  if (!options_.password.empty()) {
    command.insert(command.end(), {"--no-auth-warning", "-a", options_.password});
  }
  command.insert(command.end(), arguments.begin(), arguments.end());
  return RunProgram(command, absl::Minutes(1));
}

absl::Status RealCluster::SetAll(const std::vector<std::pair<std::string, std::string>>& records) {
  absl::StatusOr<size_t> asked = FirstRunning();
  if (!asked.ok()) return asked.status();
  absl::StatusOr<std::vector<ServerLine>> view = View(*asked);
  if (!view.ok()) return view.status();
  std::vector<size_t> owners(kSlotCount, nodes_.size());
  for (const ServerLine& node : *view) {
    for (auto [first, last] : node.slots) {
      std::fill(owners.begin() + first, owners.begin() + last + 1, node.node);
    }
  }
  std::vector<std::vector<HiredisClient::Command>> batches(nodes_.size() + 1);
  auto send = [&](size_t node) {
    absl::Status status = RunAll(node, batches[node]).status();
    batches[node].clear();
    return status;
  };
  for (const auto& [key, value] : records) {
    size_t owner = owners[KeySlot(key)];
    if (owner == nodes_.size()) return UnavailableError("a slot has no owner");
    batches[owner].push_back({"SET", key, value});
    if (batches[owner].size() < kPipelinedCommandsMax) continue;
    if (absl::Status status = send(owner); !status.ok()) return status;
  }
  for (size_t node = 0; node < nodes_.size(); ++node) {
    if (batches[node].empty()) continue;
    if (absl::Status status = send(node); !status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::StatusOr<std::vector<ServerLine>> RealCluster::View(size_t node) {
  absl::StatusOr<HiredisReply> reply = Run(node, {"CLUSTER", "NODES"});
  if (!reply.ok()) return reply.status();
  return ParseView(reply->text);
}

std::vector<ServerLine> RealCluster::ParseView(const std::string& text) const {
  std::map<std::string, size_t> numbers;
  for (size_t i = 0; i < nodes_.size(); ++i) numbers[nodes_[i]->id] = i;
  std::vector<ServerLine> views;
  for (absl::string_view line : absl::StrSplit(text, '\n', absl::SkipEmpty())) {
    std::vector<std::string> words = absl::StrSplit(line, ' ');
    if (words.size() < 8 || !numbers.contains(words[0])) continue;
    std::set<std::string> flags = absl::StrSplit(words[2], ',');
    ServerLine& view = views.emplace_back();
    view.id = words[0];
    view.node = numbers[words[0]];
    view.is_primary = flags.contains("master");
    view.is_failed = flags.contains("fail");
    view.is_connected = words[7] == "connected";
    if (!view.is_primary) view.primary_id = words[3];
    for (size_t i = 8; i < words.size(); ++i) {
      if (words[i].front() == '[') continue;  // a migration mark
      std::vector<std::string> range = absl::StrSplit(words[i], '-');
      view.slots.emplace_back(std::stoi(range.front()), std::stoi(range.back()));
    }
  }
  return views;
}

absl::StatusOr<size_t> RealCluster::FirstRunning() {
  for (size_t node = 0; node < nodes_.size(); ++node) {
    if (running(node)) return node;
  }
  return UnavailableError("no server runs");
}

absl::StatusOr<std::vector<size_t>> RealCluster::Primaries() {
  absl::StatusOr<size_t> asked = FirstRunning();
  if (!asked.ok()) return asked.status();
  absl::StatusOr<std::vector<ServerLine>> view = View(*asked);
  if (!view.ok()) return view.status();
  std::vector<size_t> primaries;
  for (const ServerLine& node : *view) {
    if (node.is_primary && !node.slots.empty()) primaries.push_back(node.node);
  }
  return primaries;
}

absl::StatusOr<std::vector<size_t>> RealCluster::ReplicasOf(size_t primary) {
  absl::StatusOr<size_t> asked = FirstRunning();
  if (!asked.ok()) return asked.status();
  absl::StatusOr<std::vector<ServerLine>> view = View(*asked);
  if (!view.ok()) return view.status();
  std::vector<size_t> replicas;
  for (const ServerLine& node : *view) {
    if (node.primary_id == id(primary)) replicas.push_back(node.node);
  }
  return replicas;
}

absl::StatusOr<size_t> RealCluster::OwnerOf(Slot slot) {
  absl::StatusOr<size_t> asked = FirstRunning();
  if (!asked.ok()) return asked.status();
  absl::StatusOr<std::vector<ServerLine>> view = View(*asked);
  if (!view.ok()) return view.status();
  for (const ServerLine& node : *view) {
    for (auto [first, last] : node.slots) {
      if (first <= slot && slot <= last) return node.node;
    }
  }
  return NotFoundError(absl::StrCat("slot ", slot, " has no owner"));
}

absl::Status RealCluster::Stop(size_t node, StopMode mode) {
  ChildProcess& process = nodes_[node]->process;
  if (mode == StopMode::kShutdown) {
    process.Signal(SIGCONT);
    // The connection ends without a reply when it works.
    absl::Status refused = Run(node, {"SHUTDOWN", "NOSAVE"}).status();
    if (!process.WaitForExit(kCommandTimeout)) return refused;
  }
  process.Kill();
  nodes_[node]->client.reset();
  return absl::OkStatus();
}

absl::Status RealCluster::Failover(size_t replica, FailoverMode mode) {
  HiredisClient::Command command{"CLUSTER", "FAILOVER"};
  if (mode == FailoverMode::kForce) command.push_back("FORCE");
  absl::Status status;
  // Votes are refused for a while after the shard's last election: then it is asked for again.
  for (int attempt = 0; attempt < kFailoverAttempts; ++attempt) {
    status = Run(replica, command).status();
    if (status.ok() && Poll(kFailoverLimit, [&] { return EverybodySeesOwner(replica); })) {
      return absl::OkStatus();
    }
  }
  return status.ok() ? DeadlineExceededError("the failover did not happen") : status;
}

bool RealCluster::EverybodySeesOwner(size_t owner) {
  for (size_t node = 0; node < nodes_.size(); ++node) {
    if (!running(node) || !is_member(node)) continue;
    absl::StatusOr<std::vector<ServerLine>> view = View(node);
    if (!view.ok()) return false;
    for (const ServerLine& seen : *view) {
      if (seen.node == owner && (!seen.is_primary || seen.slots.empty())) return false;
    }
  }
  return true;
}

absl::Status RealCluster::WaitUntilSettled(absl::Duration limit) {
  absl::Status status;
  Poll(limit, [&] {
    status = CheckSettled();
    return status.ok();
  });
  return status;
}

absl::Status RealCluster::CheckSettled() {
  using Part = std::pair<std::string, std::vector<std::pair<Slot, Slot>>>;  // primary's id, slots
  std::optional<std::map<std::string, Part>> agreed;
  const auto members = static_cast<size_t>(std::count_if(
      nodes_.begin(), nodes_.end(), [](const auto& node) { return node->is_member.load(); }));
  for (size_t node = 0; node < nodes_.size(); ++node) {
    if (!running(node) || !is_member(node)) continue;
    if (absl::Status status = CheckNode(node); !status.ok()) return status;
    absl::StatusOr<HiredisReply> text = Run(node, {"CLUSTER", "NODES"});
    if (!text.ok()) return text.status();
    auto unsettled = [&](absl::string_view what) {
      return UnavailableError(absl::StrCat("node ", node, " ", what, ":\n", text->text));
    };
    const std::vector<ServerLine> view = ParseView(text->text);
    std::map<std::string, Part> parts;
    for (const ServerLine& seen : view) {
      if (!running(seen.node)) continue;
      parts[seen.id] = {seen.primary_id, seen.slots};
      if (seen.is_failed || !seen.is_connected) {
        return unsettled(absl::StrCat("does not see node ", seen.node, " (", seen.id, ")"));
      }
    }
    if (view.size() != members) {
      return unsettled(absl::StrCat("knows ", view.size(), " of ", members, " nodes"));
    }
    if (agreed && parts != *agreed) return unsettled("disagrees about the cluster");
    agreed = std::move(parts);
  }
  return absl::OkStatus();
}

absl::Status RealCluster::CheckNode(size_t node) {
  absl::StatusOr<HiredisReply> cluster = Run(node, {"CLUSTER", "INFO"});
  if (!cluster.ok()) return cluster.status();
  if (Field(cluster->text, "cluster_state") != "ok" ||
      Field(cluster->text, "cluster_slots_ok") != std::to_string(kSlotCount)) {
    return UnavailableError(absl::StrCat("node ", node, ": ", cluster->text));
  }
  absl::StatusOr<HiredisReply> replication = Run(node, {"INFO", "replication"});
  if (!replication.ok()) return replication.status();
  if (Field(replication->text, "role") == "slave" &&
      Field(replication->text, "master_link_status") != "up") {
    return UnavailableError(absl::StrCat("node ", node, " is not in sync"));
  }
  absl::StatusOr<HiredisReply> shards = Run(node, {"CLUSTER", "SHARDS"});
  if (!shards.ok()) return shards.status();
  for (const HiredisReply& shard : shards->elements) {
    if (HasPrimary(shard)) continue;
    return UnavailableError(absl::StrCat("node ", node, " sees a shard without a primary"));
  }
  return absl::OkStatus();
}

}  // namespace atestore
