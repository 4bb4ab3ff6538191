// The nemesis's cluster between the faults: how it starts, what it is, how it is repaired.
#include "tests/soak/nemesis_cluster.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/time/clock.h"
#include "core/status.h"
#include "tests/soak/nemesis_line.h"
#include "tests/soak/plain_cluster_client.h"

namespace atestore {
namespace {

constexpr absl::Duration kCommandTimeout = absl::Seconds(1);
constexpr absl::Duration kSettleLimit = absl::Seconds(10);
constexpr absl::Duration kRepairLimit = absl::Seconds(90);
constexpr const char* kNodeTimeoutMs = "1000";

}  // namespace

absl::StatusOr<std::unique_ptr<NemesisCluster>> NemesisCluster::Start(ServerKind kind,
                                                                      std::vector<uint16_t> slots,
                                                                      OnHidden on_hidden) {
  RealClusterOptions options{.kind = kind,
                             .primaries = 3,
                             .replicas = 1,
                             .node_timeout = absl::Seconds(1),
                             .persistent = true,
                             .bus_relay = true};
  absl::StatusOr<std::unique_ptr<RealCluster>> servers = RealCluster::Start(options);
  if (!servers.ok()) return servers.status();
  std::unique_ptr<NemesisCluster> cluster(
      new NemesisCluster(*std::move(servers), std::move(slots), std::move(on_hidden)));
  absl::StatusOr<size_t> spare = cluster->cluster_->AddStranger();
  if (!spare.ok()) return spare.status();
  cluster->spare_ = *spare;
  for (size_t node = 0; node < cluster->cluster_->size(); ++node) {
    cluster->ids_.push_back(cluster->cluster_->id(node));
  }
  return cluster;
}

std::vector<uint16_t> NemesisCluster::ports() const {
  std::vector<uint16_t> ports;
  for (const Endpoint& endpoint : cluster_->endpoints()) ports.push_back(endpoint.port);
  return ports;
}

absl::StatusOr<HiredisReply> NemesisCluster::Run(size_t node, const Command& command) {
  absl::StatusOr<HiredisClient> client =
      HiredisClient::Connect(cluster_->endpoint(node), "", kCommandTimeout);
  if (!client.ok()) return client.status();
  absl::StatusOr<HiredisReply> reply = client->Execute(command);
  if (reply.ok() && reply->is_error) {
    return absl::InternalError(
        absl::StrCat("node ", node, ", ", command.front(), ": ", reply->text));
  }
  return reply;
}

absl::Status NemesisCluster::RunOk(size_t node, const Command& command) {
  absl::Status status = Run(node, command).status();
  const bool moves = command[0] == "CLUSTER" &&
                     (command[1] == "SETSLOT" || command[1] == "FAILOVER" ||
                      command[1].ends_with("SLOTS") || command[1].ends_with("MIGRATIONS"));
  if (moves) {
    std::string text = absl::StrCat("node ", node, ":");
    for (const std::string& word : command) absl::StrAppend(&text, " ", word);
    Trace(absl::StrCat(text, ": ", status.ok() ? absl::string_view("OK") : status.message()));
  }
  return status;
}

// All are told; the first error.
absl::Status NemesisCluster::RunOnAll(const Command& command) {
  absl::Status first;
  for (size_t node = 0; node < cluster_->size(); ++node) {
    if (!cluster_->running(node)) continue;
    first.Update(RunOk(node, command));
  }
  return first;
}

absl::Status NemesisCluster::Configure(const std::string& name, const std::string& value) {
  return RunOnAll({"CONFIG", "SET", name, value});
}

absl::StatusOr<std::vector<NemesisCluster::Line>> NemesisCluster::Members() {
  absl::Status why = UnavailableError("no node runs");
  for (size_t node = 0; node < cluster_->size(); ++node) {
    if (!cluster_->running(node) || !cluster_->is_member(node)) continue;
    absl::StatusOr<std::vector<Line>> view = ViewOf(node);
    why = view.status();
    if (!view.ok()) continue;
    std::vector<Line> members;
    for (Line& line : *view) {
      const std::optional<size_t> number = NumberOf(line.id);
      if (!number) continue;
      line.node = *number;
      members.push_back(std::move(line));
    }
    std::stable_sort(members.begin(), members.end(), [](const Line& a, const Line& b) {
      return a.slots.empty() < b.slots.empty();
    });
    return members;
  }
  return why;
}

std::optional<size_t> NemesisCluster::NumberOf(const std::string& id) const {
  std::lock_guard lock(mutex_);
  const auto found = std::find(ids_.begin(), ids_.end(), id);
  if (found == ids_.end()) return std::nullopt;
  return static_cast<size_t>(found - ids_.begin());
}

void NemesisCluster::Trace(const std::string& what) {
  std::string line =
      absl::StrCat(absl::FormatTime("%H:%M:%E3S", absl::Now(), absl::UTCTimeZone()), " ", what);
  std::lock_guard lock(mutex_);
  trace_.push_back(std::move(line));
}

std::vector<std::string> NemesisCluster::TakeTrace() {
  std::lock_guard lock(mutex_);
  return std::exchange(trace_, {});
}

std::string NemesisCluster::IdOf(size_t node) const {
  std::lock_guard lock(mutex_);
  return ids_[node];
}

absl::StatusOr<size_t> NemesisCluster::AnyPrimary(uint32_t draw) {
  absl::StatusOr<std::vector<Line>> members = Members();
  if (!members.ok()) return members.status();
  std::vector<size_t> primaries;
  for (const Line& line : *members) {
    if (line.is_primary && !line.slots.empty()) primaries.push_back(line.node);
  }
  if (primaries.empty()) return NotFoundError("nobody sees a primary");
  return primaries[draw % primaries.size()];
}

absl::StatusOr<size_t> NemesisCluster::AnyReplicaOf(const std::string& primary_id) {
  absl::StatusOr<std::vector<Line>> members = Members();
  if (!members.ok()) return members.status();
  for (const Line& line : *members) {
    if (!line.is_primary && line.primary_id == primary_id) return line.node;
  }
  return NotFoundError("the primary has no replica");
}

absl::StatusOr<std::vector<std::string>> NemesisCluster::KeysIn(size_t node, uint16_t slot) {
  absl::StatusOr<HiredisReply> reply =
      Run(node, {"CLUSTER", "GETKEYSINSLOT", std::to_string(slot), "100000"});
  if (!reply.ok()) return reply.status();
  std::vector<std::string> keys;
  for (const HiredisReply& key : reply->elements) keys.push_back(key.text);
  return keys;
}

absl::Status NemesisCluster::ResumeAll() {
  std::lock_guard lock(processes_);
  for (size_t node = 0; node < cluster_->size(); ++node) {
    cluster_->Resume(node);
    if (cluster_->running(node)) continue;
    if (absl::Status status = cluster_->Launch(node); !status.ok()) return status;
  }
  return absl::OkStatus();
}

// Again until it works: nodes that come back hang for a moment, load, or elect.
absl::Status NemesisCluster::Repair() {
  cluster_->relay().MendAll();
  connections_anew_ = false;
  const absl::Time begin = absl::Now();
  absl::Status status;
  Poll(kRepairLimit, [&] {
    status = RepairOnce(begin);
    if (status.ok()) return true;
    std::string why(status.message());
    ++repairs_[why.substr(0, why.find_first_of("\r\n"))];
    GiveSlotsOwners();
    return false;
  });
  std::lock_guard lock(mutex_);
  open_.clear();
  busy_slots_.clear();
  return status;
}

absl::Status NemesisCluster::RepairOnce(absl::Time begin) {
  absl::Status status = ResumeAll();
  const std::vector<Command> commands{{"CONFIG", "SET", "cluster-allow-reads-when-down", "no"},
                                      {"CONFIG", "SET", "cluster-node-timeout", kNodeTimeoutMs},
                                      {"CONFIG", "SET", "maxmemory", "0"},
                                      {"CONFIG", "SET", "maxclients", "10000"},
                                      {"CONFIG", "SET", "min-replicas-to-write", "0"},
                                      {"DEBUG", "DROP-CLUSTER-PACKET-FILTER", "-1"}};
  for (const Command& command : commands) status.Update(RunOnAll(command));
  if (!status.ok()) return status;
  // What a node's own filter threw away TCP had delivered: nobody sends it again while the
  // connection lives (see BusRelay).
  if (!std::exchange(connections_anew_, true)) {
    for (size_t node = 0; node < cluster_->size(); ++node) cluster_->relay().EndConnections(node);
  }
  status = SettleSpare();
  if (status.ok()) status = ForgetStrangers();
  if (!status.ok()) return status;
  if (kind() == ServerKind::kValkey91) {
    RunOnAll({"CLUSTER", "CANCELSLOTMIGRATIONS"}).IgnoreError();  // there may be none
  }
  status = cluster_->WaitUntilSettled(kSettleLimit);
  if (status.ok()) status = CloseAllSlots(begin);
  if (status.ok()) status = SpreadReplicas();
  if (status.ok()) status = cluster_->WaitUntilSettled(kSettleLimit);
  return status;
}

// Replicas follow slots: a primary that lost all of its own becomes a replica of who took the last
// one, and its replicas go with it; or it stays a primary without slots. Owners without a replica
// cannot fail over.
absl::Status NemesisCluster::SpreadReplicas() {
  absl::StatusOr<std::vector<Line>> members = Members();
  if (!members.ok()) return members.status();
  std::map<std::string, std::vector<size_t>> replicas;
  std::vector<size_t> idle;
  for (const Line& line : *members) {
    if (!line.is_primary) {
      replicas[line.primary_id].push_back(line.node);
    } else if (line.slots.empty() && line.node != spare_) {
      idle.push_back(line.node);
    }
  }
  for (const Line& line : *members) {
    if (!line.is_primary || line.slots.empty() || !replicas[line.id].empty()) continue;
    if (!idle.empty()) {
      // Refused to one that holds keys: the next repair may find it empty.
      RunOk(idle.back(), {"CLUSTER", "REPLICATE", line.id}).IgnoreError();
      idle.pop_back();
      continue;
    }
    auto most = std::max_element(
        replicas.begin(), replicas.end(),
        [](const auto& a, const auto& b) { return a.second.size() < b.second.size(); });
    if (most->second.size() < 2) return absl::OkStatus();
    const size_t replica = most->second.back();
    most->second.pop_back();
    absl::Status status = RunOk(replica, {"CLUSTER", "REPLICATE", line.id});
    if (!status.ok()) return status;
    replicas[line.id].push_back(replica);
  }
  return absl::OkStatus();
}

// A slot may have lost its owner: it was given to a node that never heard of it, or to one whose
// epoch is below that of the giver, whom nobody believes. Who holds most of its keys gets it then,
// and owners an epoch above all others.
void NemesisCluster::GiveSlotsOwners() {
  std::map<size_t, Line> primaries;
  for (size_t node = 0; node < cluster_->size(); ++node) {
    if (!cluster_->is_member(node)) continue;
    absl::StatusOr<std::vector<Line>> view = ViewOf(node);
    if (!view.ok()) continue;
    for (const Line& line : *view) {
      if (line.is_myself && line.is_primary) primaries[node] = line;
    }
  }
  std::set<size_t> owners;
  for (const uint16_t slot : slots_) {
    // Whoever imports a slot takes no news about it.
    for (const auto& [node, line] : primaries) {
      RunOk(node, {"CLUSTER", "SETSLOT", std::to_string(slot), "STABLE"}).IgnoreError();
    }
    std::optional<size_t> owner;
    std::optional<size_t> holder;
    size_t held = 0;
    for (const auto& [node, line] : primaries) {
      if (line.Owns(slot) && (!owner || line.epoch > primaries[*owner].epoch)) owner = node;
      absl::StatusOr<std::vector<std::string>> keys = KeysIn(node, slot);
      if (!holder || (keys.ok() && keys->size() > held)) {
        holder = node;
        held = keys.ok() ? keys->size() : 0;
      }
    }
    if (!owner && holder) {
      const std::string number = std::to_string(slot);
      RunOk(*holder, {"CLUSTER", "DELSLOTS", number}).IgnoreError();
      RunOk(*holder, {"CLUSTER", "ADDSLOTS", number}).IgnoreError();
      ++repairs_["a slot without an owner was given one"];
    }
    if (owner || holder) owners.insert(owner ? *owner : *holder);
  }
  for (const size_t owner : owners) RunOk(owner, {"CLUSTER", "BUMPEPOCH"}).IgnoreError();
}

absl::Status NemesisCluster::CloseAllSlots(absl::Time begin) {
  absl::StatusOr<std::vector<Line>> members = Members();
  if (!members.ok()) return members.status();
  std::vector<size_t> primaries;
  for (const Line& line : *members) {
    if (line.is_primary) primaries.push_back(line.node);
  }
  for (const uint16_t slot : slots_) {
    for (const size_t primary : primaries) {
      absl::Status status = RunOk(primary, {"CLUSTER", "SETSLOT", std::to_string(slot), "STABLE"});
      if (!status.ok()) return status;
    }
    auto owner = std::find_if(members->begin(), members->end(),
                              [&](const Line& line) { return line.is_primary && line.Owns(slot); });
    if (owner == members->end()) {
      return NotFoundError(absl::StrCat("slot ", slot, " has no owner"));
    }
    absl::Status status = BringKeysHome(slot, owner->node, primaries, begin);
    // It could not leave with a slot.
    const auto other = std::find_if(primaries.begin(), primaries.end(),
                                    [&](size_t node) { return node != spare_; });
    if (status.ok() && owner->node == spare_ && other != primaries.end()) {
      status = MoveSlot(slot, spare_, *other);
    }
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

absl::Status NemesisCluster::MoveSlot(uint16_t slot, size_t from, size_t to) {
  const std::string number = std::to_string(slot);
  absl::Status status = RunOk(to, {"CLUSTER", "SETSLOT", number, "IMPORTING", IdOf(from)});
  if (status.ok()) status = RunOk(from, {"CLUSTER", "SETSLOT", number, "MIGRATING", IdOf(to)});
  if (!status.ok()) return status;
  absl::StatusOr<std::vector<std::string>> keys = KeysIn(from, slot);
  if (!keys.ok()) return keys.status();
  status = MoveKeys(from, to, *keys, false);
  if (status.ok()) status = RunOk(to, {"CLUSTER", "SETSLOT", number, "NODE", IdOf(to)});
  if (status.ok()) status = RunOk(from, {"CLUSTER", "SETSLOT", number, "NODE", IdOf(to)});
  return status;
}

absl::Status NemesisCluster::BringKeysHome(uint16_t slot, size_t owner,
                                           const std::vector<size_t>& primaries, absl::Time begin) {
  const std::string number = std::to_string(slot);
  for (const size_t other : primaries) {
    if (other == owner) continue;
    absl::StatusOr<std::vector<std::string>> keys = KeysIn(other, slot);
    if (!keys.ok()) return keys.status();
    if (keys->empty()) continue;
    // Without the mark it would not even look at them.
    absl::Status status = RunOk(other, {"CLUSTER", "SETSLOT", number, "IMPORTING", IdOf(owner)});
    if (status.ok()) status = MoveKeys(other, owner, *keys, true);
    on_hidden_(*keys, {begin, absl::Now()});
    if (status.ok()) status = RunOk(other, {"CLUSTER", "SETSLOT", number, "STABLE"});
    if (!status.ok()) return status;
  }
  return absl::OkStatus();
}

// One by one: a key that is on both sides has a younger value at its destination.
absl::Status NemesisCluster::MoveKeys(size_t from, size_t to, const std::vector<std::string>& keys,
                                      bool asking) {
  if (keys.empty()) return absl::OkStatus();
  const std::string what =
      absl::StrCat(keys.size(), " keys of slot ", PlainSlotOf(keys.front()), ", ", keys.front(),
                   " … ", keys.back(), ", from node ", from, " to node ", to);
  Trace(absl::StrCat("moves ", what));
  absl::Status status = MoveEach(from, to, keys, asking);
  Trace(absl::StrCat(status.ok() ? "moved " : "failed to move ", what, ": ", status.message()));
  return status;
}

absl::Status NemesisCluster::MoveEach(size_t from, size_t to, const std::vector<std::string>& keys,
                                      bool asking) {
  absl::StatusOr<HiredisClient> client =
      HiredisClient::Connect(cluster_->endpoint(from), "", 5 * kCommandTimeout);
  if (!client.ok()) return client.status();
  const std::string port = std::to_string(cluster_->endpoint(to).port);
  for (const std::string& key : keys) {
    std::vector<Command> commands{{"MIGRATE", "127.0.0.1", port, key, "0", "1000"}};
    if (asking) commands.insert(commands.begin(), {"ASKING"});
    absl::StatusOr<std::vector<HiredisReply>> replies = client->ExecuteAll(commands);
    if (!replies.ok()) return replies.status();
    std::string error = replies->back().is_error ? replies->back().text : "";
    if (error.find("BUSYKEY") != std::string::npos) {
      commands.back() = {"DEL", key};
      replies = client->ExecuteAll(commands);
      if (!replies.ok()) return replies.status();
      error = replies->back().is_error ? replies->back().text : "";
    }
    if (!error.empty()) return UnavailableError(absl::StrCat("MIGRATE: ", error));
  }
  return absl::OkStatus();
}

}  // namespace atestore
